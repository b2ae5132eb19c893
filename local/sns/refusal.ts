import { randomUUID } from "node:crypto";
import type { AwsAnswer } from "../door/engine.ts";
import { contentType, element, namespace } from "./answers.ts";

/** SNS refuses a call: an answer of AWS, not a failure of this engine. */
export class SnsRefusal extends Error {
  override readonly name = "SnsRefusal";
  readonly code: string;
  readonly statusCode: number;
  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }

  answer(): AwsAnswer {
    const { code, message, statusCode } = this;
    const error = `<Error><Type>Sender</Type>${element("Code", code)}${element("Message", message)}</Error>`;
    const body = `<ErrorResponse xmlns="${namespace}">${error}${element("RequestId", randomUUID())}</ErrorResponse>`;
    return { statusCode, headers: { "content-type": contentType, "x-amzn-errortype": code }, body };
  }
}

export const invalid = (message: string): SnsRefusal =>
  new SnsRefusal("InvalidParameter", `Invalid parameter: ${message}`);
