import type { SFNClient } from "@aws-sdk/client-sfn";
import type { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { EventStore } from "#adapters/dynamodb/event-store.ts";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Redactions } from "#adapters/dynamodb/redactions.ts";
import type { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { recoveryRunsOf, runNamed, type SagaRun } from "#adapters/stepfunctions/recovery-runs.ts";
import { type Dispute, endOf, lossOf } from "#core/disputes/dispute.ts";
import { disputeEntryId } from "#core/disputes/ids.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import { openTexts } from "#core/events/sealed-texts.ts";
import type { EntryId, Leg } from "#core/ledger/entry.ts";
import { type JournalRecord, recordedAtOf } from "#core/ledger/journal.ts";
import { type DeadLetter, isOpen } from "#core/operations/dead-letter.ts";
import { parsePaymentId, sagaEntryId } from "#core/payments/ids.ts";
import type { HoldWord } from "#core/payments/legal-hold.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { paymentView } from "#core/payments/view.ts";
import { type Answer, found } from "../http/answer.ts";
import { Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";
import { findInBooks, merchantQuery } from "./in-books.ts";
import { reviewView, wordView } from "./word-view.ts";

export interface TimelinePorts {
  readonly payments: Pick<PaymentStore, "get">;
  readonly refunds: Pick<RefundStore, "get">;
  readonly disputes: Pick<DisputeStore, "ofPayment">;
  readonly redactions: Pick<Redactions, "hold">;
  readonly journal: Pick<JournalStore, "find">;
  readonly events: Pick<EventStore, "ofPayment">;
  readonly deadLetters: Pick<DeadLetterStore, "list">;
  readonly merchants: Pick<MerchantStore, "ids">;
  readonly executions: SFNClient;
  readonly recoveryArn: string;
  readonly disputeArn: string;
}

/** Something that happened to a payment. `at` in epoch milliseconds, and as text in the answer. */
interface Moment {
  readonly at: number;
  readonly kind: "event" | "journal" | "refund" | "dispute" | "recovery" | "operator" | "dead_letter";
  readonly what: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** A payment of 50 refunds has some 200 versions. */
const eventPageSize = 100;
const eventPagesMax = 10;
/** Letters are rare: whoever has more than these reads them by themselves. */
const letterPageSize = 100;
const letterPagesMax = 10;

/** `GET /v1/ops/payments/{id}/timeline`: all that is known of what happened to one payment, oldest first. */
export function showTimelines(ports: TimelinePorts) {
  return async (request: ApiRequest): Promise<Answer> => {
    requireOperator(request, "ops.read", "ops.write");
    const { merchant } = readQuery(request, merchantQuery);
    const id = parsePaymentId(request.parameters["id"] ?? "");
    const payment =
      id && (await findInBooks(ports.merchants, merchant, (book) => ports.payments.get(book, id)));
    if (payment === undefined) throw new Problem("not_found");
    const disputes = await ports.disputes.ofPayment(payment.book, payment.id);
    const kinds = await Promise.all([
      eventMoments(ports, payment),
      journalMoments(ports, payment, disputes),
      refundMoments(ports, payment),
      disputes.flatMap(momentsOfDispute),
      disputeRunMoments(ports, disputes),
      recoveryMoments(ports, payment),
      letterMoments(ports, payment),
      wordMoments(payment.id, payment.words),
      holdMoments(ports, payment),
    ]);
    const moments = kinds.flat().toSorted((one, other) => one.at - other.at);
    return found({
      object: "timeline",
      merchant: payment.book,
      payment: paymentView(payment),
      review: reviewView(payment),
      data: moments.map(({ at, detail = {}, ...rest }) => ({
        at: new Date(at).toISOString(),
        ...rest,
        ...detail,
      })),
    });
  };
}

/** What operators said of what was in review. What came of it is told by what follows. */
const wordMoments = (of: string, words: Payment["words"] | Refund["words"] = []): Moment[] =>
  words.map((word) => ({
    at: word.at,
    kind: "operator",
    what: `${word.by} says that ${of} is ${word.as}: ${word.evidence}`,
    detail: { word: wordView(word) },
  }));

/** Who wanted it kept as it is, and until when. */
async function holdMoments({ redactions }: TimelinePorts, { book, id }: Payment): Promise<Moment[]> {
  const hold = await redactions.hold(book, id);
  const moment = ({ by, at, reason }: HoldWord, did: string): Moment => ({
    at,
    kind: "operator",
    what: `${by} ${did} a legal hold: ${reason}`,
  });
  return (hold?.placings ?? []).flatMap(({ placed, lifted }) => [
    moment(placed, "places"),
    ...(lifted === undefined ? [] : [moment(lifted, "lifts")]),
  ]);
}

async function eventMoments({ events }: TimelinePorts, { book, id, textKey }: Payment): Promise<Moment[]> {
  const all: PublishedEvent[] = [];
  let after = 0;
  for (let page = 0; page < eventPagesMax; page += 1) {
    const { events: some, next } = await events.ofPayment(book, id, { limit: eventPageSize, after });
    all.push(...some);
    if (next === undefined) break;
    after = next;
  }
  return all.map((event) => ({
    at: Date.parse(event.created_at),
    kind: "event",
    what: event.type,
    detail: {
      event: event.id,
      sequence: event.sequence,
      state: event.data["state"],
      ...textsIn(event, textKey),
    },
  }));
}

/** What people wrote, as this event tells it: opened with the payment's key, or `erased` with that. */
function textsIn(event: PublishedEvent, textKey: string | undefined) {
  if (event.sealed === undefined) return {};
  if (textKey === undefined) return { texts: "erased" };
  return { texts: openTexts(event.sealed, textKey, event.id) ?? "not sealed under the payment's key" };
}

async function journalMoments(
  { journal }: TimelinePorts,
  payment: Payment,
  disputes: readonly Dispute[],
): Promise<Moment[]> {
  const ids = [
    sagaEntryId(payment.id, "authorize"),
    sagaEntryId(payment.id, "transfer"),
    ...(payment.refunds ?? []).flatMap((_, index) => [
      sagaEntryId(payment.id, "refund", index + 1),
      sagaEntryId(payment.id, "refunded", index + 1),
    ]),
    ...disputes.flatMap(({ id }) => [
      disputeEntryId(payment.id, "chargeback", id),
      disputeEntryId(payment.id, "chargeback_won", id),
    ]),
  ];
  return (await journal.find(payment.book, ids)).map(momentOf);
}

function momentOf(record: JournalRecord): Moment {
  const moment = (id: EntryId, verb: string, legs: readonly Leg[]): Moment => ({
    at: recordedAtOf(record),
    kind: "journal",
    what: `${id} ${verb}`,
    detail: { entry: id, legs: legs.map(legView) },
  });
  switch (record.type) {
    case "failure":
      return moment(record.entry.id, `refused: ${record.refusal}`, record.entry.legs);
    case "entry":
      return moment(record.entry.id, record.entry.state === "pending" ? "held" : "posted", record.entry.legs);
    case "resolution": {
      const { resolution } = record;
      return resolution.kind === "posted"
        ? moment(resolution.entry.id, "posted", resolution.entry.legs)
        : moment(resolution.hold, resolution.kind, resolution.released);
    }
  }
}

const legView = ({ account, side, amount, currency }: Leg) => ({ account, side, amount, currency });

async function refundMoments({ refunds }: TimelinePorts, { book, refunds: ids = [] }: Payment) {
  const those = await inTurn(ids, (id) => refunds.get(book, id));
  return those.flatMap(momentsOfRefund);
}

/** When it began, and how it stands since it last moved. */
function momentsOfRefund(refund: Refund): Moment[] {
  const { id, n, total, createdAt, updatedAt, state, version } = refund;
  const moment = (at: number, what: string): Moment => ({
    at,
    kind: "refund",
    what: `${id} ${what}`,
    detail: { refund: id, n, amount: total.amount, currency: total.currency, version },
  });
  const began = moment(createdAt, "began");
  const moved = version === 1 ? [] : [moment(updatedAt, state)];
  return [began, ...wordMoments(id, refund.words), ...moved];
}

/** What became of a dispute so far. What the merchant wrote is for the acquirer. */
function momentsOfDispute(dispute: Dispute): Moment[] {
  const { id, total, fee, reason, acquirer, reference, evidence, state, createdAt } = dispute;
  const moment = (at: number, what: string): Moment => ({
    at,
    kind: "dispute",
    what: `${id} ${what}`,
    detail: { dispute: id, amount: total.amount, fee, currency: total.currency, acquirer, reference },
  });
  const because = lossOf(dispute);
  const endedAt = endOf(dispute);
  return [
    moment(createdAt, `opened by ${acquirer} as ${reference}: ${reason}`),
    ...(evidence === undefined ? [] : [moment(evidence.givenAt, "was given evidence")]),
    ...(evidence?.submittedAt === undefined ? [] : [moment(evidence.submittedAt, "is under review")]),
    ...(endedAt === undefined
      ? []
      : [moment(endedAt, because === undefined ? state : `${state}: ${because}`)]),
  ];
}

/** The saga that goes with each from its opening to its end is named after it. */
async function disputeRunMoments({ executions, disputeArn }: TimelinePorts, disputes: readonly Dispute[]) {
  const runs = await inTurn(disputes, ({ id }) => runNamed(executions, disputeArn, id));
  return runs.flatMap((run) => momentsOfRun({ ...run, name: `saga of ${run.name}` }, "dispute"));
}

async function recoveryMoments({ executions, recoveryArn }: TimelinePorts, { id, version }: Payment) {
  const runs = await recoveryRunsOf(executions, recoveryArn, id, version);
  return runs.flatMap((run) => momentsOfRun(run));
}

function momentsOfRun(
  { name, status, startedAt, stoppedAt, error }: SagaRun,
  kind: Moment["kind"] = "recovery",
): Moment[] {
  const moment = (at: number, what: string): Moment => ({
    at,
    kind,
    what: `${name} ${what}`,
    detail: { execution: name, ...(error === undefined ? {} : { error }) },
  });
  const started = moment(startedAt, "started");
  return stoppedAt === undefined ? [started] : [started, moment(stoppedAt, status.toLowerCase())];
}

async function letterMoments({ deadLetters }: TimelinePorts, { id }: Payment): Promise<Moment[]> {
  const letters: DeadLetter[] = [];
  let before: string | undefined;
  for (let page = 0; page < letterPagesMax; page += 1) {
    const { letters: some, next } = await deadLetters.list({
      limit: letterPageSize,
      ...(before === undefined ? {} : { before }),
    });
    letters.push(...some.filter(({ payment }) => payment === id));
    if (next === undefined) break;
    before = next;
  }
  return letters.flatMap((letter) => [
    {
      at: letter.receivedAt,
      kind: "dead_letter" as const,
      what: `${letter.id} given up: ${letter.reason}`,
      detail: { dead_letter: letter.id, state: isOpen(letter) ? "open" : "replayed" },
    },
    ...letter.replays.map(({ at, by, done }) => ({
      at,
      kind: "dead_letter" as const,
      what: `${letter.id} ${done}`,
      detail: { dead_letter: letter.id, by },
    })),
  ]);
}

/** So many reads at once: a payment may have 50 refunds, and a function 29 seconds. */
const readsAtOnceMax = 10;

async function inTurn<Id, Read>(
  ids: readonly Id[],
  read: (id: Id) => Promise<Read | undefined>,
): Promise<Read[]> {
  const all: Read[] = [];
  for (let start = 0; start < ids.length; start += readsAtOnceMax) {
    const some = await Promise.all(ids.slice(start, start + readsAtOnceMax).map(read));
    all.push(...some.filter((each) => each !== undefined));
  }
  return all;
}
