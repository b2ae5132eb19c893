import { salesAccount } from "../ledger/account.ts";
import { credit, debit, debitsOf, isSameMoney, type JournalEntry } from "../ledger/entry.ts";
import { entryIdOf, type InJournal, type JournalRecord, standingIn } from "../ledger/journal.ts";
import type { Resolution } from "../ledger/resolution.ts";
import { type SagaEntryKind, sagaEntryId } from "../payments/ids.ts";
import {
  authorizationOf,
  capturedOf,
  type Payment,
  refundedOf,
  refundPendingOf,
} from "../payments/payment.ts";
import { settlementEntry } from "../payments/postings.ts";
import { isHeld, type Refund, refundMayMove } from "../payments/refund.ts";
import { type Finding, found } from "./finding.ts";
import type { Stored } from "./stored.ts";

type Find = (payment: Payment["id"], kind: SagaEntryKind, n?: number) => InJournal;

/**
 * Invariant 7. A payment, its refunds and its entries say the same, because one transaction wrote them:
 * 0 ≤ refunded ≤ captured ≤ authorized, refunded = Σ succeeded refunds, and each hold is resolved once, in time, and for
 * no more than was held.
 */
export function checkHolds({ payments, refunds, journal }: Omit<Stored, "accounts" | "disputes">): Finding[] {
  const find = finder(journal);
  const ofPayment = Map.groupBy(refunds, ({ payment }) => payment);
  const known = new Set(payments.map(({ id }) => id));
  return [
    ...payments.flatMap((payment) => [
      ...amountFindings(payment),
      ...(payment.method.type === "account" ? walletFindings(payment, find) : cardFindings(payment, find)),
      ...refundsFindings(payment, ofPayment.get(payment.id) ?? [], find),
    ]),
    ...refunds
      .filter(({ payment }) => !known.has(payment))
      .map(({ id, payment }) => found("refunds", id, `is of ${payment}, which is not there`)),
  ];
}

function finder(journal: readonly JournalRecord[]): Find {
  const records = Map.groupBy(journal, entryIdOf);
  return (payment, kind, n) => standingIn(records.get(sagaEntryId(payment, kind, n)) ?? []);
}

function amountFindings(payment: Payment): Finding[] {
  const [refunded, captured] = [refundedOf(payment), capturedOf(payment)];
  const inOrder = refunded >= 0n && refunded <= captured && captured <= payment.total.amount;
  const what = `refunded ${refunded}, captured ${captured} of ${payment.total.amount}`;
  return inOrder ? [] : [found("holds", payment.id, what)];
}

function cardFindings(payment: Payment, find: Find): Finding[] {
  const findings: Finding[] = [];
  const wrong = (what: string) => findings.push(found("holds", payment.id, what));
  const { entry, resolution } = find(payment.id, "authorize");
  const captured = capturedOf(payment);
  const expected = expectedHold(payment);
  const actual = standing({ entry, resolution });
  if (actual !== expected) wrong(`is ${payment.state}, and its hold is ${actual}`);
  if (entry === undefined && resolution !== undefined) wrong("a hold is resolved that was never posted");
  if (entry !== undefined && debitsOf(entry.legs) !== payment.total.amount)
    wrong(`${debitsOf(entry.legs)} is held for ${payment.total.amount}`);
  if (resolution?.kind === "posted") {
    const posted = debitsOf(resolution.entry.legs);
    if (posted !== captured) wrong(`${posted} is posted for ${captured} captured`);
    if (entry?.expiresAt !== undefined && resolution.recordedAt >= entry.expiresAt)
      wrong("the hold was posted after its expiry");
  }
  if (resolution !== undefined && entry !== undefined && !isSameMoney(resolution.released, entry.legs))
    wrong("what is released is not what was held");
  if (!isSettledAs(payment, find(payment.id, "settle").entry))
    wrong("what became available is not what its settlement left");
  return findings;
}

/** A settled payment's share is available, by an entry of its own; nobody else has one. */
function isSettledAs(payment: Payment, entry: JournalEntry | undefined): boolean {
  const expected =
    payment.state === "settled"
      ? settlementEntry(payment, { now: payment.updatedAt, execution: "" })
      : undefined;
  return isSameMoney(entry?.legs ?? [], expected?.legs ?? []);
}

