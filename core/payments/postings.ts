import { invariant } from "../kernel/invariant.ts";
import { err, type Result } from "../kernel/result.ts";
import { salesAccount, salesCurrency } from "../ledger/account.ts";
import { acquirerAccount, systemAccount } from "../ledger/chart.ts";
import {
  checkEntry,
  credit,
  debit,
  type EntryId,
  type Hold,
  type JournalEntry,
  type Leg,
} from "../ledger/entry.ts";
import type { MalformedEntry, ResolutionRefusal } from "../ledger/errors.ts";
import { expireHold, postHold, type Resolution, voidHold } from "../ledger/resolution.ts";
import { money } from "../money/money.ts";
import { captureFee } from "../pricing/fee-schedule.ts";
import { sagaEntryId } from "./ids.ts";
import { type AccountMethod, type Authorization, capturedOf, type Payment, refundedOf } from "./payment.ts";
import type { Refund } from "./refund.ts";

/** What the saga stamps on whatever it writes. */
export interface Recorder {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly execution: string;
}

/** authorize A (pending): debit 1100 A, credit 2100 A. */
export function holdEntry(
  payment: Payment,
  authorization: Authorization,
  recorder: Recorder,
): Result<Hold, MalformedEntry> {
  return checkEntry({
    id: sagaEntryId(payment.id, "authorize"),
    book: payment.book,
    state: "pending",
    legs: holdLegs(payment, authorization),
    effectiveAt: recorder.now,
    recordedAt: recorder.now,
    expiresAt: authorization.expiresAt,
    execution: recorder.execution,
  });
}

/** capture K, fee F: debit 1100 K; credit 2100 K−F, 4000 F. Resolves the hold, so A−K is released with it. */
export function captureResolution(
  payment: Payment,
  authorization: Authorization,
  amount: bigint,
  recorder: Recorder,
): Result<Resolution, MalformedEntry | ResolutionRefusal> {
  const { book, total } = payment;
  const fee = captureFee(money(amount, total.currency), payment.fees).amount;
  const shares = [
    { account: systemAccount(book, 2100, total.currency), amount: amount - fee },
    { account: systemAccount(book, 4000, total.currency), amount: fee },
  ];
  return postHold(holdOf(payment, authorization), {
    id: sagaEntryId(payment.id, "capture"),
    legs: [
      debit(acquirerAccount(book, 1100, authorization.acquirer, total.currency), amount, total.currency),
      // A leg of nothing is not a leg: a free payment has no fee, a tiny one leaves the merchant nothing.
      ...shares
        .filter((share) => share.amount > 0n)
        .map((share) => credit(share.account, share.amount, total.currency)),
    ],
    at: recorder.now,
    execution: recorder.execution,
  });
}

/**
 * Minor units that a captured payment has left in the merchant's pending account: K − F, less what was refunded. A fee is
 * not given back, so that it may be negative.
 */
export function pendingShareOf(payment: Payment): bigint {
  const captured = money(capturedOf(payment), payment.total.currency);
  return captured.amount - captureFee(captured, payment.fees).amount - refundedOf(payment);
}

/** settlement, released N: debit 2100 N, credit 2110 N; the other way round where N is negative. Undefined for nothing. */
export function settlementEntry(payment: Payment, recorder: Recorder): JournalEntry | undefined {
  invariant(payment.state === "settled", `${payment.id} is settled`);
  const { book, total, released } = payment;
  if (released === 0n) return undefined;
  const amount = released < 0n ? -released : released;
  const [from, to] = released < 0n ? ([2110, 2100] as const) : ([2100, 2110] as const);
  const entry = postedEntry(payment, sagaEntryId(payment.id, "settle"), recorder, [
    debit(systemAccount(book, from, total.currency), amount, total.currency),
    credit(systemAccount(book, to, total.currency), amount, total.currency),
  ]);
  invariant(entry.ok, `the settlement of ${payment.id} is well-formed`);
  return entry.value;
}

/** void: the hold is released whole. */
export const voidResolution = (
  payment: Payment,
  authorization: Authorization,
  recorder: Recorder,
): Resolution => voidHold(holdOf(payment, authorization), recorder.now, recorder.execution);

