import fc from "fast-check";
import { type DeclineCode, declineRules } from "#core/acquiring/declines.ts";
import type { AcquirerOutcome } from "#core/acquiring/outcome.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Account, AccountId, Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type Hold, type JournalEntry, type Leg } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postHold, voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { amountMax, type Money, money } from "#core/money/money.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { type PaymentId, paymentIdOf, type RefundId, refundIdOf } from "#core/payments/ids.ts";
import type { PendingOperation } from "#core/payments/operation.ts";
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
import type { FeeSchedule } from "#core/pricing/fee-schedule.ts";

/** Arbitrary values of the domain, all of them valid: a test that wants broken ones breaks them where it can be seen. */

/** Objects as literals make them: fast-check's own have no prototype now and then, which no code of ours produces. */
const record = <T>(fields: { [Field in keyof T]: fc.Arbitrary<T[Field]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });

/** Two of each exponent that ISO 4217 has: 0, 2 and 3. */
export const currencies: fc.Arbitrary<Currency> = fc.constantFrom("JPY", "KRW", "USD", "EUR", "KWD", "BHD");

/** 1 … `max` minor units; small amounts, where rounding bites, come as often as large ones. */
export const amounts = (max = amountMax): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min: 1n, max: max < 500n ? max : 500n }), fc.bigInt({ min: 1n, max }));

/** Any sign, far beyond what one payment may carry: what sums reach. */
export const sums = fc.oneof(
  fc.bigInt({ min: -1_000n, max: 1_000n }),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
);

export const moneys: fc.Arbitrary<Money> = fc.tuple(amounts(), currencies).map(([a, c]) => money(a, c));

export const feeSchedules: fc.Arbitrary<FeeSchedule> = record({
  basisPoints: fc.integer({ min: 0, max: 10_000 }),
  fixed: fc.bigInt({ min: 0n, max: 10_000n }),
});

const books = fc.constantFrom("mer_demo", "mer_other") as fc.Arbitrary<Book>;

/** Epoch milliseconds, 2020 … 2040. */
export const instants = fc.integer({ min: 1_577_836_800_000, max: 2_208_988_800_000 });

/** What a customer might type, short. Any well-formed text, so that no codec gets away with ASCII. */
export const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });

const acquirers = fc.constantFrom("alpha", "beta");

// --- Ledger -----------------------------------------------------------------------------------------------------

interface Transfer {
  readonly from: AccountId;
  readonly to: AccountId;
  readonly amount: bigint;
  readonly currency: Currency;
}

const transfersMax = 6;

const accountsOf = (book: Book, currency: Currency): readonly AccountId[] => [
  acquirerAccount(book, 1100, "alpha", currency),
  systemAccount(book, 2100, currency),
  systemAccount(book, 4000, currency),
  `acc_shop_${currency}` as AccountId,
  `acc_wallet_${currency}` as AccountId,
];

const transfersIn = (book: Book, currency: Currency): fc.Arbitrary<Transfer> => {
  const accounts = accountsOf(book, currency);
  const count = accounts.length;
  return fc
    .tuple(
      fc.nat({ max: count - 1 }),
      fc.integer({ min: 1, max: count - 1 }),
      // Legs of one account are added up, and the sum must still be an amount.
      amounts(amountMax / BigInt(transfersMax)),
    )
    .map(([index, step, amount]) => ({
      from: accounts[index] as AccountId,
      to: accounts[(index + step) % count] as AccountId,
      amount,
      currency,
    }));
};

const transfers = (book: Book): fc.Arbitrary<Transfer[]> =>
  fc.array(
    currencies.chain((currency) => transfersIn(book, currency)),
    { minLength: 1, maxLength: transfersMax },
  );

