import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { operationKey } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { authorizationRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { exampleAuthorization, minute } from "#tests/support/examples.ts";
import { type SagaTasks, startSagaTasks } from "#tests/support/saga-tasks.ts";
import type { StepOutput } from "#workflows/payment/contract.ts";

/** What a step finds that ran before, or that another run of the saga was faster than. */

const execution = "arn:aws:states:eu-west-1:123456789012:express:payment:run-1";
const cards = {
  approved: "4242424242424242",
  stolen: "4000000000009979",
  notAcceptedByAlpha: "4000000000005043",
  captureRefused: "4000000000005068",
};

let saga: SagaTasks;
beforeAll(async () => {
  saga = await startSagaTasks();
});
afterAll(() => saga.stop());

type Approved = Extract<StepOutput, { outcome: "approved" }>;
type Refused = Extract<StepOutput, { outcome: "refused" }>;

const authorize = (payment: PaymentRecord) => saga.run("authorize", { payment });
const post = ({ payment, authorization }: Omit<Approved, "outcome">) =>
  saga.run("post", { payment, authorization, execution });
const settle = (payment: PaymentRecord) => saga.run("settle", { payment, execution, attempt: 0 });
const compensate = ({ payment, authorization, reason }: Omit<Refused, "outcome">) =>
  saga.run("compensate", { payment, authorization, reason, execution, attempt: 0 });

async function approve(card: string) {
  const payment = await saga.create(card);
  const approved = await authorize(toRecord(payment));
  if (approved.outcome !== "approved") throw new Error(JSON.stringify(approved));
  return { payment, approved };
}

async function hold(card: string) {
  const { payment, approved } = await approve(card);
  const held = (await post(approved)).payment;
  return { payment, approved, held };
}

/** Runs a step, and then once more as the state machine does after a lost reply. */
async function twice(step: () => Promise<StepOutput>): Promise<StepOutput> {
  const first = await step();
  const second = await step();
  expect(second).toEqual(first);
  return second;
}

const kindsOf = (records: readonly JournalRecord[]) =>
  records.map((record) => {
    if (record.type === "resolution") return record.resolution.kind;
    return record.type === "entry" ? record.entry.state : record.type;
  });

describe("a step that runs again after a lost reply ends as it did, and writes nothing twice", () => {
  test("authorize, approved: the acquirer replays its answer", async () => {
    const payment = await saga.create(cards.approved);
    const before = saga.alpha.counts().authorizations;
    expect((await twice(() => authorize(toRecord(payment)))).outcome).toBe("approved");
    expect(saga.alpha.counts().authorizations).toBe(before + 1);
  });

  test("authorize, declined", async () => {
    const payment = await saga.create(cards.stolen);
    const { payment: declined } = await twice(() => authorize(toRecord(payment)));
    expect(declined).toMatchObject({ state: "declined", version: 2 });
    expect(await saga.stored(payment)).toEqual(declined);
  });

  test("post: one hold", async () => {
    const { payment, approved } = await approve(cards.approved);
    const { outcome, payment: held } = await twice(() => post(approved));
    expect({ outcome, version: held.version }).toEqual({ outcome: "held", version: 2 });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending"]);
  });

  test("settle: one capture here and there", async () => {
    const { payment, held } = await hold(cards.approved);
    const { outcome, payment: captured } = await twice(() => settle(held));
    expect({ outcome, version: captured.version }).toEqual({ outcome: "captured", version: 3 });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending", "posted"]);
  });

  test("compensate: one void here and there", async () => {
    const { payment, held } = await hold(cards.captureRefused);
    const refused = (await twice(() => settle(held))) as Refused;
    const { payment: canceled } = await twice(() => compensate(refused));
    expect(canceled).toMatchObject({ state: "canceled", version: 3 });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending", "voided"]);
  });

  test("compensate, of what was never posted", async () => {
    const { payment, approved } = await approve(cards.approved);
    const { payment: failed } = await twice(() => compensate({ ...approved, reason: "account_frozen" }));
    expect(failed).toMatchObject({ state: "failed", version: 2 });
    expect(await saga.journalOf(payment)).toEqual([]);
  });

  test("review", async () => {
    const { payment, held } = await hold(cards.approved);
    const lost = { payment: held, step: "settle", error: "States.Timeout" };
    const { payment: reviewed } = await twice(() => saga.run("review", lost));
    expect(reviewed).toMatchObject({ state: "in_review", version: 3 });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending"]);
  });

  test("all of them by a second run of the whole saga, from where the first one began", async () => {
    const payment = await saga.create(cards.approved);
    for (let run = 0; run < 2; run += 1) {
      const approved = (await authorize(toRecord(payment))) as Approved;
      const held = await post(approved);
      if (held.outcome === "held") await settle(held.payment);
    }
    expect(await saga.stored(payment)).toMatchObject({ state: "captured", captured: 100_00, version: 3 });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending", "posted"]);
  });

  test("32 at once: one hold", async () => {
    const { payment, approved } = await approve(cards.approved);
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, async () => (await post(approved)).outcome),
    );
    expect(outcomes).toEqual(Array.from({ length: 32 }, () => "held"));
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending"]);
  });
});

