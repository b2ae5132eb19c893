import { randomUUID } from "node:crypto";
import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";

/** Status codes by S3's error codes. */
const statusCodes = {
  AccessDenied: 403,
  BadDigest: 400,
  EntityTooSmall: 400,
  InvalidArgument: 400,
  InvalidRequest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidURI: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NoSuchObjectLockConfiguration: 404,
  ObjectLockConfigurationNotFoundError: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
} as const;

/** S3 refuses a call: an answer of AWS, not a failure of this engine. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly code: keyof typeof statusCodes;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: keyof typeof statusCodes,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.code = code;
    this.headers = headers;
  }

  answer(): AwsAnswer {
    const fields = { Code: this.code, Message: this.message, RequestId: randomUUID() };
    return {
      statusCode: statusCodes[this.code],
      headers: { "content-type": "application/xml", "x-amzn-errortype": this.code, ...this.headers },
      body: `<?xml version="1.0" encoding="UTF-8"?><Error>${elements(fields)}</Error>`,
    };
  }
}

export const elements = (fields: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join("");
