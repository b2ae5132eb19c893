import { invariant } from "../kernel/invariant.ts";
import type { Result } from "../kernel/result.ts";
import { acquirerAccount, systemAccount } from "../ledger/chart.ts";
import { checkEntry, credit, debit, type Hold, type Leg } from "../ledger/entry.ts";
import type { MalformedEntry, ResolutionRefusal } from "../ledger/errors.ts";
import { postHold, type Resolution, voidHold } from "../ledger/resolution.ts";
import { money } from "../money/money.ts";
import { captureFee } from "../pricing/fee-schedule.ts";
import { sagaEntryId } from "./ids.ts";
import type { Authorization, Payment } from "./payment.ts";

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

/** void: the hold is released whole. */
export const voidResolution = (
  payment: Payment,
  authorization: Authorization,
  recorder: Recorder,
): Resolution => voidHold(holdOf(payment, authorization), recorder.now, recorder.execution);

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
