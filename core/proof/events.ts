import { fixedEventId } from "../events/event-id.ts";
import { type LedgerEvent, ledgerEventOf } from "../events/ledger-event.ts";
import { type PublishedEvent, told } from "../events/payment-event.ts";
import { noTexts } from "../events/sealed-texts.ts";
import { entryIdOf, type JournalRecord } from "../ledger/journal.ts";
import type { Payment } from "../payments/payment.ts";
import { isPaymentState, mayMove } from "../payments/states.ts";
import { canonical } from "./canonical.ts";
import { type Finding, found } from "./finding.ts";

/**
 * Invariants 8, 10 and 11, of data that was read anywhere: by a test, or by `ops prove`. Nothing wrong is an empty list.
 * All are about a moment in which nothing is on its way any more.
 */

/**
 * Invariant 10: a committed transition is an event, and an event a committed transition. Each version of each payment was
 * delivered at least once, always under the same id and with the same words, and nothing else was.
 * @param payments as the table holds them
 * @param delivered what was published for them, repetitions included, in any order
 */
export function checkOutbox(payments: Iterable<Payment>, delivered: Iterable<PublishedEvent>): Finding[] {
  const wrong = (subject: string, what: string): Finding => found("outbox", subject, what);
  const findings: Finding[] = [];
  const events = new Map<string, Map<number, PublishedEvent>>();
  for (const event of delivered) {
    const ofPayment = events.get(event.data.id) ?? new Map<number, PublishedEvent>();
    events.set(event.data.id, ofPayment);
    const earlier = ofPayment.get(event.sequence);
    if (earlier === undefined) ofPayment.set(event.sequence, event);
    else if (!isSame(earlier, event))
      findings.push(wrong(event.data.id, `version ${event.sequence} was told in two ways`));
  }
  for (const payment of payments) {
    const ofPayment = events.get(payment.id) ?? new Map<number, PublishedEvent>();
    events.delete(payment.id);
    for (let version = 1; version <= payment.version; version += 1)
      if (!ofPayment.has(version)) findings.push(wrong(payment.id, `version ${version} has no event`));
    for (const event of ofPayment.values())
      findings.push(...eventFindings(payment, event).map((what) => wrong(payment.id, what)));
  }
  for (const payment of events.keys()) findings.push(wrong(payment, "has events, and is not stored"));
  return findings;
}

function eventFindings(payment: Payment, event: PublishedEvent): string[] {
  const { sequence, book, id } = event;
  if (sequence > payment.version) return [`version ${sequence} has an event, and was never committed`];
  const findings: string[] = [];
  if (id !== fixedEventId(payment.id, sequence, Date.parse(event.created_at)))
    findings.push(`version ${sequence} has the id ${id}, which is not its own`);
  if (book !== payment.book) findings.push(`version ${sequence} is told to ${book}`);
  const says = told(payment, id);
  if (sequence === payment.version && !isSame(event.data, says.data))
    findings.push(`version ${sequence} is told as something that it is not`);
  findings.push(...textFindings(payment, event, says.sealed));
  return findings;
}

/**
 * What people wrote never changes: each event has it sealed, in the same words, while the payment has the key. When that is
 * gone nobody can tell any more what the seal hides, and that is its purpose.
 */
function textFindings({ textKey }: Payment, { sequence, data, sealed }: PublishedEvent, expected?: string) {
  if (textKey === undefined) return [];
  const shown = Object.entries(noTexts).filter(([name, nothing]) => !isSame(data[name], nothing));
  return [
    ...(sealed === expected ? [] : [`version ${sequence} has not sealed what its payment says`]),
    ...shown.map(([name]) => `version ${sequence} tells its ${name} without a seal`),
  ];
}

const isSame = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

/**
 * Invariant 10, of the journal: each record was told at least once, always in the same words, and nothing else was.
 * @param records as the table holds them
 * @param delivered what was published of them, repetitions included, in any order
 */
export function checkJournalTold(
  records: Iterable<JournalRecord>,
  delivered: Iterable<LedgerEvent>,
): Finding[] {
  const findings: Finding[] = [];
  const wrong = (subject: string, what: string) => findings.push(found("journal told", subject, what));
  const told = Map.groupBy(delivered, ({ id }) => id);
  for (const record of records) {
    const event = ledgerEventOf(record);
    const events = told.get(event.id);
    told.delete(event.id);
    if (events === undefined) wrong(entryIdOf(record), `its ${record.type} has no event`);
    else if (!events.every((each) => isSame(each, event)))
      wrong(entryIdOf(record), `its ${record.type} is told as something that it is not`);
  }
  for (const [id, [event]] of told)
    wrong(event?.record.entry ?? id, `${id} tells of a record that is not there`);
  return findings;
}

/**
 * Invariant 11: a sink applied each event at most once, and holds those of each payment from the first on without a gap.
 * @param applied one entry for each time that the sink applied an event, in any order
 */
export function checkSink(
  applied: Iterable<Pick<PublishedEvent, "id" | "sequence"> & { readonly data: { readonly id: string } }>,
): Finding[] {
  const findings: Finding[] = [];
  const wrong = (subject: string, what: string) => findings.push(found("sink", subject, what));
  const ids = new Set<string>();
  const sequences = new Map<string, Set<number>>();
  for (const { id, sequence, data } of applied) {
    if (ids.has(id)) wrong(data.id, `${id} was applied twice`);
    ids.add(id);
    const ofPayment = sequences.get(data.id) ?? new Set<number>();
    sequences.set(data.id, ofPayment);
    ofPayment.add(sequence);
  }
  for (const [payment, ofPayment] of sequences) {
    const last = Math.max(...ofPayment);
    for (let sequence = 1; sequence <= last; sequence += 1)
      if (!ofPayment.has(sequence)) wrong(payment, `${last} is there, and ${sequence} is missing`);
  }
  return findings;
}

/**
 * Invariant 8, from the events of payments: each begins as `processing` and moves along the table, or begins or ends an
 * operation where it stands. What is missing is the sink's matter.
 */
export function checkCourse(events: Iterable<PublishedEvent>): Finding[] {
  const findings: Finding[] = [];
  for (const [payment, those] of Map.groupBy(events, ({ data }) => data.id)) {
    const wrong = (what: string) => findings.push(found("transitions", payment, what));
    let before: PublishedEvent | undefined;
    for (const event of those.toSorted((a, b) => a.sequence - b.sequence)) {
      const [from, to] = [before?.data["state"], event.data["state"]];
      if (event.sequence === 1 && to !== "processing") wrong(`begins as ${to}`);
      const isNext = before !== undefined && event.sequence === before.sequence + 1;
      if (isNext && !mayFollow(String(from), String(to)))
        wrong(`moved from ${from} to ${to} (version ${event.sequence})`);
      before = event;
    }
  }
  return findings;
}

const mayFollow = (from: string, to: string): boolean =>
  isPaymentState(from) && isPaymentState(to) && (from === to || mayMove(from, to));
