import { describe, expect, it } from "vitest";
import { parseNotification } from "#adapters/acquirers/notification.ts";
import { authorize, capture, refund, sandboxAcquirer, wordOf } from "#tests/support/acquirer-requests.ts";
import { grossOf } from "./statement.ts";

const reason = "fraudulent";

/** An acquirer with a capture of 1000 under `ref_1`, of which 250 were refunded. */
function setUp() {
  const { acquirer, time } = sandboxAcquirer();
  for (const request of [authorize("a"), capture("c"), refund("r", 250)]) acquirer.execute(request);
  const open = (amount?: number, reference = "ref_1") =>
    acquirer.disputes.open(reference, { amount, reason });
  const opened = (amount?: number) => {
    const result = open(amount);
    if (typeof result === "string") throw new Error(result);
    return result.id;
  };
  const told = () => [...acquirer.notices()].map(([, { body }]) => parseNotification(JSON.stringify(body)));
  const moved = () =>
    acquirer.settlements
      .close("2030-06-15")
      ?.movements.map((movement) => [movement.kind, grossOf(movement), movement.dispute]);
  return { acquirer, time, open, opened, told, moved };
}

describe("a dispute", () => {
  it("is of all that the merchant still has, takes it back, and is told", () => {
    const { opened, told, moved } = setUp();
    const id = opened();
    expect(told()).toMatchObject([
      {
        about: "dispute",
        key: "c",
        reference: "ref_1",
        dispute: { id, amount: 750n, currency: "EUR", reason, state: "open" },
      },
    ]);
    expect(moved()).toEqual([
      ["capture", 1_000, undefined],
      ["refund", -250, undefined],
      ["chargeback", -750, id],
    ]);
  });

  it("that the merchant wins gives it back", () => {
    const { acquirer, opened, told, moved } = setUp();
    const id = opened(600);
    expect(acquirer.disputes.close(id, "won")).toMatchObject({ outcome: "won" });
    expect(told()).toMatchObject([{ dispute: { state: "open" } }, { dispute: { id, state: "won" } }]);
    expect(moved()?.slice(2)).toEqual([
      ["chargeback", -600, id],
      ["chargeback_reversal", 600, id],
    ]);
    expect(wordOf(acquirer.execute(refund("r2", 750)))).toBe("approved");
  });

  it("that the merchant loses keeps it", () => {
    const { acquirer, opened, told, moved } = setUp();
    const id = opened(600);
    expect(acquirer.disputes.close(id, "lost")).toMatchObject({ outcome: "lost" });
    expect(told()).toMatchObject([{}, { dispute: { id, state: "lost" } }]);
    expect(moved()?.slice(2)).toEqual([["chargeback", -600, id]]);
    expect(wordOf(acquirer.execute(refund("r2", 151)))).toBe("operation_refused");
    expect(wordOf(acquirer.execute(refund("r3", 150)))).toBe("approved");
  });

  it("is closed once", () => {
    const { acquirer, opened } = setUp();
    const id = opened();
    acquirer.disputes.close(id, "won");
    expect(acquirer.disputes.close(id, "lost")).toBe("not_open");
    expect(acquirer.disputes.get(id)?.outcome).toBe("won");
    expect(acquirer.disputes.close("dsp_9", "won")).toBe("unknown_dispute");
  });

  it("leaves what it is about neither to a refund nor to another dispute", () => {
    const { acquirer, open, opened } = setUp();
    opened(700);
    expect(wordOf(acquirer.execute(refund("r2", 51)))).toBe("operation_refused");
    expect(open(51)).toBe("not_disputable");
    expect(open(50)).toMatchObject({ dispute: { amount: 50 } });
    expect(open()).toBe("not_disputable");
  });

  it("is of money that was captured", () => {
    const { acquirer, open } = setUp();
    acquirer.execute(authorize("a2"));
    expect(open(undefined, "ref_9")).toBe("unknown_reference");
    expect(acquirer.disputes.open("ref_2", { amount: undefined, reason })).toBe("not_disputable");
  });

  it("takes evidence, once for each key, until it is closed", () => {
    const { acquirer, opened } = setUp();
    const id = opened();
    for (const key of ["e1", "e1", "e2"]) acquirer.disputes.addEvidence(id, key, "receipt");
    expect(acquirer.disputes.get(id)?.evidence).toEqual(["e1", "e2"]);
    acquirer.disputes.close(id, "won");
    expect(acquirer.disputes.addEvidence(id, "e3", "receipt")).toBe("not_open");
    expect(acquirer.disputes.addEvidence(id, "e1", "receipt")).toMatchObject({ evidence: ["e1", "e2"] });
    expect(acquirer.disputes.addEvidence("dsp_9", "e1", "receipt")).toBe("unknown_dispute");
  });

  it("takes evidence until its time is over; without any it is lost then, and that is told", () => {
    const { acquirer, time: clock, told } = setUp();
    const opened = acquirer.disputes.open("ref_1", { amount: 100, reason, dueInMs: 5_000 });
    if (typeof opened === "string") throw new Error(opened);
    expect(acquirer.dueAt).toBe(clock.now + 5_000);
    clock.now += 4_999;
    acquirer.decideDue();
    expect(acquirer.disputes.get(opened.id)?.outcome).toBeUndefined();
    clock.now += 1;
    expect(acquirer.disputes.addEvidence(opened.id, "e", "late")).toBe("not_open");
    acquirer.decideDue();
    expect(acquirer.disputes.get(opened.id)?.outcome).toBe("lost");
    expect(told().at(-1)).toMatchObject({ about: "dispute", dispute: { state: "lost" } });
  });

  it.each([
    ["winning_evidence", "won"],
    ["losing_evidence", "lost"],
  ] as const)("is decided two seconds after %s", (word, outcome) => {
    const { acquirer, time: clock } = setUp();
    const opened = acquirer.disputes.open("ref_1", { amount: 100, reason });
    if (typeof opened === "string") throw new Error(opened);
    acquirer.disputes.addEvidence(opened.id, "e", `${word}: a receipt`);
    clock.now += 1_999;
    acquirer.decideDue();
    expect(acquirer.disputes.get(opened.id)?.outcome).toBeUndefined();
    clock.now += 1;
    acquirer.decideDue();
    expect(acquirer.disputes.get(opened.id)?.outcome).toBe(outcome);
  });
});