/** One leg per account and side, debits first: balanced by construction. */
function legsOf(moved: readonly Transfer[]): Leg[] {
  const legs = new Map<string, Leg>();
  const addLeg = (leg: Leg) => {
    const key = `${leg.account} ${leg.side}`;
    legs.set(key, { ...leg, amount: leg.amount + (legs.get(key)?.amount ?? 0n) });
  };
  for (const { from, amount, currency } of moved) addLeg(debit(from, amount, currency));
  for (const { to, amount, currency } of moved) addLeg(credit(to, amount, currency));
  return [...legs.values()];
}

const execution = "arn:aws:states:eu-central-1:000000000000:express:payment:1";

const entryOf = (
  id: string,
  book: Book,
  state: "posted" | "pending",
  legs: readonly Leg[],
  at: number,
): JournalEntry => ({
  id: id as EntryId,
  book,
  state,
  legs,
  effectiveAt: at,
  recordedAt: at,
  execution,
});

const entriesIn = (book: Book, states: readonly JournalEntry["state"][]): fc.Arbitrary<JournalEntry> =>
  fc
    .tuple(
      fc.uuid(),
      transfers(book),
      fc.constantFrom(...states),
      instants,
      fc.option(fc.integer({ min: 1, max: 700_000_000 }), { nil: undefined }),
    )
    .map(([id, moved, state, at, lifetime]) => ({
      ...entryOf(`je_${id}`, book, state, legsOf(moved), at),
      ...(state === "pending" && lifetime !== undefined ? { expiresAt: at + lifetime } : {}),
    }));

/** Well-formed entries of one book, over one or more currencies, posted or pending. */
export const entries = books.chain((book) => entriesIn(book, ["posted", "pending"]));

interface HoldAndPost {
  readonly hold: Hold;
  /** Some of what the hold moves, at most as much. */
  readonly legs: readonly Leg[];
}

const holdsAndPostsIn = (book: Book): fc.Arbitrary<HoldAndPost> =>
  fc.tuple(fc.uuid(), transfers(book), instants).chain(([id, moved, at]) =>
    fc
      .tuple(...moved.map(({ amount }) => fc.bigInt({ min: 0n, max: amount })))
      .filter((parts) => parts.some((part) => part > 0n))
      .map((parts) => ({
        hold: { ...entryOf(`je_${id}`, book, "pending", legsOf(moved), at), state: "pending" },
        legs: legsOf(
          moved
            .map((transfer, index) => ({ ...transfer, amount: parts[index] ?? 0n }))
            .filter((transfer) => transfer.amount > 0n),
        ),
      })),
  );

/** A hold without expiry, together with legs that may be posted from it. */
export const holdsAndPosts = books.chain(holdsAndPostsIn);

/** A hold's record, and somewhere later that of its resolution. */
const resolvedHoldsIn = (book: Book): fc.Arbitrary<JournalRecord[]> =>
  fc.tuple(holdsAndPostsIn(book), fc.constantFrom("posted", "voided", "expired")).map(([held, kind]) => {
    const { hold, legs } = held;
    const at = hold.recordedAt + 1;
    if (kind === "posted") {
      const posted = postHold(hold, { id: `${hold.id}.post` as EntryId, legs, at, execution });
      invariant(posted.ok, "an arbitrary post fits its hold");
      return [entryRecord(hold), resolutionRecord(posted.value)];
    }
    return [entryRecord(hold), resolutionRecord({ ...voidHold(hold, at, execution), kind })];
  });

/**
 * Records of one book's journal, of up to a dozen entries. Each resolution comes somewhere after its hold, with other
 * records between them. With `holds: "resolved"`, every hold has its resolution.
 */
export const journals = (options: { readonly holds: "any" | "resolved" }): fc.Arbitrary<JournalRecord[]> =>
  books.chain((book) => {
    const alone = entriesIn(book, options.holds === "any" ? ["posted", "pending"] : ["posted"]);
    const lives = fc.oneof(
      alone.map((entry) => [entryRecord(entry)]),
      resolvedHoldsIn(book),
    );
    const positions = fc.tuple(fc.nat({ max: 1_000 }), fc.integer({ min: 1, max: 1_000 }));
    return fc.array(fc.tuple(lives, positions), { maxLength: 12 }).map((timed) =>
      timed
        .flatMap(([life, [start, gap]]) => life.map((record, index) => ({ record, at: start + index * gap })))
        .toSorted((a, b) => a.at - b.at)
        .map(({ record }) => record),
    );
  });

