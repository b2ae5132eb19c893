import fc from "fast-check";
import { expect, test } from "vitest";
import { base32 } from "./base32.ts";

// RFC 4648's vectors, in Crockford's alphabet.
test.each([
  { text: "", encoded: "" },
  { text: "f", encoded: "cr" },
  { text: "fo", encoded: "csqg" },
  { text: "foo", encoded: "csqpy" },
  { text: "foob", encoded: "csqpyrg" },
  { text: "fooba", encoded: "csqpyrk1" },
  { text: "foobar", encoded: "csqpyrk1e8" },
])("encodes '$text' as '$encoded'", ({ text, encoded }) => {
  expect(base32(new TextEncoder().encode(text))).toBe(encoded);
});

test("is the bytes read as one number in base 32, filled up with zero bits at the end", () => {
  const digits = "0123456789abcdefghijklmnopqrstuv";
  const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      const length = Math.ceil((bytes.length * 8) / 5);
      const fill = BigInt(length * 5 - bytes.length * 8);
      const number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << fill;
      const expected = [...number.toString(32).padStart(length, "0")]
        .map((digit) => crockford[digits.indexOf(digit)])
        .join("");

      expect(base32(bytes)).toBe(expected);
    }),
  );
});
