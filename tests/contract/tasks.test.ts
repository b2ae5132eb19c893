import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Book } from "#core/ledger/account.ts";
import { fold, trialBalance } from "#core/ledger/trial-balance.ts";
import { operationKey } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { toRecord } from "#core/payments/record.ts";
import { minute } from "#tests/support/examples.ts";
import { lambdaContext } from "#tests/support/requests.ts";
import { loadHandlers, type SagaTasks, startSagaTasks } from "#tests/support/saga-tasks.ts";
import type { StepOutput } from "#workflows/payment/contract.ts";

const execution = "arn:aws:states:eu-west-1:123456789012:express:payment:run-1";

/** Cards of the sandbox, by what they make an acquirer do. */
const cards = {
  approved: "4242424242424242",
  insufficientFunds: "4000000000009995",
  approvedInSilence: "4000000000005001",
  lostInSilence: "4000000000005019",
  approvedWithServerError: "4000000000005027",
  notAcceptedByAlpha: "4000000000005043",
  captureInSilence: "4000000000005050",
  captureRefused: "4000000000005068",
};

let saga: SagaTasks;
beforeAll(async () => {
  saga = await startSagaTasks();
});
afterAll(() => saga.stop());

// What steps throw is logged, and expected here.
vi.hoisted(() => {
  process.env["POWERTOOLS_DEV"] = "true";
});
beforeAll(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

type Approved = Extract<StepOutput, { outcome: "approved" }>;

const authorize = (payment: Payment) => saga.run("authorize", { payment: toRecord(payment) });
const post = ({ payment, authorization }: Omit<Approved, "outcome">) =>
  saga.run("post", { payment, authorization, execution });
const settle = ({ payment }: Pick<StepOutput, "payment">, attempt = 0) =>
  saga.run("settle", { payment, execution, attempt });
const compensate = ({ payment, authorization, reason }: Refused) =>
  saga.run("compensate", { payment, authorization, reason, execution, attempt: 0 });

function approved(output: StepOutput): Approved {
  if (output.outcome !== "approved") throw new Error(JSON.stringify(output));
  return output;
}

type Refused = Extract<StepOutput, { outcome: "refused" }>;
function refused(output: StepOutput): Refused {
  if (output.outcome !== "refused") throw new Error(JSON.stringify(output));
  return output;
}

/** A payment whose hold is posted. */
async function hold(card: string) {
  const payment = await saga.create(card);
  const held = await post(approved(await authorize(payment)));
  expect(held.outcome).toBe("held");
  return { payment, held };
}

const balancesOf = async (payment: Payment) => fold(await saga.journalOf(payment));

describe("authorize", () => {
  test("asks the cheapest acquirer, and hands its approval on without writing it down", async () => {
    const payment = await saga.create(cards.approved);
    const output = approved(await authorize(payment));
    expect(output).toEqual({
      outcome: "approved",
      payment: toRecord(payment),
      authorization: { acquirer: "alpha", reference: expect.any(String), expires_at: expect.any(Number) },
    });
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toMatchObject({
      reference: output.authorization.reference,
      result: "approved",
      expiresAt: output.authorization.expires_at,
    });
    expect(await saga.stored(payment)).toEqual(toRecord(payment));
  });

  test("records a decline: no money moved, nothing is left to do", async () => {
    const payment = await saga.create(cards.insufficientFunds);
    const output = await authorize(payment);
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: { state: "declined", acquirer: "alpha", decline: "insufficient_funds", version: 2 },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(await saga.journalOf(payment)).toEqual([]);
    expect(saga.beta.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });

  test("goes on to the second acquirer when the first certainly did nothing", async () => {
    const payment = await saga.create(cards.notAcceptedByAlpha);
    expect(approved(await authorize(payment)).authorization.acquirer).toBe("beta");
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });

  test.each([
    ["approved and fell silent", cards.approvedInSilence, "no_answer:deadline", "approved"],
    ["lost the request and fell silent", cards.lostInSilence, "no_answer:deadline", undefined],
    ["approved and answered 500", cards.approvedWithServerError, "answer:http_500", "approved"],
  ])("asks nobody else when the first one %s: a person must look", async (_name, card, reason, result) => {
    const payment = await saga.create(card);
    const output = await authorize(payment);
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: { state: "in_review", review: { operation: "authorize", acquirer: "alpha", reason } },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))?.result).toBe(result);
    expect(saga.beta.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });

  test("fails the payment when the only acquirer cannot be reached", async () => {
    const payment = await saga.create(cards.approved, { currency: "JPY" });
    const { payment: failed } = await authorize(payment);
    expect(failed).toMatchObject({ state: "failed", failure: "no_connection:ECONNREFUSED" });
    expect(await saga.stored(payment)).toEqual(failed);
  });

  test("fails the payment when no acquirer takes the currency", async () => {
    const payment = await saga.create(cards.approved, { currency: "KWD" });
    expect((await authorize(payment)).payment).toMatchObject({
      state: "failed",
      failure: "no_acquirer_available",
    });
  });

  test.each([
    ["is gone", () => Promise.resolve("tok_00000000000000000000000000")],
    ["is another merchant's", () => saga.tokenOf(cards.approved, "mer_other" as Book)],
  ])("fails the payment, and asks nobody, when its token %s", async (_name, token) => {
    const payment = await saga.create(cards.approved, { token: await token() });
    expect((await authorize(payment)).payment).toMatchObject({
      state: "failed",
      failure: "card_token_not_found",
    });
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });

  test("throws VaultUnavailable, and has asked nobody, when the card cannot be had", async () => {
    const payment = await saga.create(cards.approved);
    vi.stubEnv("VAULT_TABLE", "a-table-that-is-not-there");
    vi.resetModules();
    const { authorize: withoutVault } = (await loadHandlers()).steps;
    vi.unstubAllEnvs();

    const failure = withoutVault({ payment: toRecord(payment) }, lambdaContext());
    await expect(failure).rejects.toMatchObject({ name: "VaultUnavailable" });
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
    expect(await saga.stored(payment)).toEqual(toRecord(payment));
  });

  test("leaves a payment alone that is past it", async () => {
    const { payment, held } = await hold(cards.approved);
    const output = await saga.run("authorize", { payment: held.payment });
    expect(output).toEqual({ outcome: "concluded", payment: held.payment });
    expect(await saga.stored(payment)).toEqual(held.payment);
  });

  test.each([
    ["nothing", {}],
    ["a payment of an unknown shape", { payment: { id: "pay_1" } }],
    ["a payment and more", { merchant: "mer_other" }],
  ])("refuses to work on %s", async (_name, change) => {
    const payment = await saga.create(cards.approved);
    const input = Object.keys(change).length === 0 ? {} : { payment: toRecord(payment), ...change };
    await expect(saga.run("authorize", input)).rejects.toMatchObject({ name: "ZodError" });
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });
});

