import { describe, expect, it } from "vitest";
import {
  authorize,
  capture,
  refund,
  reversal,
  sandboxAcquirer as setUp,
  voiding,
  wordOf,
} from "#tests/support/acquirer-requests.ts";
import type { OperationRequest } from "./acquirer.ts";

const weekMs = 7 * 24 * 3_600_000;

describe("a reversal of an authorization", () => {
  it.each(["4242424242424242", "4000000000005001", "4000000000005027", "4000003800000446"])(
    "of %s undoes it: whoever asks for its key, or repeats it, hears that nothing is held",
    (number) => {
      const { acquirer } = setUp();
      acquirer.execute(authorize("k", number));
      expect(acquirer.execute(reversal("u", "k"))).toMatchObject({
        kind: "answer",
        operation: { key: "u", operation: "reversal", result: "approved", reference: "ref_1" },
      });
      expect(acquirer.inquire("k")).toEqual({
        key: "k",
        operation: "authorize",
        reference: "ref_1",
        result: "declined",
        declineCode: "operation_refused",
      });
      expect(wordOf(acquirer.execute(authorize("k", number)))).toBe("operation_refused");
      expect(wordOf(acquirer.execute(capture("c")))).toBe("operation_refused");
    },
  );

  it("that was lost on the way is acknowledged, and a late arrival of it is refused", () => {
    const { acquirer } = setUp();
    expect(wordOf(acquirer.execute(reversal("u", "k")))).toBe("approved");
    expect(acquirer.inquire("k")).toBeUndefined();

    expect(wordOf(acquirer.execute(authorize("k")))).toBe("operation_refused");
    expect(acquirer.inquire("k")).toMatchObject({ operation: "authorize", result: "declined" });
    expect(acquirer.counts().authorizations).toBe(0);
  });

  it.each(["4000000000005019", "4000000000005043", "4000000000005001"])(
    "of %s that arrives after its reversal is answered: declined",
    (number) => {
      const { acquirer } = setUp();
      acquirer.execute(reversal("u", "k"));
      expect(wordOf(acquirer.execute(authorize("k", number)))).toBe("operation_refused");
    },
  );

  it.each<{ what: string; before: OperationRequest[]; word: string }>([
    { what: "voided", before: [authorize("k"), voiding("v")], word: "approved" },
    { what: "declined", before: [authorize("k", "4000000000000002")], word: "approved" },
    { what: "reversed", before: [authorize("k"), reversal("u0", "k")], word: "approved" },
    { what: "captured", before: [authorize("k"), capture("c")], word: "operation_refused" },
    { what: "refunded", before: [authorize("k"), capture("c"), refund("r")], word: "operation_refused" },
  ])("that was $what before is $word", ({ before, word }) => {
    const { acquirer } = setUp();
    for (const request of before) acquirer.execute(request);
    const known = acquirer.inquire("k");
    expect(wordOf(acquirer.execute(reversal("u", "k")))).toBe(word);
    if (word === "operation_refused") expect(acquirer.inquire("k")).toEqual(known);
    else expect(acquirer.inquire("k")?.result).toBe("declined");
  });

  it("keeps the reason for which the issuer had declined", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", "4000000000009987"));
    acquirer.execute(reversal("u", "k"));
    expect(acquirer.inquire("k")?.declineCode).toBe("lost_card");
  });

  it("past its end is acknowledged", () => {
    const { acquirer, time } = setUp();
    acquirer.execute(authorize("k"));
    time.now += weekMs;
    expect(wordOf(acquirer.execute(reversal("u", "k")))).toBe("approved");
  });

  it("that waits for a decision ends the wait", () => {
    const { acquirer, time } = setUp();
    acquirer.execute(authorize("k", "4000000000005084"));
    acquirer.execute(reversal("u", "k"));
    time.now += weekMs;
    expect(acquirer.inquire("k")).toMatchObject({ result: "declined", declineCode: "operation_refused" });
  });
});

describe("a reversal of something else", () => {
  it.each<{ what: string; target: OperationRequest; before: OperationRequest[] }>([
    { what: "capture", target: capture("x"), before: [] },
    { what: "void", target: voiding("x"), before: [] },
    { what: "refund", target: refund("x"), before: [capture("c")] },
    { what: "reversal", target: reversal("x", "other"), before: [] },
  ])("is refused once the $what was executed, and closes its key before", ({ target, before }) => {
    for (const first of ["the original", "the reversal"] as const) {
      const { acquirer } = setUp();
      acquirer.execute(authorize("k"));
      for (const request of before) acquirer.execute(request);
      const order = first === "the original" ? [target, reversal("u", "x")] : [reversal("u", "x"), target];
      const words = order.map((request) => wordOf(acquirer.execute(request)));
      expect(words).toEqual(["approved", "operation_refused"]);
    }
  });

  it("is acknowledged when it had been declined", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    acquirer.execute(capture("c", 1_001));
    expect(wordOf(acquirer.execute(reversal("u", "c")))).toBe("approved");
  });
});

it("a reversal's own key executes once", () => {
  const { acquirer } = setUp();
  acquirer.execute(authorize("k1"));
  acquirer.execute(authorize("k2"));
  const first = acquirer.execute(reversal("u", "k1"));
  expect(acquirer.execute(reversal("u", "k1"))).toEqual({ ...first, replayed: true });
  expect(acquirer.execute(reversal("u", "k2"))).toEqual({ kind: "key_reused" });
  expect(acquirer.inquire("k2")?.result).toBe("approved");
});
