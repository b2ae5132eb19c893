import { describe, expect, it } from "vitest";
import { authorize, capture, sandboxAcquirer as setUp, wordOf } from "#tests/support/acquirer-requests.ts";

const weekMs = 7 * 24 * 3_600_000;

describe("an authorization that is decided later", () => {
  it("is approved two seconds after it was asked for, and then lives for a week", () => {
    const { acquirer, time } = setUp();
    acquirer.execute(authorize("k", "4000000000005084"));
    time.now += 1_999;
    expect(acquirer.inquire("k")).toEqual({
      key: "k",
      operation: "authorize",
      reference: "ref_1",
      result: "pending",
    });
    expect(wordOf(acquirer.execute(capture("c1")))).toBe("operation_refused");
    time.now += 1;
    expect(acquirer.inquire("k")).toMatchObject({ result: "approved", expiresAt: time.now + weekMs });
    expect(wordOf(acquirer.execute(capture("c2")))).toBe("approved");
  });

  it("is told by its own key as it stands by now", () => {
    const { acquirer, time } = setUp();
    const request = authorize("k", "4000000000005084");
    expect([acquirer.execute(request), acquirer.execute(request)].map(wordOf)).toEqual([
      "pending",
      "pending",
    ]);
    time.now += 2_000;
    expect(acquirer.execute(request)).toMatchObject({ replayed: true, operation: { result: "approved" } });
  });
});

describe("an authorization that waits for the customer", () => {
  it("says so", () => {
    const { acquirer } = setUp();
    const reply = acquirer.execute(authorize("k", "4000003800000446"));
    expect(reply).toMatchObject({ operation: { result: "pending", needsCustomer: true } });
  });

  it("is declined when nobody came for fifteen minutes", () => {
    const { acquirer, time } = setUp();
    acquirer.execute(authorize("k", "4000003800000446"));
    time.now += 15 * 60_000 - 1;
    expect(acquirer.inquire("k")?.result).toBe("pending");
    time.now += 1;
    expect(acquirer.inquire("k")).toEqual({
      key: "k",
      operation: "authorize",
      reference: "ref_1",
      result: "declined",
      declineCode: "authentication_required",
    });
  });
});
