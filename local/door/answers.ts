import type { AwsAnswer } from "./engine.ts";

const contentType = "application/x-amz-json-1.0";

export function jsonAnswer(body: unknown, statusCode = 200): AwsAnswer {
  return { statusCode, headers: { "content-type": contentType }, body: JSON.stringify(body) };
}

/**
 * An error as AWS's JSON protocols write it. The name stands in the body (AWS JSON) and in a header (REST JSON), so
 * that a client of either protocol throws the exception of that name.
 */
export function errorAnswer(
  name: string,
  message: string,
  statusCode = 400,
  details: Readonly<Record<string, unknown>> = {},
): AwsAnswer {
  return {
    statusCode,
    headers: { "content-type": contentType, "x-amzn-errortype": name },
    body: JSON.stringify({ __type: name, message, ...details }),
  };
}
