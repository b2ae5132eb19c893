import type { z } from "zod";
import { type FieldError, Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";
import { parseStrictJson, toPointer } from "./strict-json.ts";

const errorsMax = 20;

/**
 * Reads the body by its schema.
 * @throws Problem 415, 400 or 422; the last names every field that is wrong, up to 20.
 */
export function readBody<Schema extends z.ZodType>(request: ApiRequest, schema: Schema): z.output<Schema> {
  requireJson(request);
  if (request.body === undefined)
    throw new Problem("malformed_json", { detail: "The body is not valid UTF-8." });
  const parsed = schema.safeParse(parseStrictJson(request.body));
  if (parsed.success) return parsed.data;
  throw new Problem("invalid_request", {
    errors: parsed.error.issues.flatMap(fieldErrors).slice(0, errorsMax),
  });
}

function requireJson({ headers }: ApiRequest): void {
  const [mediaType = "", ...parameters] = (headers["content-type"] ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const utf8 = parameters.every(
    (parameter) => !parameter.startsWith("charset=") || /^charset="?utf-8"?$/.test(parameter),
  );
  if (mediaType !== "application/json" || !utf8) {
    throw new Problem("unsupported_media_type", { detail: "Send Content-Type: application/json in UTF-8." });
  }
  const encoding = headers["content-encoding"]?.toLowerCase();
  if (encoding !== undefined && encoding !== "identity") {
    throw new Problem("unsupported_media_type", { detail: "Send the body without Content-Encoding." });
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      code: "unknown_property",
      detail: "There is no such property.",
    }));
  }
  // What is wrong with a key is said of the key itself.
  if (issue.code === "invalid_key")
    return issue.issues.flatMap((inner) =>
      fieldErrors({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
    );
  const code =
    issue.code === "custom" && typeof issue.params?.["code"] === "string"
      ? issue.params["code"]
      : codes[issue.code];
  return [{ pointer: toPointer(issue.path), code: code ?? "invalid", detail: `${issue.message}.` }];
}

const codes: Readonly<Partial<Record<z.core.$ZodIssue["code"], string>>> = {
  invalid_type: "wrong_type",
  too_small: "too_small",
  too_big: "too_big",
  invalid_format: "wrong_format",
  invalid_value: "not_allowed",
  invalid_union: "not_allowed",
  not_multiple_of: "not_allowed",
};
