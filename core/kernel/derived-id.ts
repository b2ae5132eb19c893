import { createHash } from "node:crypto";
import { base32 } from "./base32.ts";
import { invariant } from "./invariant.ts";

/** 26 characters carry 130 bits: more than a UUID, and far beyond any accidental collision. */
const idLength = 26;
const idBytesMin = 17;

/** What every id ends with: 26 characters of Crockford base32, for use in a pattern. */
export const idTail = `[0-9a-hjkmnp-tv-z]{${idLength}}`;

/** The same parts name the same thing for ever: long after the idempotency record has expired. */
export function derivedId(parts: readonly string[]): string {
  // As JSON, which quotes each part: no choice of one part can spell another pair.
  return idFrom(createHash("sha256").update(JSON.stringify(parts)).digest());
}

/** An id from at least 17 bytes that nobody can guess. */
export function idFrom(bytes: Uint8Array): string {
  invariant(bytes.length >= idBytesMin, `an id takes ${idBytesMin} bytes, not ${bytes.length}`);
  return base32(bytes).slice(0, idLength);
}
