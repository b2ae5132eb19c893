import { createHash } from "node:crypto";
import type { AwsAnswer } from "../door/engine.ts";
import { isJsonObject, type Json, type JsonObject, payloadBytesMax } from "./json.ts";

/** An error that AWS defines for an action: it becomes the answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const contentType = "application/x-amz-json-1.0";

/** @param body `undefined` members are left out, as JSON does */
export function okAnswer(body: Readonly<Record<string, unknown>>, requestId: string): AwsAnswer {
  return {
    statusCode: 200,
    headers: { "content-type": contentType, "x-amzn-requestid": requestId },
    body: JSON.stringify(body),
  };
}

export function errorAnswer({ code, message }: ApiError, requestId: string): AwsAnswer {
  return {
    statusCode: 400,
    headers: { "content-type": contentType, "x-amzn-errortype": code, "x-amzn-requestid": requestId },
    body: JSON.stringify({ __type: code, message }),
  };
}

/** Epoch seconds with a fraction, as AWS JSON writes a timestamp. */
export function wireTime(epochMs: number): number {
  return epochMs / 1_000;
}

/** Reads the parameters of one call. Each method throws ApiError with the error that AWS gives. */
export class Parameters {
  readonly #members: JsonObject;

  constructor(body: Buffer) {
    let parsed: unknown;
    try {
      parsed = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
    } catch {
      throw new ApiError("SerializationException", "The request body is not valid JSON");
    }
    if (!isJsonObject(parsed))
      throw new ApiError("SerializationException", "The request body is not an object");
    this.#members = parsed;
  }

  optional(key: string): string | undefined {
    const value = this.#members[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") throw new ApiError("SerializationException", `${key} must be a string`);
    return value;
  }

  /** A text of at most `lengthMax` characters, and at least one. */
  text(key: string, lengthMax: number): string {
    const value = this.required(key);
    return checkLength(key, value, 1, lengthMax);
  }

  /** A text of at most `lengthMax` characters, or none. */
  shortText(key: string, lengthMax: number): string | undefined {
    const value = this.optional(key);
    return value === undefined ? undefined : checkLength(key, value, 0, lengthMax);
  }

  /** One of `values`, or `undefined` if none is given. */
  choice<T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.optional(key);
    const known = values.find((one) => one === value);
    if (value === undefined || known !== undefined) return known;
    const rule = `Member must satisfy enum value set: [${values.join(", ")}]`;
    throw constraint(`Value '${value}' at '${key}'`, rule);
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#members[key] ?? otherwise;
    if (typeof value === "boolean") return value;
    throw new ApiError("SerializationException", `${key} must be a boolean`);
  }

  /** How many results a page has: 100 unless told, 1,000 at most. */
  pageSize(): number {
    const value = this.#members["maxResults"] ?? 0;
    if (typeof value !== "number" || !Number.isInteger(value)) {
      throw new ApiError("SerializationException", "maxResults must be an integer");
    }
    const what = `Value '${value}' at 'maxResults'`;
    if (value > pageSizeMax) {
      throw constraint(what, `Member must have value less than or equal to ${pageSizeMax}`);
    }
    if (value < 0) throw constraint(what, "Member must have value greater than or equal to 0");
    return value === 0 ? pageSizeDefault : value;
  }

  /**
   * Where the page before this one ended, or `undefined` for the first page. A token is good for the listing that gave
   * it: AWS asks for all other arguments unchanged.
   * @param listing all that the listing depends on
   */
  pageStart(listing: readonly unknown[], lengthMax: number): number | undefined {
    if (this.optional("nextToken") === undefined) return undefined;
    const token = Buffer.from(this.text("nextToken", lengthMax), "base64").toString();
    const [, listed, end] = pageToken.exec(token) ?? [];
    if (listed !== digestOf(listing)) throw new ApiError("InvalidToken", "Invalid Token: 'Invalid token'");
    return Number(end);
  }

  required(key: string): string {
    const value = this.optional(key);
    if (value === undefined) throw constraint(`Value null at '${key}'`, "Member must not be null");
    return value;
  }

  /** An ARN of Step Functions whose resource type is `type`: `stateMachine`, `execution`. */
  arn(key: string, type: string): string {
    const arn = this.required(key);
    const parts = arn.split(":");
    if (parts[0] !== "arn" || parts.length < 7) throw invalidArn(`Invalid ARN prefix: ${arn}`);
    if (parts[2] !== "states") throw invalidArn(`Invalid service name: ${parts[2]}`);
    if (parts[5] !== type) throw invalidArn(`Resource type not valid in this context: ${parts[5]}`);
    return arn;
  }

  /** The name of an execution, or `undefined` if none is given. */
  executionName(): string | undefined {
    const name = this.optional("name");
    if (name === undefined) return undefined;
    if (name.length === 0 || name.length > executionNameMax) {
      const rule = `Member must have length between 1 and ${executionNameMax}, both included`;
      throw constraint(`Value '${name}' at 'name'`, rule);
    }
    if (forbiddenInNames.test(name)) throw new ApiError("InvalidName", `Invalid Name: '${name}'`);
    return name;
  }

  /** The input of an execution, as it came and parsed; `{}` if none is given. */
  executionInput(): { readonly text: string; readonly value: Json } {
    const text = this.optional("input") ?? "{}";
    if (Buffer.byteLength(text) > payloadBytesMax) {
      throw constraint(
        "Value at 'input'",
        `Member must have length less than or equal to ${payloadBytesMax}`,
      );
    }
    try {
      return { text, value: JSON.parse(text) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${reason}'`);
    }
  }
}

/** The token of the page of a listing that starts behind `end`. */
export function nextPage(listing: readonly unknown[], end: number): string {
  return Buffer.from(`${digestOf(listing)} ${end}`).toString("base64");
}

const digestOf = (listing: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(listing)).digest("hex").slice(0, 16);

const pageToken = /^([0-9a-f]{16}) (\d{1,15})$/;
const pageSizeDefault = 100;
const pageSizeMax = 1_000;
const executionNameMax = 80;
// Names must have none of these: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const forbiddenInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]/u;

function checkLength(key: string, value: string, lengthMin: number, lengthMax: number): string {
  if (value.length < lengthMin) {
    throw constraint(`Value at '${key}'`, `Member must have length greater than or equal to ${lengthMin}`);
  }
  if (value.length <= lengthMax) return value;
  throw constraint(`Value at '${key}'`, `Member must have length less than or equal to ${lengthMax}`);
}

function constraint(what: string, rule: string): ApiError {
  const message = `1 validation error detected: ${what} failed to satisfy constraint: ${rule}`;
  return new ApiError("ValidationException", message);
}

function invalidArn(reason: string): ApiError {
  return new ApiError("InvalidArn", `Invalid Arn: '${reason}'`);
}