/** expiry: the hold is released whole. Undefined while the authorization still stands. */
export const expiredResolution = (
  payment: Payment,
  authorization: Authorization,
  recorder: Recorder,
): Resolution | undefined => expireHold(holdOf(payment, authorization), recorder.now, recorder.execution);

/** refund R (pending): debit 2110 R, or 2100 R while the payment is unsettled; credit 1100 R. */
export function refundHold(
  refund: Refund,
  authorization: Authorization,
  recorder: Recorder,
): Result<Hold, MalformedEntry> {
  const { book, n, total } = refund;
  invariant(refund.from !== undefined, `${refund.id} goes back through an acquirer`);
  return checkEntry({
    id: sagaEntryId(refund.payment, "refund", n),
    book,
    state: "pending",
    legs: [
      debit(systemAccount(book, refund.from, total.currency), total.amount, total.currency),
      credit(
        acquirerAccount(book, 1100, authorization.acquirer, total.currency),
        total.amount,
        total.currency,
      ),
    ],
    effectiveAt: recorder.now,
    recordedAt: recorder.now,
    execution: recorder.execution,
  });
}

/** refund R: what was held is posted, whole. */
export function refundPosted(refund: Refund, authorization: Authorization, recorder: Recorder): Resolution {
  const hold = refundHoldOf(refund, authorization);
  const posted = postHold(hold, {
    id: sagaEntryId(refund.payment, "refunded", refund.n),
    legs: hold.legs,
    at: recorder.now,
    execution: recorder.execution,
  });
  invariant(posted.ok, `${refund.id} posts what it holds`);
  return posted.value;
}

/** A refund that nobody gave: its hold is released whole. */
export const refundVoided = (refund: Refund, authorization: Authorization, recorder: Recorder): Resolution =>
  voidHold(refundHoldOf(refund, authorization), recorder.now, recorder.execution);

function refundHoldOf(refund: Refund, authorization: Authorization): Hold {
  const hold = refundHold(refund, authorization, { now: refund.updatedAt, execution: "" });
  invariant(hold.ok, `the hold of ${refund.id} was well-formed when it was posted`);
  return hold.value;
}

/**
 * A wallet pays A: debit the account A, credit the merchant's sales A, at once. Money of user accounts never reaches a
 * system account, so there is no fee in it.
 */
export const walletTransfer = (
  payment: Payment,
  method: AccountMethod,
  recorder: Recorder,
): Result<JournalEntry, MalformedEntry> =>
  // Sales have no limit: from them, any amount could be paid.
  salesCurrency(method.account) !== undefined
    ? err("account_repeated")
    : postedEntry(payment, sagaEntryId(payment.id, "transfer"), recorder, [
        debit(method.account, payment.total.amount, payment.total.currency),
        credit(salesAccount(payment.total.currency), payment.total.amount, payment.total.currency),
      ]);

/** A wallet is paid back R: debit the merchant's sales R, credit the account R. */
export const walletRefund = (
  refund: Refund,
  method: AccountMethod,
  recorder: Recorder,
): Result<JournalEntry, MalformedEntry> =>
  postedEntry(refund, sagaEntryId(refund.payment, "refunded", refund.n), recorder, [
    debit(salesAccount(refund.total.currency), refund.total.amount, refund.total.currency),
    credit(method.account, refund.total.amount, refund.total.currency),
  ]);

const postedEntry = (
  { book }: Pick<Payment, "book">,
  id: EntryId,
  { now, execution }: Recorder,
  legs: readonly Leg[],
): Result<JournalEntry, MalformedEntry> =>
  checkEntry({ id, book, state: "posted", legs, effectiveAt: now, recordedAt: now, execution });

/** The hold follows from the payment alone: resolving it needs no read of the journal. */
function holdOf(payment: Payment, authorization: Authorization): Hold {
  const hold = holdEntry(payment, authorization, { now: payment.updatedAt, execution: "" });
  invariant(hold.ok, `the hold of ${payment.id} was well-formed when it was posted`);
  return hold.value;
}

function holdLegs(payment: Payment, authorization: Authorization): Leg[] {
  const { book, total } = payment;
  return [
    debit(acquirerAccount(book, 1100, authorization.acquirer, total.currency), total.amount, total.currency),
    credit(systemAccount(book, 2100, total.currency), total.amount, total.currency),
  ];
}