/** Open guarded accounts with any limits, from untouched to far beyond them (a chargeback may pass a limit). */
export const guardedAccounts: fc.Arbitrary<Account> = record({
  normalSide: fc.constantFrom("debit", "credit"),
  debitsPosted: fc.bigInt({ min: 0n, max: 60n }),
  creditsPosted: fc.bigInt({ min: 0n, max: 60n }),
  minAvailable: fc.option(fc.bigInt({ min: -40n, max: 40n }), { nil: undefined }),
  maxBalance: fc.option(fc.bigInt({ min: 0n, max: 80n }), { nil: undefined }),
}).map(({ minAvailable, maxBalance, ...account }) => ({
  ...account,
  id: "acc_wallet" as AccountId,
  book: "mer_demo" as Book,
  currency: "USD",
  condition: "open",
  debitsPending: 0n,
  creditsPending: 0n,
  ...(minAvailable === undefined ? {} : { minAvailable }),
  ...(maxBalance === undefined ? {} : { maxBalance }),
}));

// --- Payments ---------------------------------------------------------------------------------------------------

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
    record({ type: fc.constant("canceled"), reason: texts }),
    record({ type: fc.constant("review_required"), review: reviews }),
    fc.constantFrom({ type: "resumed" }, { type: "expired" }),
    operations(total).map((operation) => ({ type: "operation_started" as const, operation })),
    record({
      type: fc.constantFrom("refund_succeeded", "refund_failed", "refund_in_review"),
      refund: refundIds,
    }),
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
}).map(({ required, optional }) => ({ ...required, ...optional }));

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const heldOrNot = (authorization: Authorization | undefined) =>
  authorization === undefined ? {} : { authorization };

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
        .tuple(authorizations, fc.bigInt({ min: 1n, max: total }), fc.nat({ max: 100 }))
        .map(([authorization, captured, percent]) => ({
          state,
          authorization,
          captured,
          refunded: (captured * BigInt(percent)) / 100n,
        }));
    case "declined":
      return record({ state: fc.constant(state), acquirer: acquirers, decline: declineCodes });
    case "failed":
      return record({ state: fc.constant(state), failure: texts });
    case "canceled":
      return fc
        .tuple(maybe(authorizations), texts)
        .map(([held, cancellation]) => ({ state, ...heldOrNot(held), cancellation }));
    case "expired":
      return maybe(authorizations).map((held) => ({ state, ...heldOrNot(held) }));
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
    .chain((payment) => coursesOf(payment).map((course) => ({ ...payment, ...course })));

/** A wallet's payment has no authorization, and is captured whole. */
const walletPaymentsIn = (state: PaymentState): fc.Arbitrary<Payment> =>
  fc.tuple(cardPaymentsIn(state), accountMethods).map(([payment, method]) => {
    const { authorization: _, ...rest } = { authorization: undefined, ...payment };
    return { ...rest, method, capture: "automatic" } as Payment;
  });

const walletStates: readonly PaymentState[] = ["processing", "captured", "settled", "failed"];

/** Payments that stand in one state, with everything that the state carries. */
export const paymentsIn = (state: PaymentState): fc.Arbitrary<Payment> =>
  walletStates.includes(state)
    ? fc.oneof({ arbitrary: cardPaymentsIn(state), weight: 4 }, walletPaymentsIn(state))
    : cardPaymentsIn(state);

export const payments: fc.Arbitrary<Payment> = fc.constantFrom(...paymentStates).chain(paymentsIn);

// --- Refunds ----------------------------------------------------------------------------------------------------

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
    )
    .map(([agreed, reason, standing]) => ({
      ...agreed,
      ...(reason === undefined ? {} : { reason }),
      ...standing,
    }));
