import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import type { Header, HttpAnswer } from "./http-message.ts";

const defaultContentType = "text/plain; charset=utf-8";
const inferredContentType = "application/json";
/** The gateway writes these itself, or they mean nothing beyond one connection. */
const gatewayHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const proxyResult = z.object({
  statusCode: z.int().min(200).max(599),
  headers: z.record(z.string(), scalar).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * The HTTP answer in a function's payload, format 2.0. A payload without a `statusCode` is a body of its own: JSON,
 * status 200.
 * @returns undefined when the payload is malformed: the gateway answers 500 for it.
 */
export function answerOf(payload: string): HttpAnswer | undefined {
  const result: unknown = JSON.parse(payload);
  if (typeof result !== "object" || result === null || !("statusCode" in result)) {
    return { statusCode: 200, headers: [["content-type", inferredContentType]], body: payload };
  }
  const parsed = proxyResult.safeParse(result);
  if (!parsed.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  const answered: Header[] = [];
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!gatewayHeaders.has(name.toLowerCase())) answered.push([name.toLowerCase(), value]);
  }
  for (const cookie of cookies ?? []) answered.push(["set-cookie", cookie]);
  if (!answered.every(isWritable)) return undefined;
  const bytes = isBase64Encoded === true ? Buffer.from(body ?? "", "base64") : (body ?? "");
  if (bytes.length > 0 && !answered.some(([name]) => name === "content-type")) {
    answered.push(["content-type", defaultContentType]);
  }
  return { statusCode, headers: answered, body: bytes };
}

/** A value with a line break would end the header and begin another: nothing of such an answer is sent. */
function isWritable([name, value]: Header): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
