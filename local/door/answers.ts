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

const xmlEntities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** Text as it stands in an element or an attribute of XML. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"\r]/g, (character) => xmlEntities[character] ?? character);
