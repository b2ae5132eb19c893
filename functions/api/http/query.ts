import { z } from "zod";
import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

const pageSizeMax = 100;
const pageSizeDefault = 20;

/** `limit` as lists take it: 1 … 100, 20 when left out. */
export const limit = z
  .string()
  .refine((text) => /^[1-9]\d{0,2}$/.test(text) && Number(text) <= pageSizeMax, {
    error: `A limit is a whole number from 1 to ${pageSizeMax}`,
  })
  .transform(Number)
  .default(pageSizeDefault);

/** Reads the query by its schema. @throws Problem 400 naming each parameter that is wrong or unknown. */
export function readQuery<Schema extends z.ZodType>(request: ApiRequest, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  throw new Problem("malformed_query", {
    errors: parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({
            parameter: key,
            code: "unknown_parameter",
            detail: "There is no such parameter.",
          }))
        : [{ parameter: issue.path.join("."), code: "wrong_format", detail: `${issue.message}.` }],
    ),
  });
}
