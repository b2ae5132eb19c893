import fc from "fast-check";
import { type DeclineCode, declineRules } from "#core/acquiring/declines.ts";
import type { AcquirerOutcome } from "#core/acquiring/outcome.ts";
import { textKeyFor } from "#core/events/sealed-texts.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { type PaymentId, paymentIdOf, type RefundId, refundIdOf } from "#core/payments/ids.ts";
import type { PendingOperation } from "#core/payments/operation.ts";
import type { PaymentOutcome, RefundOutcome, WordEnd } from "#core/payments/operator-word.ts";
import {
  type Authorization,
  capturedOf,
  type Payment,
  type PaymentMethod,
  type Review,
  refundedOf,
  type Standing,
} from "#core/payments/payment.ts";
import type { Refund, RefundStanding, RefundState } from "#core/payments/refund.ts";
import { type PaymentState, paymentStates } from "#core/payments/states.ts";
import { acquirers, books, feeSchedules, instants, moneys, record, texts } from "./values.ts";

const declineCodes = fc.constantFrom(...(Object.keys(declineRules) as DeclineCode[]));

export const authorizations: fc.Arbitrary<Authorization> = record({
  acquirer: acquirers,
  reference: texts,
  expiresAt: instants,
});

const reviews: fc.Arbitrary<Review> = record({
  operation: fc.constantFrom("authorize", "capture", "void", "refund", "post"),
  acquirer: acquirers,
  reason: texts,
});

const approvals: fc.Arbitrary<AcquirerOutcome> = fc
  .tuple(texts, fc.option(instants, { nil: undefined }))
  .map(([reference, expiresAt]) => ({
    kind: "approved",
    reference,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }));

export const acquirerOutcomes: fc.Arbitrary<AcquirerOutcome> = fc.oneof(
  approvals,
  record({ kind: fc.constant("pending"), reference: texts }),
  record({ kind: fc.constant("declined"), code: declineCodes }),
  record({ kind: fc.constantFrom("not_attempted", "unknown"), reason: texts }),
);

/** What operators say: open, or with its end. */
const words = <Outcome>(outcomes: fc.Arbitrary<Outcome>, ends: readonly (WordEnd | undefined)[]) =>
  fc
    .tuple(
      outcomes,
      record({ by: texts, at: instants, seen: fc.integer({ min: 1, max: 40 }), evidence: texts }),
      fc.constantFrom(...ends),
      texts,
    )
    .map(([outcome, said, end, says]) => ({
      ...outcome,
      ...said,
      ...(end === undefined ? {} : { end }),
      ...(end === "overruled" ? { says } : {}),
    }));

const paymentOutcomes: fc.Arbitrary<PaymentOutcome> = fc.oneof(
  record({ as: fc.constant("authorized"), authorization: authorizations }),
  record({ as: fc.constant("declined"), acquirer: acquirers, code: declineCodes }),
  record({ as: fc.constantFrom("captured", "failed", "canceled") }),
);
const refundOutcomes: fc.Arbitrary<RefundOutcome> = record({ as: fc.constantFrom("succeeded", "failed") });

const wordEnds = ["taken", "overruled", "replaced"] as const;

/** What was said, the last of it perhaps without an end where that may be. */
const wordsOf = <Outcome>(outcomes: fc.Arbitrary<Outcome>, mayBeOpen: boolean) =>
  fc
    .tuple(
      fc.array(words(outcomes, wordEnds), { maxLength: 2 }),
      words(outcomes, mayBeOpen ? [undefined, ...wordEnds] : wordEnds),
      fc.boolean(),
    )
    .map(([earlier, last, isSaid]) => (isSaid ? { words: [...earlier, last] } : {}));

/** A handful, so that one that is in progress is also met. */
const refundIds: fc.Arbitrary<RefundId> = fc.constantFrom(
  ...["a", "b"].map((key) => refundIdOf({ book: "mer_demo" as Book, route: "refunds", idempotencyKey: key })),
);

/** What a merchant may ask to be done with a payment of `total`. */
const operations = (total: bigint): fc.Arbitrary<PendingOperation> =>
  fc.oneof(
    record({ kind: fc.constant("capture"), amount: fc.bigInt({ min: 1n, max: total }), startedAt: instants }),
    record({ kind: fc.constant("cancel"), startedAt: instants }),
    record({ kind: fc.constant("cancel"), overdue: fc.constant(true as const), startedAt: instants }),
    refundOperations(total),
  );

const refundOperations = (max: bigint): fc.Arbitrary<PendingOperation> =>
  fc
    .tuple(
      record({
        kind: fc.constant("refund"),
        refund: refundIds,
        amount: fc.bigInt({ min: 1n, max }),
        startedAt: instants,
      }),
      fc.boolean(),
    )
    .map(([operation, inReview]) => (inReview ? { ...operation, inReview } : operation));