/** What the journal must say of a card payment as it stands. */
export function expectedHold(payment: Payment): "nothing" | "held" | "posted" | "voided" | "expired" {
  const isAuthorized = authorizationOf(payment) !== undefined;
  switch (payment.state) {
    case "processing":
    case "requires_action":
    case "declined":
    // Its authorization was voided before it was posted.
    case "failed":
      return "nothing";
    case "authorized":
      return "held";
    case "captured":
    case "settled":
      return "posted";
    case "canceled":
      return isAuthorized ? "voided" : "nothing";
    case "expired":
      return isAuthorized ? "expired" : "nothing";
    case "in_review":
      return isAuthorized ? "held" : "nothing";
  }
}

/** A wallet's payment is one entry, there when it is captured, and no hold. */
function walletFindings(payment: Payment, find: Find): Finding[] {
  if (payment.method.type !== "account") return [];
  const { amount, currency } = payment.total;
  const { entry } = find(payment.id, "transfer");
  const isPaid = payment.state === "captured";
  const wrong = (what: string) => [found("holds", payment.id, what)];
  if (find(payment.id, "authorize").entry !== undefined) return wrong("is paid by a wallet, and has a hold");
  if (isPaid !== (entry !== undefined))
    return wrong(`is ${payment.state}, and its transfer is ${entry === undefined ? "nothing" : "posted"}`);
  if (entry === undefined) return [];
  const legs = [
    debit(payment.method.account, amount, currency),
    credit(salesAccount(currency), amount, currency),
  ];
  return isSameMoney(entry.legs, legs) && capturedOf(payment) === amount
    ? []
    : wrong(`its transfer of ${debitsOf(entry.legs)} is not what it took, ${capturedOf(payment)}`);
}

function refundsFindings(payment: Payment, refunds: readonly Refund[], find: Find): Finding[] {
  const findings: Finding[] = [];
  const wrong = (subject: string, what: string) => findings.push(found("refunds", subject, what));
  const given = refunds.reduce(
    (sum, { state, total }) => (state === "succeeded" ? sum + total.amount : sum),
    0n,
  );
  if (given !== refundedOf(payment))
    wrong(payment.id, `refunded is ${refundedOf(payment)}, its refunds come to ${given}`);
  const open = refunds.reduce(
    (all, { state, total }) => (refundMayMove(state, "failed") ? all + total.amount : all),
    0n,
  );
  if (open !== refundPendingOf(payment))
    wrong(payment.id, `${refundPendingOf(payment)} is to be refunded, its refunds say ${open}`);
  const listed = payment.refunds ?? [];
  const ids = new Set<string>(refunds.map(({ id }) => id));
  for (const id of listed) if (!ids.has(id)) wrong(payment.id, `${id} is not there`);
  for (const refund of refunds) {
    if (listed[refund.n - 1] !== refund.id) wrong(refund.id, `is not number ${refund.n} of ${payment.id}`);
    if (refund.total.currency !== payment.total.currency || refund.total.amount < 1n)
      wrong(refund.id, `is of ${refund.total.amount} ${refund.total.currency}`);
    for (const what of entryFindings(payment, refund, find)) wrong(refund.id, what);
  }
  return findings;
}

function entryFindings(payment: Payment, refund: Refund, find: Find): string[] {
  const isWallet = payment.method.type === "account";
  const inJournal = find(payment.id, isWallet ? "refunded" : "refund", refund.n);
  const actual = standing(inJournal);
  const findings = expectedOfRefund(refund, isWallet).includes(actual)
    ? []
    : [`is ${refund.state}, and its ${isWallet ? "entry" : "hold"} is ${actual}`];
  const { entry, resolution } = inJournal;
  if (entry !== undefined && debitsOf(entry.legs) !== refund.total.amount)
    findings.push(`${debitsOf(entry.legs)} is in the journal for ${refund.total.amount}`);
  if (entry === undefined || resolution === undefined) return findings;
  const posted = resolution.kind === "posted" ? resolution.entry.legs : entry.legs;
  if (!isSameMoney(resolution.released, entry.legs) || !isSameMoney(posted, entry.legs))
    findings.push("what is resolved is not what was held");
  return findings;
}

type JournalStanding = "nothing" | "held" | Resolution["kind"];

/** A refund fails before its money was set aside, or after: then the hold is voided. */
function expectedOfRefund(refund: Refund, isWallet: boolean): readonly JournalStanding[] {
  switch (refund.state) {
    case "succeeded":
      return ["posted"];
    case "failed":
      return isWallet ? ["nothing"] : ["nothing", "voided"];
    case "processing":
    case "in_review":
      return [isHeld(refund) ? "held" : "nothing"];
  }
}

function standing({ entry, resolution }: InJournal): JournalStanding {
  if (entry === undefined) return "nothing";
  return entry.state === "posted" ? "posted" : (resolution?.kind ?? "held");
}
