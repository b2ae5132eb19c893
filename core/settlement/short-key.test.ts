import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operationKey, type PaymentId } from "../payments/ids.ts";
import { keyOfShort, shortKeyOf } from "./short-key.ts";

const payment = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9" as PaymentId;

describe("a key in a statement", () => {
  it.each([
    { key: operationKey(payment, "capture"), short: "9b9tk4vw5fsbzwtrhqmn4dx7x9:c:1" },
    { key: operationKey(payment, "refund", 12), short: "9b9tk4vw5fsbzwtrhqmn4dx7x9:r:12" },
    { key: operationKey(payment, "refund", 99_999), short: "9b9tk4vw5fsbzwtrhqmn4dx7x9:r:99999" },
  ])("of $key is $short, and the key again", ({ key, short }) => {
    expect(shortKeyOf(key)).toBe(short);
    expect(keyOfShort(short)).toBe(key);
    expect(keyOfShort(key)).toBe(key);
  });

  it.each(["r", "pay_x:capture:1", "", "9b9tk4vw5fsbzwtrhqmn4dx7x9"])(
    "that is none of ours stays: %j",
    (key) => {
      expect(shortKeyOf(key)).toBe(key);
      expect(keyOfShort(key)).toBe(key);
    },
  );

  it("that is none of ours and longer than ISO allows is not said, and never cut", () => {
    expect(shortKeyOf("k".repeat(35))).toBe("k".repeat(35));
    expect(shortKeyOf("k".repeat(36))).toBeUndefined();
    expect(shortKeyOf(`${payment}:capture:100000`)).toBeUndefined();
    expect(shortKeyOf(`${payment}:capture:01`)).toBeUndefined();
  });

  it("fits, and no two keys are one", () => {
    const id = fc.string({
      unit: fc.constantFrom(..."0123456789abcdefghijklmnopqrstuvwxyz"),
      ...{ minLength: 26, maxLength: 26 },
    });
    const keys = fc
      .tuple(id, fc.constantFrom("capture", "refund"), fc.integer({ min: 1, max: 99_999 }))
      .map(([of, operation, n]) =>
        operationKey(`pay_${of}` as PaymentId, operation as "capture" | "refund", n),
      );
    fc.assert(
      fc.property(keys, (key) => {
        const short = shortKeyOf(key) ?? "";
        expect(short.length).toBeLessThanOrEqual(35);
        expect(keyOfShort(short)).toBe(key);
      }),
    );
  });
});