/** Any event at all, for a payment of `total`; the state table decides whether it applies. */
export const paymentEvents = (total: bigint): fc.Arbitrary<PaymentEvent> =>
  fc.oneof(
    record({ type: fc.constant("authorized"), authorization: authorizations }),
    record({ type: fc.constant("action_required"), acquirer: acquirers, acquirerReference: texts }),
    record({ type: fc.constant("declined"), acquirer: acquirers, code: declineCodes }),
    record({ type: fc.constant("failed"), reason: texts }),
    record({
      type: fc.constant("captured"),
      authorization: authorizations,
      amount: fc.bigInt({ min: 1n, max: total }),
    }),
    record({
      type: fc.constant("settled"),
      authorization: authorizations,
      released: fc.bigInt({ min: -10n, max: total }),
    }),
    record({ type: fc.constant("canceled"), reason: texts }),
    record({ type: fc.constant("review_required"), review: reviews }),
    fc.constantFrom({ type: "resumed" }, { type: "expired" }, { type: "redacted" }),
    operations(total).map((operation) => ({ type: "operation_started" as const, operation })),
    record({
      type: fc.constantFrom("refund_succeeded", "refund_failed", "refund_in_review", "refund_operator_said"),
      refund: refundIds,
    }),
    words(paymentOutcomes, [undefined]).map((word) => ({ type: "operator_said" as const, word })),
    record({ type: fc.constant("operator_overruled"), says: texts }),
  );

const paymentIds: fc.Arbitrary<PaymentId> = record({
  book: books,
  route: fc.constant("POST /v1/payments"),
  idempotencyKey: fc.uuid(),
}).map(paymentIdOf);

type Agreed = Omit<Extract<Payment, { state: "processing" }>, "state" | "pendingOperation" | "refunds">;

const cardMethods: fc.Arbitrary<PaymentMethod> = record({
  type: fc.constant("card"),
  token: fc.uuid().map((id) => `tok_${id}`),
  brand: fc.constantFrom("visa", "mastercard", "amex"),
  last4: fc.stringMatching(/^[0-9]{4}$/),
});

const accountMethods: fc.Arbitrary<PaymentMethod> = record({
  type: fc.constant("account"),
  account: fc.uuid().map((id) => `acc_${id}` as AccountId),
});

const agreements: fc.Arbitrary<Agreed> = record({
  required: record({
    id: paymentIds,
    book: books,
    total: moneys,
    capture: fc.constantFrom("automatic", "manual"),
    method: cardMethods,
    fees: feeSchedules,
    fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
    // The API refuses __proto__ as it refuses every unknown property: zod drops it from records.
    metadata: fc.dictionary(
      texts.filter((key) => key !== "__proto__"),
      texts,
      { maxKeys: 4, noNullPrototype: true },
    ),
    createdAt: instants,
    updatedAt: instants,
    version: fc.integer({ min: 1, max: 40 }),
  }),
  optional: fc.record(
    { reference: texts, description: texts, returnUrl: fc.webUrl({ validSchemes: ["https"] }) },
    { requiredKeys: [], noNullPrototype: true },
  ),
  key: fc.nat(255).map((byte) => new Uint8Array(32).fill(byte)),
  isOld: fc.boolean(),
}).map(({ required, optional, key, isOld }) => {
  const agreed = { ...required, ...optional };
  // Of the time before there were keys, or redacted.
  return isOld ? agreed : { ...agreed, ...textKeyFor(agreed, () => key) };
});

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const heldOrNot = (authorization: Authorization | undefined) =>
  authorization === undefined ? {} : { authorization };

/** An authorization, or the wait for a customer, or neither. */
const lettingsGo = fc.oneof(maybe(authorizations).map(heldOrNot), record({ acquirer: acquirers }));

