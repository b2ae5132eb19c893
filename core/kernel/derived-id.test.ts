import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { base32 } from "./base32.ts";
import { derivedId, idFrom, idTail } from "./derived-id.ts";
import { InvariantViolation } from "./invariant.ts";

test("an id is 26 characters of the digest of its parts", () => {
  const parts = ["mer_demo", "POST /v1/payments", "order-1"];
  const digest = createHash("sha256").update('["mer_demo","POST /v1/payments","order-1"]').digest();
  expect(derivedId(parts)).toBe(base32(digest).slice(0, 26));
  expect(derivedId(parts)).toMatch(new RegExp(`^${idTail}$`));
});

test("the same parts make the same id, other parts another one", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      expect(derivedId(a) === derivedId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test("parts cannot be cut differently into the same id", () => {
  expect(derivedId(["a", "b"])).not.toBe(derivedId(["ab", ""]));
  expect(derivedId(['a","b'])).not.toBe(derivedId(["a", "b"]));
});

test("too few bytes make no id", () => {
  expect(() => idFrom(new Uint8Array(16))).toThrow(InvariantViolation);
  expect(idFrom(new Uint8Array(17))).toBe("0".repeat(26));
});
