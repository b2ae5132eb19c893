import { describe, expect, it } from "vitest";
import {
  approvingCard as approving,
  authorize,
  capture,
  refund,
  reversal,
  sandboxAcquirer as setUp,
  acquirerStart as start,
  voiding,
  wordOf,
} from "#tests/support/acquirer-requests.ts";
import type { OperationRequest } from "./acquirer.ts";

const weekMs = 7 * 24 * 3_600_000;

describe("an authorization", () => {
  it.each<[string, string]>([
    [approving, "approved"],
    ["5555555555554444", "approved"],
    ["378282246310005", "approved"],
    ["4000000000000002", "do_not_honor"],
    ["4000000000009995", "insufficient_funds"],
    ["4000000000009987", "lost_card"],
    ["4000000000009979", "stolen_card"],
    ["4000000000000069", "expired_card"],
    ["4000000000000127", "incorrect_cvc"],
    ["4000000000000119", "processing_error"],
    ["4000003800000446", "pending"],
    ["4000000000005001", "silence"],
    ["4000000000005019", "silence"],
    ["4000000000005027", "server_error"],
    ["4000000000005035", "approved"],
    ["4000000000005043", "not_accepted"],
    ["4000000000005050", "approved"],
    ["4000000000005068", "approved"],
    ["4000000000005076", "approved"],
    ["4000000000005084", "pending"],
    ["4111111111111111", "do_not_honor"],
    ["4242424242424241", "do_not_honor"],
  ])("of %s ends as %s", (number, word) => {
    expect(wordOf(setUp().acquirer.execute(authorize("k", number)))).toBe(word);
  });

  it.each<[string, string | undefined]>([
    [approving, "approved"],
    ["4000000000009995", "declined"],
    ["4000000000005001", "approved"],
    ["4000000000005019", undefined],
    ["4000000000005027", "approved"],
    ["4000000000005043", undefined],
  ])("of %s is told as %s by an inquiry", (number, result) => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", number));
    expect(acquirer.inquire("k")?.result).toBe(result);
  });

  it("of the card that the primary does not accept is approved by the secondary", () => {
    expect(wordOf(setUp({ name: "beta" }).acquirer.execute(authorize("k", "4000000000005043")))).toBe(
      "approved",
    );
  });

  it("of the slow card takes three seconds, of any other none", () => {
    const { acquirer } = setUp();
    expect(acquirer.thinksMs(authorize("k", "4000000000005035"))).toBe(3_000);
    expect(acquirer.thinksMs(authorize("k"))).toBe(0);
  });

  it("is good through the last day of the card's month", () => {
    const { acquirer, time } = setUp();
    time.now = Date.UTC(2030, 6, 1) - 1;
    expect(wordOf(acquirer.execute(authorize("k1")))).toBe("approved");
    time.now += 1;
    expect(wordOf(acquirer.execute(authorize("k2")))).toBe("expired_card");
  });

  it("can be captured for a week", () => {
    const { acquirer, time } = setUp();
    const reply = acquirer.execute(authorize("k"));
    expect(reply).toMatchObject({ operation: { expiresAt: start + weekMs } });
    time.now = start + weekMs;
    expect(wordOf(acquirer.execute(capture("c")))).toBe("operation_refused");
  });
});

describe("what follows an authorization of 1000", () => {
  it.each<{ what: string; requests: OperationRequest[]; words: string[] }>([
    { what: "a capture of all", requests: [capture("c")], words: ["approved"] },
    { what: "a capture of a part", requests: [capture("c", 1)], words: ["approved"] },
    { what: "a capture of more", requests: [capture("c", 1_001)], words: ["operation_refused"] },
    {
      what: "a second capture, also of what the first left",
      requests: [capture("c1", 400), capture("c2", 600)],
      words: ["approved", "operation_refused"],
    },
    {
      what: "a capture after a refused one",
      requests: [capture("c1", 1_001), capture("c2")],
      words: ["operation_refused", "approved"],
    },
    {
      what: "a capture after a void",
      requests: [voiding("v"), capture("c")],
      words: ["approved", "operation_refused"],
    },
    {
      what: "a void after a capture",
      requests: [capture("c"), voiding("v")],
      words: ["approved", "operation_refused"],
    },
    {
      what: "a second void",
      requests: [voiding("v1"), voiding("v2")],
      words: ["approved", "operation_refused"],
    },
    {
      what: "a capture of nothing known",
      requests: [capture("c", 1, "ref_9")],
      words: ["operation_refused"],
    },
    { what: "a void of nothing known", requests: [voiding("v", "ref_9")], words: ["operation_refused"] },
  ])("$what", ({ requests, words }) => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    expect(requests.map((request) => wordOf(acquirer.execute(request)))).toEqual(words);
  });

  it("is refused when the authorization was declined", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", "4000000000000002"));
    expect(wordOf(acquirer.execute(capture("c")))).toBe("operation_refused");
  });

  it("captures the card whose captures get no answer, once", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", "4000000000005050"));
    expect(wordOf(acquirer.execute(capture("c1")))).toBe("silence");
    expect(acquirer.inquire("c1")).toMatchObject({ operation: "capture", result: "approved" });
    expect(wordOf(acquirer.execute(capture("c2")))).toBe("operation_refused");
  });

  it("voids the card whose captures are refused", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", "4000000000005068"));
    expect(wordOf(acquirer.execute(capture("c")))).toBe("operation_refused");
    expect(wordOf(acquirer.execute(voiding("v")))).toBe("approved");
  });
});

