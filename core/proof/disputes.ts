import type { Dispute } from "../disputes/dispute.ts";
import { type DisputeEntryKind, disputeEntryId, disputeEntryIn } from "../disputes/ids.ts";
import { chargebackEntry, chargebackWonEntry } from "../disputes/postings.ts";
import { disputeMayMove, disputeStates } from "../disputes/states.ts";
import { disputeView } from "../disputes/view.ts";
import { type DisputeEvent, disputeEventTypes } from "../events/dispute-event.ts";
import { fixedEventId } from "../events/event-id.ts";
import { isSameMoney } from "../ledger/entry.ts";
import { entryIdOf, type JournalRecord } from "../ledger/journal.ts";
import { authorizationOf, type Payment } from "../payments/payment.ts";
import { canonical } from "./canonical.ts";
import { type Finding, found } from "./finding.ts";
import type { DisputeNote, Stored } from "./stored.ts";

/**
 * Invariants 5 and 7, of disputes. A dispute and its entries say the same, because one transaction wrote them: what is open or
 * over was charged back once, and what is won was returned once. Every entry of a dispute has its dispute, and every dispute
 * its payment, at the acquirer that captured it.
 */
export function checkDisputes({
  payments,
  disputes,
  journal,
}: Omit<Stored, "accounts" | "refunds">): Finding[] {
  const known = new Map<string, Payment>(payments.map((payment) => [payment.id, payment]));
  const ids = new Set<string>(disputes.map(({ id }) => id));
  const records = new Map<string, JournalRecord>(journal.map((record) => [entryIdOf(record), record]));
  return [
    ...disputes.flatMap((dispute) => [
      ...termFindings(dispute, known.get(dispute.payment)).map((what) => found("disputes", dispute.id, what)),
      ...entryFindings(dispute, records).map((what) => found("disputes", dispute.id, what)),
    ]),
    ...[...records.keys()].flatMap((id) => {
      const entry = disputeEntryIn(id);
      return entry === undefined || ids.has(entry.dispute)
        ? []
        : [found("disputes", id, `is of ${entry.dispute}, which is not there`)];
    }),
  ];
}

/**
 * Invariant 8, of disputes. States move only along the table, by one version; within a state evidence comes, or is erased; and
 * what the acquirer said when it opened it never changes.
 */
export function checkDisputeTransition(before: Dispute | undefined, after: Dispute): Finding[] {
  const wrong = (what: string) => [found("transitions", after.id, what)];
  if (before === undefined) {
    const isFirst = after.version === 1 && after.state === "needs_response" && after.evidence === undefined;
    return isFirst ? [] : wrong(`begins as ${after.state}, version ${after.version}`);
  }
  const hasNews = before.evidence?.fingerprint !== after.evidence?.fingerprint;
  const isAlong = before.state === after.state ? hasNews : disputeMayMove(before.state, after.state);
  if (!isAlong || after.version !== before.version + 1)
    return wrong(
      `moved from ${before.state} (version ${before.version}) to ${after.state} (version ${after.version})`,
    );
  if (before.evidence !== undefined && after.evidence?.givenAt !== before.evidence.givenAt)
    return wrong("was given evidence twice");
  return termsOf(before) === termsOf(after) ? [] : wrong("changed what it is about");
}

const termsOf = (dispute: Dispute): string => {
  const { book, payment, acquirer, reference, total, fee, evidenceDueAt, openedAt, createdAt } = dispute;
  const terms = { book, payment, acquirer, reference, evidenceDueAt, openedAt, createdAt };
  return canonical({ ...terms, amount: String(total.amount), currency: total.currency, fee: String(fee) });
};

function termFindings(dispute: Dispute, payment: Payment | undefined): string[] {
  if (payment === undefined) return [`is of ${dispute.payment}, which is not there`];
  const { total, acquirer } = dispute;
  const at = authorizationOf(payment)?.acquirer;
  return [
    ...(payment.state === "captured" || payment.state === "settled"
      ? []
      : [`${payment.id} is ${payment.state}`]),
    ...(at === acquirer ? [] : [`is told by ${acquirer}, and ${payment.id} was captured by ${at}`]),
    ...(total.currency === payment.total.currency && total.amount >= 1n
      ? []
      : [`is of ${total.amount} ${total.currency}`]),
  ];
}