describe("post, when another run of the saga was faster", () => {
  /** A second approval for the same payment, by the other acquirer and under the same reference. */
  const strayOf = ({ authorization }: Approved) => {
    const reference = authorization.reference;
    return { acquirer: "beta", reference, expires_at: authorization.expires_at };
  };

  test("adds nothing to a payment that went on with the same authorization", async () => {
    const { payment, approved, held } = await hold(cards.approved);
    const { payment: captured } = await settle(held);
    expect(await post(approved)).toEqual({ outcome: "concluded", payment: captured });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending", "posted"]);
  });

  test("hands back an authorization that the payment did not go on with", async () => {
    const { payment, approved, held } = await hold(cards.approved);
    const stray = strayOf(approved);
    expect(await post({ payment: toRecord(payment), authorization: stray })).toEqual({
      outcome: "refused",
      payment: held,
      authorization: stray,
      reason: "superseded",
    });
    expect(await saga.stored(payment)).toEqual(held);
  });

  test("which compensate releases at its own acquirer, and leaves the payment and its hold alone", async () => {
    const { payment, approved, held } = await hold(cards.approved);
    const reference = heldAtBeta(approved.authorization.reference);
    const stray = { ...strayOf(approved), reference };
    const output = await compensate({ payment: held, authorization: stray, reason: "superseded" });
    expect(output).toEqual({ outcome: "concluded", payment: held });
    expect(saga.beta.inquire(operationKey(payment.id, "void"))).toMatchObject({
      reference,
      result: "approved",
    });
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))).toBeUndefined();
    expect(await saga.stored(payment)).toEqual(held);
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending"]);
  });

  /** Makes beta authorize until it gives out this reference, so that two acquirers mean different money by it. */
  function heldAtBeta(reference: string): string {
    for (let n = 0; n < 1_000; n += 1) {
      const reply = saga.beta.execute({
        operation: "authorize",
        key: `by hand ${reference} ${n}`,
        body: {
          merchant: "mer_demo",
          amount: 100_00,
          currency: "USD",
          card: { number: cards.approved, exp_month: 12, exp_year: 2035 },
        },
      });
      if (reply.kind === "answer" && reply.operation.reference === reference) return reference;
    }
    throw new Error(`beta is past ${reference}`);
  }

  test("hands back an authorization of a payment that ended without one", async () => {
    const { payment, approved } = await approve(cards.approved);
    const failed = await move(payment, { type: "failed", reason: "no_acquirer_available" });
    expect(await post(approved)).toMatchObject({ outcome: "refused", payment: toRecord(failed) });
    expect(await saga.journalOf(payment)).toEqual([]);

    const { payment: after } = await compensate({
      ...approved,
      payment: toRecord(failed),
      reason: "superseded",
    });
    expect(after).toEqual(toRecord(failed));
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))?.result).toBe("approved");
  });

  test("releases nothing of a payment that a person is looking into", async () => {
    const { payment, approved } = await approve(cards.approved);
    const review = { operation: "authorize", acquirer: "alpha", reason: "no_answer:deadline" } as const;
    const reviewed = await move(payment, { type: "review_required", review });
    expect(await post(approved)).toEqual({ outcome: "concluded", payment: toRecord(reviewed) });
    expect(await saga.journalOf(payment)).toEqual([]);
  });
});

describe("settle, when the payment has moved", () => {
  test("leaves alone what it is given too late", async () => {
    const { held } = await hold(cards.approved);
    const { payment: captured } = await settle(held);
    expect(await settle(captured)).toEqual({ outcome: "concluded", payment: captured });
  });

  test("does not take a payment back from review, though the acquirer captured meanwhile", async () => {
    const { payment, held } = await hold(cards.approved);
    const lost = { payment: held, step: "settle", error: "States.Timeout" };
    const { payment: reviewed } = await saga.run("review", lost);
    expect(await settle(held)).toEqual({ outcome: "concluded", payment: reviewed });
    expect(kindsOf(await saga.journalOf(payment))).toEqual(["pending"]);
  });
});