describe("approve, hold, capture", () => {
  test("posts the hold together with the authorized payment", async () => {
    const { payment, held } = await hold(cards.approved);
    expect(held.payment).toMatchObject({ state: "authorized", version: 2 });
    expect(await saga.stored(payment)).toEqual(held.payment);
    expect(await saga.journalOf(payment)).toMatchObject([
      { type: "entry", entry: { id: `je_${payment.id}.authorize.1`, state: "pending", execution } },
    ]);
  });

  test("captures at the acquirer that approved, and makes the hold the merchant's money", async () => {
    const { payment, held } = await hold(cards.notAcceptedByAlpha);
    const output = await settle(held);
    expect(output).toMatchObject({
      outcome: "captured",
      payment: { state: "captured", captured: 100_00, refunded: 0, version: 3 },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.beta.inquire(operationKey(payment.id, "capture"))?.result).toBe("approved");
    expect(saga.alpha.inquire(operationKey(payment.id, "capture"))).toBeUndefined();

    const balances = await balancesOf(payment);
    expect(trialBalance(balances, "USD")).toMatchObject({
      debits: 100_00n,
      credits: 100_00n,
      balanced: true,
    });
    for (const account of balances.values())
      expect(account).toMatchObject({ debitsPending: 0n, creditsPending: 0n });
  });
});

describe("a capture that the acquirer refuses", () => {
  test("is compensated: the authorization and its hold are voided, and no money moved", async () => {
    const { payment, held } = await hold(cards.captureRefused);
    const refusal = refused(await settle(held));
    expect(refusal).toMatchObject({ reason: "operation_refused", payment: held.payment });

    const output = await compensate(refusal);
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: { state: "canceled", cancellation: "operation_refused", version: 3 },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))?.result).toBe("approved");
    expect(await saga.journalOf(payment)).toMatchObject([
      { type: "entry" },
      { type: "resolution", resolution: { kind: "voided" } },
    ]);
    expect(trialBalance(await balancesOf(payment), "USD")).toMatchObject({ debits: 0n, credits: 0n });
  });

  const expired = ({ payment }: StepOutput): StepOutput => ({
    outcome: "held",
    payment: {
      ...payment,
      authorization: { ...heldAuthorization({ outcome: "held", payment }), expires_at: Date.now() - minute },
    },
  });

  test("because the authorization expired is not even asked for", async () => {
    const { payment, held } = await hold(cards.approved);
    expect(refused(await settle(expired(held))).reason).toBe("authorization_expired");
    expect(saga.alpha.inquire(operationKey(payment.id, "capture"))).toBeUndefined();
  });

  test("but a later attempt finds out whether the first captured in time", async () => {
    const { payment, held } = await hold(cards.captureInSilence);
    const unknown = await settle(held);
    expect(unknown.payment.state).toBe("in_review");
    expect((await settle(expired(unknown), 1)).outcome).toBe("captured");
    expect(saga.alpha.inquire(operationKey(payment.id, "capture"))?.result).toBe("approved");
  });

  test("and closes it when nobody knows of it: nothing is captured too late", async () => {
    const { payment, held } = await hold(cards.approved);
    expect(refused(await settle(expired(held), 1)).reason).toBe("authorization_expired");
    expect(saga.alpha.inquire(operationKey(payment.id, "capture"))).toBeUndefined();
    expect(saga.alpha.inquire(operationKey(payment.id, "reversal", 2))?.result).toBe("approved");
  });
});