function entryFindings(dispute: Dispute, records: ReadonlyMap<string, JournalRecord>): string[] {
  const recorder = { now: dispute.updatedAt, execution: "" };
  const expected: readonly (readonly [DisputeEntryKind, boolean, ReturnType<typeof chargebackEntry>])[] = [
    ["chargeback", true, chargebackEntry(dispute, recorder)],
    ["chargeback_won", dispute.state === "won", chargebackWonEntry(dispute, recorder)],
  ];
  return expected.flatMap(([kind, isDue, entry]) => {
    const record = records.get(disputeEntryId(dispute.payment, kind, dispute.id));
    const isPosted = record?.type === "entry" && record.entry.state === "posted";
    if (isPosted !== isDue) return [`is ${dispute.state}, and its ${kind} is ${record?.type ?? "nothing"}`];
    if (!isPosted) return [];
    return entry.ok && isSameMoney(record.entry.legs, entry.value.legs)
      ? []
      : [`its ${kind} is not of ${dispute.total.amount} and a fee of ${dispute.fee}`];
  });
}

/** Each dispute is found from its payment, and nothing else is. */
export function checkDisputeNotes(disputes: readonly Dispute[], notes: readonly DisputeNote[]): Finding[] {
  const noted = new Set(notes.map(({ payment, dispute }) => `${payment} ${dispute}`));
  const missing = disputes.flatMap(({ id, payment }) =>
    noted.delete(`${payment} ${id}`) ? [] : [found("disputes", id, `is not noted beside ${payment}`)],
  );
  return [...missing, ...[...noted].map((note) => found("disputes", note, "is noted, and not there"))];
}

/**
 * Invariants 8 and 10, of disputes: each version was told at least once, under the id that is its own, the last one as it
 * stands; states move along the table; and nothing else was told.
 * @param delivered what was published of them, repetitions included, in any order
 */
export function checkDisputesTold(
  disputes: readonly Dispute[],
  delivered: readonly DisputeEvent[],
): Finding[] {
  const events = Map.groupBy(delivered, ({ data }) => data.id);
  const findings = disputes.flatMap((dispute) => {
    const own = (events.get(dispute.id) ?? []).toSorted((one, other) => one.sequence - other.sequence);
    events.delete(dispute.id);
    return toldFindings(dispute, own).map((what) => found("outbox", dispute.id, what));
  });
  return [
    ...findings,
    ...[...events.keys()].map((id) => found("outbox", id, "has events, and is not stored")),
  ];
}

function toldFindings(dispute: Dispute, events: readonly DisputeEvent[]): string[] {
  const told = new Set(events.map(({ sequence }) => sequence));
  const missing = Array.from({ length: dispute.version }, (_, index) => index + 1)
    .filter((version) => !told.has(version))
    .map((version) => `version ${version} has no event`);
  return [...missing, ...events.flatMap((event, index) => eventFindings(dispute, event, events[index - 1]))];
}

function eventFindings(dispute: Dispute, event: DisputeEvent, before: DisputeEvent | undefined): string[] {
  const { sequence, id, book, type, data } = event;
  if (sequence > dispute.version) return [`version ${sequence} has an event, and was never committed`];
  const findings: string[] = [];
  if (id !== fixedEventId(dispute.id, sequence, Date.parse(event.created_at)))
    findings.push(`version ${sequence} has the id ${id}, which is not its own`);
  if (book !== dispute.book) findings.push(`version ${sequence} is told to ${book}`);
  if (!disputeEventTypes.includes(type)) findings.push(`version ${sequence} is told as ${type}`);
  if (sequence === dispute.version && canonical(data) !== canonical(disputeView(dispute)))
    findings.push(`version ${sequence} is told as something that it is not`);
  const [was, is] = [stateOf(before), stateOf(event)];
  const isAlong = was === undefined || is === undefined || was === is || disputeMayMove(was, is);
  if (!isAlong) findings.push(`moved from ${was} to ${is} at version ${sequence}`);
  return findings;
}

const stateOf = (event: DisputeEvent | undefined) =>
  disputeStates.find((state) => state === event?.data.state);
