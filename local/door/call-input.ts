import type { AwsCall } from "./engine.ts";

/** A JSON object of a request or an answer, read member by member: what is there is up to its sender. */
export type Input = Readonly<Record<string, unknown>>;

const parsed = new WeakMap<Buffer, Input | undefined>();

/** The parameters of an AWS JSON call, parsed once for all who ask; undefined when the body is no JSON object. */
export function inputOf({ body }: Pick<AwsCall, "body">): Input | undefined {
  if (parsed.has(body)) return parsed.get(body);
  const input = objectOf(body);
  parsed.set(body, input);
  return input;
}

/** The JSON object that a body is; undefined when it is none. */
export function objectOf(body: Buffer | string): Input | undefined {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A member that is text, or undefined. */
export function textIn(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === "string" ? value : undefined;
}

/** A member that is an object; an empty one when it is not. */
export function objectIn(input: Input, member: string): Input {
  const value = input[member];
  return isObject(value) ? value : {};
}

/** The objects in a member that is a list. */
export function objectsIn(input: Input, member: string): readonly Input[] {
  const value = input[member];
  return Array.isArray(value) ? value.filter(isObject) : [];
}