/** Moves a stored payment as another run would have. */
async function move(payment: Payment, event: PaymentEvent): Promise<Payment> {
  const committed = await saga.payments.commit({
    before: payment,
    after: evolve(payment, event, Date.now()),
  });
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed.payment;
}

describe("review", () => {
  const authorization = { ...exampleAuthorization, expiresAt: Date.now() + minute };
  const authorized: PaymentEvent = { type: "authorized", authorization };

  const ways = {
    processing: [],
    authorized: [authorized],
    requires_action: [{ type: "action_required", acquirer: "alpha", acquirerReference: "a-1" }],
    captured: [authorized, { type: "captured", authorization, amount: 100_00n }],
    declined: [{ type: "declined", acquirer: "alpha", code: "do_not_honor" }],
    failed: [{ type: "failed", reason: "no_acquirer_available" }],
    canceled: [authorized, { type: "canceled", reason: "operation_refused" }],
    in_review: [{ type: "review_required", review: { operation: "authorize", reason: "lost" } }],
  } satisfies Record<string, readonly PaymentEvent[]>;

  async function walk(way: readonly PaymentEvent[]) {
    const created = await saga.create(cards.approved);
    let payment: Payment = created;
    for (const event of way) payment = await move(payment, event);
    return { created, payment };
  }

  const lost = (payment: Payment, more: object = {}) =>
    saga.run("review", { payment: toRecord(payment), step: "settle", error: "States.Timeout", ...more });

  test.each(["processing", "authorized"] as const)("takes a payment that is %s", async (state) => {
    const { payment } = await walk(ways[state]);
    const output = await lost(payment);
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: {
        state: "in_review",
        version: payment.version + 1,
        review: { operation: "capture", reason: "States.Timeout" },
      },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
  });

  test.each(["processing", "authorized"] as const)(
    "keeps the authorization of a payment that is authorized, also when it was last seen %s",
    async (seen) => {
      const { created, payment } = await walk(ways.authorized);
      const output = await lost(seen === "processing" ? created : payment, { step: "post" });
      expect(output.payment).toMatchObject({
        state: "in_review",
        version: 3,
        authorization: authorizationRecord(authorization),
      });
    },
  );

  test.each(["requires_action", "captured", "declined", "failed", "canceled", "in_review"] as const)(
    "leaves a payment alone that is %s, also when it was last seen processing",
    async (state) => {
      const { created, payment } = await walk(ways[state]);
      expect(await lost(payment)).toEqual({ outcome: "concluded", payment: toRecord(payment) });
      expect(await lost(created)).toEqual({ outcome: "concluded", payment: toRecord(payment) });
      expect(await saga.stored(payment)).toEqual(toRecord(payment));
    },
  );

  test.each([
    ["authorize", "authorize"],
    ["post", "post"],
    ["settle", "capture"],
    ["compensate", "void"],
  ])(
    "of a lost %s says that the %s is in doubt, at whom, and under which reference",
    async (step, operation) => {
      const { payment } = await walk([]);
      const { payment: reviewed } = await lost(payment, {
        step,
        error: "AcquirerUnavailable",
        authorization: authorizationRecord(authorization),
      });
      expect(reviewed.review).toEqual({
        operation,
        acquirer: "alpha",
        reason: "AcquirerUnavailable (authorization alpha-77)",
      });
    },
  );

  test("names the acquirer that holds the money when the step was given no authorization", async () => {
    const { payment } = await walk(ways.authorized);
    expect((await lost(payment)).payment.review).toMatchObject({ acquirer: "alpha" });
  });

  test("names none when it is not known who was asked", async () => {
    const { payment } = await walk([]);
    const { review } = (await lost(payment, { step: "authorize" })).payment;
    expect(review).toEqual({ operation: "authorize", reason: "States.Timeout" });
  });
});

test("a step that throws is logged with the payment's id and without the rest of its input", async () => {
  const lines: string[] = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => lines.push(line));
  const payment = { ...toRecord(await saga.create(cards.approved)), surprise: "not for the log" };
  await expect(saga.run("authorize", { payment })).rejects.toMatchObject({ name: "ZodError" });
  vi.restoreAllMocks();
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "a step failed", payment: payment.id });
  expect(lines[0]).not.toContain("not for the log");
});

vi.hoisted(() => {
  process.env["POWERTOOLS_DEV"] = "true";
});
