import { createHash } from "node:crypto";
import type { Properties } from "../engine.ts";
import { EstateError } from "../errors.ts";

/** A resource as far as AWS knows it when it computes the rest. */
export interface Made {
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  readonly inputs: Properties;
  /** The resource's own, or else that of the stage. */
  readonly region: string;
  /** The AWS account of the stage, 12 digits. */
  readonly account: string;
}

/** What AWS computes, by Pulumi type token. */
export type Rules = Readonly<Record<string, (made: Made) => Properties>>;

/** Id and ARN of what AWS identifies by the name that we give it: `arn:aws:<service>:…:<prefix><name>`. */
export function named(
  { inputs, region, account }: Made,
  service: string,
  prefix: string,
  key = "name",
): { readonly id: string; readonly arn: string } {
  const id = text(inputs[key]);
  return { id, arn: `arn:aws:${service}:${region}:${account}:${prefix}${id}` };
}

/**
 * The input as a name.
 * @throws EstateError when it is none: an ARN made of it would go into policies unseen.
 */
export function text(value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new EstateError(`Not a name: ${JSON.stringify(value)}.`);
  return value;
}

const hashOf = (name: string): string => createHash("sha256").update(name).digest("hex");

/** `count` letters, 1 to 64, that depend on the name alone. */
export function lettersOf(name: string, count: number): string {
  const letters = [...hashOf(name)].map((digit) => "abcdefghjkmnpqrs".charAt(Number.parseInt(digit, 16)));
  return letters.slice(0, count).join("");
}

/** `count` hexadecimal digits, 1 to 64, that depend on the name alone. */
export const hexOf = (name: string, count: number): string => hashOf(name).slice(0, count);

export function uuidOf(name: string): string {
  const hex = hashOf(name);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
