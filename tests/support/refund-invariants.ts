import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import { sagaEntryId } from "#core/payments/ids.ts";
import { capturedOf, type Payment, refundedOf, refundPendingOf } from "#core/payments/payment.ts";
import { isHeld, type Refund, refundMayMove } from "#core/payments/refund.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import type { Stored } from "./stored.ts";

/**
 * Refunds, their payments and the journal say the same: the n-th refund of a payment has the n-th entry, what succeeded
 * adds up to what the payment gave back, and the one that is open is the payment's operation.
 */
export function checkRefunds({
  payments,
  refunds,
  journal,
}: Pick<Stored, "payments" | "refunds" | "journal">): Finding[] {
  if (payments.every(({ refunds: begun, method }) => begun === undefined && method.type === "card"))
    return [];
  const records = Map.groupBy(journal, entryIdOf);
  const byPayment = Map.groupBy(refunds, ({ payment }) => payment);
  return payments.flatMap((payment) => [
    ...transferFindings(payment, records),
    ...refundFindings(payment, byPayment.get(payment.id) ?? [], records),
  ]);
}

type Records = ReadonlyMap<string, readonly JournalRecord[]>;

function transferFindings(payment: Payment, records: Records): Finding[] {
  const isPaid = payment.method.type === "account" && capturedOf(payment) > 0n;
  const isBooked = records.has(sagaEntryId(payment.id, "transfer"));
  return isPaid === isBooked
    ? []
    : [
        found(
          "holds",
          payment.id,
          `is ${payment.state}, and its transfer is ${isBooked ? "there" : "not there"}`,
        ),
      ];
}

function refundFindings(payment: Payment, refunds: readonly Refund[], records: Records): Finding[] {
  const findings: Finding[] = [];
  const wrong = (what: string) => findings.push(found("refunds", payment.id, what));
  const begun = payment.refunds ?? [];
  if (refunds.length !== begun.length)
    wrong(`has begun ${begun.length} refunds, and ${refunds.length} are stored`);
  for (const refund of refunds) {
    if (begun[refund.n - 1] !== refund.id)
      wrong(`its refund ${refund.n} is ${begun[refund.n - 1]}, not ${refund.id}`);
    const money = moneyOf(refund, records);
    if (!whereabouts(refund).includes(money))
      wrong(`refund ${refund.n} is ${refund.state}, and its money is ${money}`);
  }
  const sum = (isMeant: (refund: Refund) => boolean): bigint =>
    refunds.reduce((total, refund) => (isMeant(refund) ? total + refund.total.amount : total), 0n);
  const succeeded = sum(({ state }) => state === "succeeded");
  if (succeeded !== refundedOf(payment))
    wrong(`has refunded ${refundedOf(payment)}, its refunds ${succeeded}`);
  const open = sum(({ state }) => refundMayMove(state, "failed"));
  if (open !== refundPendingOf(payment))
    wrong(`${refundPendingOf(payment)} is to be refunded, its refunds say ${open}`);
  return findings;
}

type Money = "nowhere" | "held" | "posted" | "voided" | "expired";

/** Where its money may be in the journal. */
function whereabouts(refund: Refund): readonly Money[] {
  switch (refund.state) {
    case "processing":
    case "in_review":
      return [isHeld(refund) ? "held" : "nowhere"];
    case "succeeded":
      return ["posted"];
    case "failed":
      // An account refused to hold it, or the hold was released.
      return ["nowhere", "voided"];
  }
}

function moneyOf(refund: Refund, records: Records): Money {
  const hold = records.get(sagaEntryId(refund.payment, "refund", refund.n)) ?? [];
  const resolution = hold.find((record) => record.type === "resolution")?.resolution;
  const isPosted = records.has(sagaEntryId(refund.payment, "refunded", refund.n));
  return resolution?.kind ?? (hold.length > 0 ? "held" : isPosted ? "posted" : "nowhere");
}

/** Refunds move only along their table, by one version, and what was asked for never changes. */
export function checkRefundTransition(before: Refund | undefined, after: Refund): Finding[] {
  const wrong = (what: string) => [found("transitions", after.id, what)];
  if (before === undefined) {
    const isFirst = after.version === 1 && after.state === "processing" && !after.held;
    return isFirst ? [] : wrong(`begins as ${after.state}, version ${after.version}`);
  }
  const isHold = before.state === after.state && !isHeld(before) && isHeld(after);
  if ((!isHold && !refundMayMove(before.state, after.state)) || after.version !== before.version + 1)
    return wrong(
      `moved from ${before.state} (version ${before.version}) to ${after.state} (version ${after.version})`,
    );
  const isAgreed =
    before.payment === after.payment &&
    before.n === after.n &&
    before.total.amount === after.total.amount &&
    before.total.currency === after.total.currency &&
    before.from === after.from &&
    before.fingerprint === after.fingerprint;
  return isAgreed ? [] : wrong("changed what was agreed");
}