function standingsIn(state: PaymentState, total: bigint): fc.Arbitrary<Standing> {
  switch (state) {
    case "processing":
      return fc.constant({ state });
    case "requires_action":
      return fc
        .tuple(acquirers, texts, maybe(fc.webUrl({ validSchemes: ["https"] })))
        .map(([acquirer, acquirerReference, redirectUrl]) => ({
          state,
          acquirer,
          acquirerReference,
          ...(redirectUrl === undefined ? {} : { redirectUrl }),
        }));
    case "authorized":
      return record({ state: fc.constant(state), authorization: authorizations });
    case "captured":
    case "settled":
      return fc
        .tuple(
          authorizations,
          fc.bigInt({ min: 1n, max: total }),
          fc.nat({ max: 100 }),
          fc.bigInt({ min: -10n, max: total }),
        )
        .map(([authorization, captured, percent, released]) => {
          const refunded = (captured * BigInt(percent)) / 100n;
          return state === "captured"
            ? { state, authorization, captured, refunded }
            : { state, authorization, captured, refunded, released };
        });
    case "declined":
      return record({ state: fc.constant(state), acquirer: acquirers, decline: declineCodes });
    case "failed":
      return record({ state: fc.constant(state), failure: texts });
    case "canceled":
      return fc.tuple(lettingsGo, texts).map(([letGo, cancellation]) => ({ state, ...letGo, cancellation }));
    case "expired":
      return lettingsGo.map((letGo) => ({ state, ...letGo }));
    case "in_review":
      return fc
        .tuple(maybe(authorizations), reviews)
        .map(([held, review]) => ({ state, ...heldOrNot(held), review }));
  }
}

/** What may be going on with a payment that stands so, and the refunds that it has had. */
function coursesOf(payment: Payment): fc.Arbitrary<Pick<Payment, "pendingOperation" | "refunds">> {
  switch (payment.state) {
    case "requires_action":
      return maybe(operations(1n).filter(({ kind }) => kind === "cancel")).map(going);
    case "authorized":
    case "in_review":
      return maybe(operations(payment.total.amount).filter(({ kind }) => kind !== "refund")).map(going);
    case "captured":
    case "settled": {
      const left = capturedOf(payment) - refundedOf(payment);
      const refunds = fc.array(refundIds, { maxLength: 3 });
      if (left === 0n) return refunds.map((earlier) => (earlier.length === 0 ? {} : { refunds: earlier }));
      return fc.tuple(refunds, maybe(refundOperations(left))).map(([earlier, operation]) => {
        const begun = operation?.kind === "refund" ? [...earlier, operation.refund] : earlier;
        return { ...going(operation), ...(begun.length === 0 ? {} : { refunds: begun }) };
      });
    }
    default:
      return fc.constant({});
  }
}

const going = (pendingOperation: PendingOperation | undefined) =>
  pendingOperation === undefined ? {} : { pendingOperation };

const cardPaymentsIn = (state: PaymentState): fc.Arbitrary<Payment> =>
  agreements
    .chain((agreed) =>
      standingsIn(state, agreed.total.amount).map((standing) => ({ ...agreed, ...standing })),
    )
    .chain((payment) =>
      fc
        .tuple(coursesOf(payment), wordsOf(paymentOutcomes, payment.state === "in_review"))
        .map(([course, said]) => ({ ...payment, ...course, ...said })),
    );

/** A wallet's payment has no authorization, and is captured whole. */
const walletPaymentsIn = (state: PaymentState): fc.Arbitrary<Payment> =>
  fc.tuple(cardPaymentsIn(state), accountMethods).map(([payment, method]) => {
    const { authorization: _, ...rest } = { authorization: undefined, ...payment };
    return { ...rest, method, capture: "automatic" } as Payment;
  });

const walletStates: readonly PaymentState[] = ["processing", "captured", "failed"];

/** Payments that stand in one state, with everything that the state carries. */
export const paymentsIn = (state: PaymentState): fc.Arbitrary<Payment> =>
  walletStates.includes(state)
    ? fc.oneof({ arbitrary: cardPaymentsIn(state), weight: 4 }, walletPaymentsIn(state))
    : cardPaymentsIn(state);

export const payments: fc.Arbitrary<Payment> = fc.constantFrom(...paymentStates).chain(paymentsIn);

function refundStandingsIn(state: RefundState): fc.Arbitrary<RefundStanding> {
  switch (state) {
    case "processing":
      return record({ state: fc.constant(state), held: fc.boolean() });
    case "succeeded":
      return fc.constant({ state });
    case "failed":
      return record({ state: fc.constant(state), failure: texts });
    case "in_review":
      return record({ state: fc.constant(state), held: fc.boolean(), review: reviews });
  }
}

/** Refunds of card payments that stand in one state. */
export const refundsIn = (state: RefundState): fc.Arbitrary<Refund> =>
  fc
    .tuple(
      record({
        id: refundIds,
        payment: paymentIds,
        book: books,
        n: fc.integer({ min: 1, max: 50 }),
        total: moneys,
        fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
        from: fc.constantFrom(2100 as const, 2110 as const),
        createdAt: instants,
        updatedAt: instants,
        version: fc.integer({ min: 1, max: 6 }),
      }),
      maybe(texts),
      refundStandingsIn(state),
      wordsOf(refundOutcomes, state === "in_review"),
    )
    .map(([agreed, reason, standing, said]) => ({
      ...agreed,
      ...(reason === undefined ? {} : { reason }),
      ...said,
      ...standing,
    }));