describe("refunds of a capture of 1000", () => {
  it.each<{ what: string; requests: OperationRequest[]; words: string[] }>([
    { what: "of all", requests: [refund("r")], words: ["approved"] },
    {
      what: "of one part after the other, up to what was captured",
      requests: [refund("r1", 400), refund("r2", 400), refund("r3", 201), refund("r4", 200)],
      words: ["approved", "approved", "operation_refused", "approved"],
    },
    { what: "of more", requests: [refund("r", 1_001)], words: ["operation_refused"] },
    {
      what: "under a key that was used before, once",
      requests: [refund("r", 600), refund("r", 600), refund("r2", 400)],
      words: ["approved", "approved", "approved"],
    },
    { what: "of nothing known", requests: [refund("r", 1, "ref_9")], words: ["operation_refused"] },
  ])("$what", ({ requests, words }) => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    acquirer.execute(capture("c"));
    expect(requests.map((request) => wordOf(acquirer.execute(request)))).toEqual(words);
  });

  it("stop at the part that was captured", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    acquirer.execute(capture("c", 300));
    expect(wordOf(acquirer.execute(refund("r1", 301)))).toBe("operation_refused");
    expect(wordOf(acquirer.execute(refund("r2", 300)))).toBe("approved");
  });

  it("are possible long after the authorization's end", () => {
    const { acquirer, time } = setUp();
    acquirer.execute(authorize("k"));
    acquirer.execute(capture("c"));
    time.now += 10 * weekMs;
    expect(wordOf(acquirer.execute(refund("r")))).toBe("approved");
  });

  it.each<{ what: string; before: OperationRequest[] }>([
    { what: "nothing was captured", before: [] },
    { what: "it was voided", before: [voiding("v")] },
    { what: "it was reversed", before: [reversal("u", "k")] },
  ])("are refused when $what", ({ before }) => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    for (const request of before) expect(wordOf(acquirer.execute(request))).toBe("approved");
    expect(wordOf(acquirer.execute(refund("r")))).toBe("operation_refused");
  });

  it("of the card whose refunds get no answer are executed, and told by an inquiry", () => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k", "4000000000005076"));
    expect(wordOf(acquirer.execute(capture("c")))).toBe("approved");
    expect(wordOf(acquirer.execute(refund("r1", 600)))).toBe("silence");
    expect(acquirer.inquire("r1")).toMatchObject({ operation: "refund", result: "approved" });
    expect(wordOf(acquirer.execute(refund("r2", 401)))).toBe("operation_refused");
  });
});

describe("a key", () => {
  it("executes once, and then answers the same", () => {
    const { acquirer, time } = setUp();
    const first = acquirer.execute(authorize("k"));
    time.now += 1_000;
    const second = acquirer.execute(authorize("k"));
    expect(first).toMatchObject({ kind: "answer", replayed: false });
    expect(second).toEqual({ ...first, replayed: true });
    expect(acquirer.counts()).toEqual({ operations: 1, authorizations: 1 });
  });

  it.each(["4000000000005001", "4000000000005027"])("of %s meets the same fate again", (number) => {
    const { acquirer } = setUp();
    const first = acquirer.execute(authorize("k", number));
    expect(acquirer.execute(authorize("k", number))).toEqual(first);
    expect(acquirer.counts().authorizations).toBe(1);
  });

  it.each<{ what: string; other: OperationRequest }>([
    { what: "another amount", other: authorize("k", approving, 999) },
    { what: "another card", other: authorize("k", "5555555555554444") },
    { what: "another operation", other: voiding("k") },
    { what: "a capture of it", other: capture("k") },
  ])("is refused with $what", ({ other }) => {
    const { acquirer } = setUp();
    acquirer.execute(authorize("k"));
    expect(acquirer.execute(other)).toEqual({ kind: "key_reused" });
    expect(wordOf(acquirer.execute(capture("c")))).toBe("approved");
  });
});

describe("the memory", () => {
  it("is bounded: the oldest operation and authorization are forgotten", () => {
    const { acquirer } = setUp({ rememberedMax: 2 });
    for (const key of ["k1", "k2", "k3"]) acquirer.execute(authorize(key));
    expect(acquirer.counts()).toEqual({ operations: 2, authorizations: 2 });
    expect([acquirer.inquire("k1"), acquirer.inquire("k3")?.reference]).toEqual([undefined, "ref_3"]);
    expect(wordOf(acquirer.execute(capture("c1", 1, "ref_1")))).toBe("operation_refused");
    expect(wordOf(acquirer.execute(capture("c3", 1, "ref_3")))).toBe("approved");
  });
});
