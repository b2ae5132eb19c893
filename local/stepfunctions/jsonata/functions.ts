import { createHash } from "node:crypto";
import jsonata from "jsonata";
import type { EvaluationScope } from "./scope.ts";

/** Elements that AWS lets `$range` make, measured there. */
const rangeLengthMax = 360_145;
const uuidBytes = 16;
// AWS takes these names and no others, in this case.
const hashAlgorithms: ReadonlyMap<string, string> = new Map([
  ["MD5", "md5"],
  ["SHA-1", "sha1"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
]);

/** A failure in a function, in the form of jsonata's own. Under this code jsonata keeps the message as it is. */
export class FunctionError extends Error {
  readonly code = "D3141";
}

/** Binding under which an evaluation finds the scope that it runs in; no expression can spell it. */
export const scopeBinding = "\u0000scope";

type FunctionThis = { readonly environment: { lookup(name: string): unknown } };

function scopeOf(self: FunctionThis): EvaluationScope {
  return self.environment.lookup(scopeBinding) as EvaluationScope;
}

/**
 * Adds the functions that AWS adds to JSONata, takes away `$eval`, and makes the functions that depend on time or
 * chance read the scope's clock and randomness.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
export function registerFunctions(expression: jsonata.Expression): void {
  expression.registerFunction("partition", partition, "<a-n:a<a>>");
  expression.registerFunction("range", range, "<nnn?:a<n>>");
  expression.registerFunction("hash", hash, "<s-s?:s>");
  expression.registerFunction("parse", parseJson, "<s-:j>");
  expression.registerFunction("random", random, "<n?:n>");
  expression.registerFunction("uuid", uuid, "<:s>");
  expression.registerFunction("shuffle", shuffle, "<a:a>");
  expression.registerFunction("millis", millis, "<:n>");
  expression.registerFunction("now", now, "<s?s?:s>");
  expression.registerFunction("toMillis", readMillis, "<s-s?:n>");
  // With no function under the name, a call fails as it does on AWS: T1006.
  expression.assign("eval", undefined);
}

function partition(items: readonly unknown[] | undefined, size: number | undefined): unknown {
  const length = Math.trunc(size ?? 0);
  if (items === undefined || items.length === 0 || length <= 0) return undefined;
  const parts: unknown[][] = [];
  for (let from = 0; from < items.length; from += length) parts.push(items.slice(from, from + length));
  return parts;
}

function range(start: number | undefined, end: number | undefined, step: number | undefined): unknown {
  if (start === undefined || end === undefined || step === undefined) return undefined;
  const [first, last, stride] = [Math.trunc(start), Math.trunc(end), Math.trunc(step)];
  if (stride === 0 || (last - first) * stride < 0) return undefined;
  const length = Math.floor((last - first) / stride) + 1;
  if (length > rangeLengthMax) throw new FunctionError("Expression evaluation memory limit exceeded");
  // As any sequence of JSONata, one of a single number is the number.
  return length === 1 ? first : Array.from({ length }, (_, index) => first + index * stride);
}

function hash(text: string | undefined, algorithm: string | undefined): string | undefined {
  if (text === undefined || algorithm === undefined) return undefined;
  const name = hashAlgorithms.get(algorithm);
  if (name === undefined) throw new FunctionError(`Unsupported hash algorithm: ${algorithm}`);
  return createHash(name).update(text, "utf8").digest("hex");
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new FunctionError("Unable to parse the string as JSON");
  }
}

function random(this: FunctionThis, seed: number | undefined): number {
  return seed === undefined ? scopeOf(this).random() : seededRandom(Math.trunc(seed));
}

// AWS does not say which generator it seeds; that the same seed gives the same number is what can be relied on.
function seededRandom(seed: number): number {
  const digest = createHash("sha256").update(String(seed)).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

function uuid(this: FunctionThis): string {
  const scope = scopeOf(this);
  const bytes = Uint8Array.from({ length: uuidBytes }, () => Math.floor(scope.random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function shuffle(this: FunctionThis, items: readonly unknown[] | undefined): unknown {
  if (items === undefined) return undefined;
  const scope = scopeOf(this);
  const shuffled = [...items];
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = Math.floor(scope.random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]];
  }
  return shuffled;
}

function millis(this: FunctionThis): number {
  return scopeOf(this).now();
}

type DateFunctions = {
  readonly fromMillis: (millis: number, picture?: string, timezone?: string) => string;
  readonly toMillis: (this: unknown, text: string, picture: string | undefined) => number;
};

// jsonata exports neither, and its own $now and $toMillis read this machine's clock.
const { fromMillis, toMillis }: DateFunctions = {
  fromMillis: (await jsonata("$fromMillis").evaluate(undefined)).implementation,
  toMillis: (await jsonata("$toMillis").evaluate(undefined)).implementation,
};

function now(this: FunctionThis, picture: string | undefined, timezone: string | undefined): string {
  return fromMillis(scopeOf(this).now(), picture, timezone);
}

/** With a picture, the parts of the date that it leaves out are today's. */
function readMillis(this: FunctionThis, text: string | undefined, picture: string | undefined): unknown {
  if (text === undefined) return undefined;
  const environment = { timestamp: new Date(scopeOf(this).now()) };
  return toMillis.call({ environment }, text, picture);
}
