import { describe, expect, test } from "vitest";
import { deadLetterIdOf, parseDeadLetterId, paymentIn } from "./dead-letter.ts";

const noon = Date.UTC(2030, 0, 1, 12);

describe("the id of a dead letter", () => {
  test("is the same for the same letter, and another for another", () => {
    const id = deadLetterIdOf(noon, "message", "m-1");
    expect(deadLetterIdOf(noon, "message", "m-1")).toBe(id);
    expect(deadLetterIdOf(noon, "message", "m-2")).not.toBe(id);
    expect(parseDeadLetterId(id)).toBe(id);
  });

  test("sorts by the time of the letter", () => {
    const times = [noon, noon + 1, noon + 60_000, noon + 86_400_000 * 365, noon + 86_400_000 * 3_650];
    const ids = times.map((at) => deadLetterIdOf(at, "message", String(at)));
    expect(ids.toSorted()).toEqual(ids);
  });

  test.each(["dl_", "pay_00000000000000000000000000", "dl_0000000000000000000000000u", "dl_x"])(
    "is not %s",
    (text) => expect(parseDeadLetterId(text)).toBeUndefined(),
  );
});

test("the payment of a letter is the first that its text names", () => {
  const payment = `pay_${"0123456789".repeat(3).slice(0, 26)}`;
  expect(paymentIn(`{"pk":{"S":"mer_demo#${payment}"}}`)).toBe(payment);
  expect(paymentIn("{}")).toBeUndefined();
});