function heldAuthorization({ payment }: StepOutput) {
  if (payment.authorization === undefined) throw new Error(`${payment.id} is not authorized`);
  return payment.authorization;
}

describe("a capture whose end is unknown", () => {
  test("puts the payment in review with its hold, and nothing is voided", async () => {
    const { payment, held } = await hold(cards.captureInSilence);
    const output = await settle(held);
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: {
        state: "in_review",
        authorization: held.payment.authorization,
        review: { operation: "capture", acquirer: "alpha", reason: "no_answer:deadline" },
      },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))).toBeUndefined();
    expect(await saga.journalOf(payment)).toMatchObject([{ type: "entry" }]);
  });
});

describe("an acquirer that certainly did nothing", () => {
  /** Authorized by an acquirer that cannot be reached any more. */
  async function holdNowhere() {
    const payment = await saga.create(cards.approved);
    const authorization = { acquirer: "nowhere", reference: "ref-1", expires_at: Date.now() + minute };
    return { payment, held: await post({ payment: toRecord(payment), authorization }), authorization };
  }

  test("is asked for the capture again by the state machine: the step throws AcquirerUnavailable", async () => {
    const { payment, held } = await holdNowhere();
    await expect(settle(held)).rejects.toMatchObject({ name: "AcquirerUnavailable" });
    expect(await saga.stored(payment)).toEqual(held.payment);
  });

  test("is asked for the void again as well", async () => {
    const { payment, held, authorization } = await holdNowhere();
    const refusal: Refused = { outcome: "refused", payment: held.payment, authorization, reason: "late" };
    await expect(compensate(refusal)).rejects.toMatchObject({ name: "AcquirerUnavailable" });
    expect(await saga.stored(payment)).toEqual(held.payment);
  });
});

describe("compensate", () => {
  test("fails a payment that the ledger did not take, once its authorization is voided", async () => {
    const payment = await saga.create(cards.approved);
    const { authorization } = approved(await authorize(payment));
    const output = await compensate({
      outcome: "refused",
      payment: toRecord(payment),
      authorization,
      reason: "account_frozen",
    });
    expect(output).toMatchObject({
      outcome: "concluded",
      payment: { state: "failed", failure: "account_frozen", version: 2 },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))?.result).toBe("approved");
    expect(await saga.journalOf(payment)).toEqual([]);
  });

  test("puts the payment in review when the acquirer will not void: it captured after all", async () => {
    const { payment, held } = await hold(cards.approved);
    await saga.alpha.execute({
      operation: "capture",
      key: "by hand",
      reference: heldAuthorization(held).reference,
      amount: 100_00,
    });
    const output = await compensate({
      outcome: "refused",
      payment: held.payment,
      authorization: heldAuthorization(held),
      reason: "operation_refused",
    });
    expect(output.payment).toMatchObject({
      state: "in_review",
      review: { operation: "void", acquirer: "alpha", reason: "operation_refused" },
    });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(await saga.journalOf(payment)).toMatchObject([{ type: "entry" }]);
  });
});
