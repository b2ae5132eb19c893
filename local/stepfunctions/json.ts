/** A JSON value. The engine shares values between states instead of copying them: nothing may change one. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Bytes of UTF-8 JSON text that AWS allows for a state's input, output or task result. */
export const payloadBytesMax = 262_144;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets an own property even for `__proto__`, which plain assignment would turn into the prototype. */
export function setMember(target: Record<string, Json>, key: string, value: Json): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * Whether the JSON text of `value` has more than `bytesMax` bytes. Almost every payload is far below the
 * limit, so a cheap upper bound decides first and only a large value is serialised to be measured.
 */
export function exceedsBytes(value: Json, bytesMax: number): boolean {
  return spendUpperBound(value, bytesMax) < 0 && jsonBytes(value) > bytesMax;
}

// No escape or UTF-8 sequence takes more than 6 bytes per UTF-16 unit, and no number more than 25.
const stringUnitBytesMax = 6;
const scalarBytesMax = 25;

function spendUpperBound(value: Json, budget: number): number {
  if (typeof value === "string") return budget - 2 - stringUnitBytesMax * value.length;
  if (typeof value !== "object" || value === null) return budget - scalarBytesMax;
  let left = budget - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index += 1) {
      left = spendUpperBound(value[index] as Json, left - 1);
    }
    return left;
  }
  const members = value as JsonObject;
  for (const key of Object.keys(members)) {
    if (left < 0) return left;
    left = spendUpperBound(members[key] as Json, left - 4 - stringUnitBytesMax * key.length);
  }
  return left;
}
