import { absurd, invariant } from "../kernel/invariant.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { type Authorization, authorizationOf, capturedOf, type Payment } from "../payments/payment.ts";
import {
  captureResolution,
  expiredResolution,
  holdEntry,
  type Recorder,
  refundHold,
  refundPosted,
  refundVoided,
  settlementEntry,
  voidResolution,
  walletRefund,
  walletTransfer,
} from "../payments/postings.ts";
import { isHeld, type Refund } from "../payments/refund.ts";
import { expectedHold } from "../proof/holds.ts";
import { type Arrived, inJournal, type Torn } from "./arrived.ts";

export interface Completed {
  /** Records that were committed with what arrived, and did not arrive themselves. */
  readonly records: readonly JournalRecord[];
  readonly torn: readonly Torn[];
}

/**
 * The journal's half of transactions whose other half is here. A payment that shows a step was written in one transaction
 * with its record, so the record was committed where it was written, and follows from the payment to the last leg.
 * What the journal is ahead of is not looked at here.
 */
export function completeJournal(arrived: Arrived, execution: string): Completed {
  const { payment, refunds } = arrived;
  const own = payment.method.type === "account" ? ofWallet(arrived, execution) : ofCard(arrived, execution);
  const all = [own, ...refunds.map((refund) => ofRefund(arrived, refund, execution))];
  return { records: all.flatMap(({ records }) => records), torn: all.flatMap(({ torn }) => torn) };
}

const nothing: Completed = { records: [], torn: [] };
const missing = (...records: readonly JournalRecord[]): Completed => ({ records, torn: [] });
const torn = (subject: string, what: string): Completed => ({ records: [], torn: [{ subject, what }] });

/** As it was when the step was written: balances of that day are right again. */
const recorderOf = ({ updatedAt }: Payment | Refund, execution: string): Recorder => ({
  now: updatedAt,
  execution,
});

function ofWallet(arrived: Arrived, execution: string): Completed {
  const { payment } = arrived;
  invariant(payment.method.type === "account", `${payment.id} is a wallet's`);
  if (payment.state !== "captured" || inJournal(arrived, "transfer").entry !== undefined) return nothing;
  const transfer = walletTransfer(payment, payment.method, recorderOf(payment, execution));
  return transfer.ok
    ? missing(entryRecord(transfer.value))
    : torn(payment.id, `is captured, and its transfer cannot be written: ${transfer.error}`);
}

function ofCard(arrived: Arrived, execution: string): Completed {
  const { payment } = arrived;
  const authorization = authorizationOf(payment);
  const expected = expectedHold(payment);
  if (authorization === undefined || expected === "nothing") return nothing;
  const { entry, resolution } = inJournal(arrived, "authorize");
  const hold = entry === undefined ? holdOf(payment, authorization, execution) : [];
  if (expected === "held") return missing(...hold);
  const settled = settledOf(arrived, execution);
  if (resolution !== undefined)
    return resolution.kind === expected
      ? missing(...hold, ...settled)
      : torn(payment.id, `is ${payment.state}, and its hold is ${resolution.kind}`);
  const end = endOf(payment, authorization, expected, execution);
  return end === undefined
    ? torn(payment.id, `is ${payment.state}, and the end of its hold is lost`)
    : missing(...hold, end, ...settled);
}

function settledOf(arrived: Arrived, execution: string): JournalRecord[] {
  const { payment } = arrived;
  if (payment.state !== "settled" || inJournal(arrived, "settle").entry !== undefined) return [];
  const entry = settlementEntry(payment, recorderOf(payment, execution));
  return entry === undefined ? [] : [entryRecord(entry)];
}

function holdOf(payment: Payment, authorization: Authorization, execution: string): JournalRecord[] {
  const hold = holdEntry(payment, authorization, recorderOf(payment, execution));
  invariant(hold.ok, `the hold of ${payment.id} was well-formed when it was posted`);
  return [entryRecord(hold.value)];
}

function endOf(
  payment: Payment,
  authorization: Authorization,
  expected: "posted" | "voided" | "expired",
  execution: string,
): JournalRecord | undefined {
  const recorder = recorderOf(payment, execution);
  switch (expected) {
    case "posted": {
      // A refund may have moved the payment since; its capture was in time.
      const inTime = { ...recorder, now: Math.min(recorder.now, authorization.expiresAt - 1) };
      const posted = captureResolution(payment, authorization, capturedOf(payment), inTime);
      return posted.ok ? resolutionRecord(posted.value) : undefined;
    }
    case "voided":
      return resolutionRecord(voidResolution(payment, authorization, recorder));
    case "expired": {
      const late = { ...recorder, now: Math.max(recorder.now, authorization.expiresAt) };
      const expired = expiredResolution(payment, authorization, late);
      return expired === undefined ? undefined : resolutionRecord(expired);
    }
    default:
      return absurd(expected);
  }
}

function ofRefund(arrived: Arrived, refund: Refund, execution: string): Completed {
  const { payment } = arrived;
  if (payment.method.type === "account") return ofWalletRefund(arrived, refund, execution);
  const authorization = authorizationOf(payment);
  if (authorization === undefined) return torn(refund.id, `is of ${payment.id}, which was never authorized`);
  const recorder = recorderOf(refund, execution);
  const { entry, resolution } = inJournal(arrived, "refund", refund.n);
  const hold = entry === undefined ? heldFor(refund, authorization, recorder) : [];
  switch (refund.state) {
    case "succeeded":
      if (resolution === undefined)
        return missing(...hold, resolutionRecord(refundPosted(refund, authorization, recorder)));
      return resolution.kind === "posted"
        ? missing(...hold)
        : torn(refund.id, `succeeded, and its hold is ${resolution.kind}`);
    case "failed":
      // One that failed before its money was set aside has neither.
      if (entry === undefined && resolution === undefined) return nothing;
      if (resolution === undefined)
        return missing(resolutionRecord(refundVoided(refund, authorization, recorder)));
      return resolution.kind === "voided"
        ? missing(...hold)
        : torn(refund.id, `failed, and its hold is ${resolution.kind}`);
    case "processing":
    case "in_review":
      // What the journal is ahead of, the refund's saga finds.
      return isHeld(refund) ? missing(...hold) : nothing;
    default:
      return absurd(refund);
  }
}

function heldFor(refund: Refund, authorization: Authorization, recorder: Recorder): JournalRecord[] {
  const hold = refundHold(refund, authorization, recorder);
  invariant(hold.ok, `the hold of ${refund.id} was well-formed when it was posted`);
  return [entryRecord(hold.value)];
}

function ofWalletRefund(arrived: Arrived, refund: Refund, execution: string): Completed {
  const { method } = arrived.payment;
  invariant(method.type === "account", `${arrived.payment.id} is a wallet's`);
  const { entry } = inJournal(arrived, "refunded", refund.n);
  if (refund.state !== "succeeded" || entry !== undefined) return nothing;
  const back = walletRefund(refund, method, recorderOf(refund, execution));
  return back.ok
    ? missing(entryRecord(back.value))
    : torn(refund.id, `succeeded, and its entry cannot be written: ${back.error}`);
}
