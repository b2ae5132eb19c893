import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { epochOf } from "#adapters/dynamodb/fence.ts";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { disputeKey, type Key, paymentKey, refundKey } from "#adapters/dynamodb/keys.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { type Cursor, scanSegment } from "#adapters/dynamodb/segment.ts";
import { decode, type StoredItem } from "#adapters/dynamodb/stored.ts";
import type { PaymentStamps, TakeOver } from "#adapters/dynamodb/takeover.ts";
import type { CheckQueue } from "#adapters/sqs/check-queue.ts";
import type { Dispute } from "#core/disputes/dispute.ts";
import { disputeStates, isOver } from "#core/disputes/states.ts";
import type { Arrived } from "#core/failover/arrived.ts";
import { catchUp } from "#core/failover/catch-up.ts";
import { completeDispute, entriesOfDispute } from "#core/failover/complete-dispute.ts";
import { completeJournal } from "#core/failover/complete-journal.ts";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { checkAfterSeconds, checkOf, disputeCheckOf } from "#core/payments/check.ts";
import { type PaymentId, sagaEntryId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { type Refund, refundMayMove } from "#core/payments/refund.ts";
import { inLanes } from "#functions/lanes.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { Keep, PageDone } from "./pass.ts";

export interface PaymentPorts {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly takeOver: Pick<TakeOver, "epoch" | "putRecord">;
  readonly stamps: Pick<PaymentStamps, "touch">;
  readonly payments: Pick<PaymentStore, "get" | "commit">;
  readonly refunds: Pick<RefundStore, "get" | "commitRefund">;
  readonly disputes: Pick<DisputeStore, "note">;
  readonly journal: Pick<JournalStore, "find">;
  readonly checks: Pick<CheckQueue, "send">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Payments at once: each is some reads, and a write or two. */
const atOnce = 24;

const openStates = ["processing", "requires_action", "authorized", "in_review"];
const openDisputes = disputeStates.filter((state) => !isOver(state));
const scannedStates = [...openStates, ...openDisputes];

/** What is open, or was written so lately that a part of it may be missing. Everything else arrived whole, and is over. */
const filter = {
  FilterExpression: `#state IN (${scannedStates.map((state) => `:${state}`).join(", ")}) OR attribute_exists(pending_operation) OR updated_at >= :since`,
  ExpressionAttributeNames: { "#state": "state" },
};

/**
 * Takes over the payments, refunds and disputes of a page. What arrived of each is brought together by what was committed with it;
 * what is open is stamped with this epoch, so that nobody of an earlier one writes over it, and handed to the recovery,
 * which asks the acquirer.
 */
export async function takePayments(
  ports: PaymentPorts,
  where: PassInput,
  cursor: Cursor | undefined,
  keep: Keep,
): Promise<PageDone> {
  const values = {
    ...Object.fromEntries(scannedStates.map((state) => [`:${state}`, { S: state }])),
    ":since": { N: String(where.since) },
  };
  const scan = { TableName: ports.table, ...filter, ExpressionAttributeValues: values };
  const { items, read, next } = await scanSegment(ports.client, scan, where, cursor);
  const taken: Taken[] = [];
  await inLanes([...paymentsIn(items)], atOnce, async ([, found]) => {
    taken.push(await takePayment(ports, found, where.execution, keep));
  });
  const disputes = items.flatMap((item) => {
    const decoded = decode(item);
    return decoded.kind === "dispute" ? [{ dispute: decoded.dispute, epoch: epochOf(item) }] : [];
  });
  let disputesChanged = 0;
  await inLanes(disputes, atOnce, async ({ dispute, epoch }) => {
    disputesChanged += await takeDispute(ports, dispute, epoch, where.execution);
  });
  const open = disputes.filter(({ dispute }) => !isOver(dispute.state));
  const asked = taken.flatMap(({ payment }) =>
    payment !== undefined && isInFlight(payment) ? [payment] : [],
  );
  const checks = [...asked.map(checkOf), ...open.map(({ dispute }) => disputeCheckOf(dispute))];
  await ports.checks.send(checks.map((check) => ({ check, seconds: 0 })));
  return {
    read,
    changed: taken.reduce((sum, { changed }) => sum + changed, 0) + disputesChanged,
    asked: asked.length + open.length,
    next,
  };
}

/**
 * Brings a dispute together with what was committed with it. The journal may be ahead: then the dispute follows when its saga
 * asks the acquirer.
 * @returns how much had to be written
 */
async function takeDispute(
  ports: PaymentPorts,
  dispute: Dispute,
  epoch: number,
  execution: string,
): Promise<number> {
  const journal = await ports.journal.find(dispute.book, entriesOfDispute(dispute));
  let changed = 0;
  for (const record of completeDispute(dispute, journal, execution))
    if (await ports.takeOver.putRecord(record)) changed += 1;
  await ports.disputes.note(dispute);
  if (isOver(dispute.state) || epoch >= ports.takeOver.epoch) return changed;
  await ports.stamps.touch(disputeKey(dispute.book, dispute.id));
  return changed + 1;
}

interface Found {
  readonly book: Book;
  readonly id: PaymentId;
  /** Items of the payment and its refunds that the page has, by their keys. */
  readonly epochs: Map<string, number>;
  refunds: readonly Refund[];
}

interface Taken {
  readonly payment?: Payment;
  readonly changed: number;
}

function paymentsIn(items: readonly StoredItem[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const item of items) {
    const decoded = decode(item);
    if (decoded.kind !== "payment" && decoded.kind !== "refund") continue;
    const { book, id } =
      decoded.kind === "payment"
        ? decoded.payment
        : { book: decoded.refund.book, id: decoded.refund.payment };
    const one: Found = found.get(`${book} ${id}`) ?? { book, id, epochs: new Map(), refunds: [] };
    one.epochs.set(item["pk"]?.S ?? "", epochOf(item));
    if (decoded.kind === "refund") one.refunds = [...one.refunds, decoded.refund];
    found.set(`${book} ${id}`, one);
  }
  return found;
}

async function takePayment(ports: PaymentPorts, found: Found, execution: string, keep: Keep): Promise<Taken> {
  const arrived = await arrivedOf(ports, found);
  if (arrived === undefined) {
    for (const { id } of found.refunds)
      await keep({ subject: id, what: `is of ${found.id}, which did not arrive` });
    return { changed: await stamp(ports, openRefunds(found.refunds), found) };
  }
  const caught = catchUp(arrived, ports.now());
  // What it has caught up with does not show any more what was missing.
  for (const each of caught.torn) await keep(each);
  const stands = await follow(ports, arrived, caught);
  const { records, torn } = completeJournal(stands, execution);
  for (const each of torn) await keep(each);
  let changed = caught.payment.length + caught.refunds.length;
  for (const record of records) if (await ports.takeOver.putRecord(record)) changed += 1;
  const { payment, refunds } = stands;
  const own = isOpen(payment) ? [paymentKey(payment.book, payment.id)] : [];
  changed += await stamp(ports, [...own, ...openRefunds(refunds)], found);
  return { payment, changed };
}

async function arrivedOf(ports: PaymentPorts, found: Found): Promise<Arrived | undefined> {
  const payment = await ports.payments.get(found.book, found.id);
  if (payment === undefined) return undefined;
  const refunds = new Map(found.refunds.map((refund) => [refund.id, refund]));
  for (const id of payment.refunds ?? []) {
    const refund = refunds.get(id) ?? (await ports.refunds.get(found.book, id));
    if (refund !== undefined) refunds.set(id, refund);
  }
  const journal = await ports.journal.find(found.book, entriesOf(payment, refunds.size));
  return { payment, refunds: [...refunds.values()], journal };
}

function entriesOf(payment: Payment, refunds: number): EntryId[] {
  const isWallet = payment.method.type === "account";
  const count = Math.max(refunds, payment.refunds?.length ?? 0);
  return [
    sagaEntryId(payment.id, isWallet ? "transfer" : "authorize"),
    ...Array.from({ length: count }, (_, index) =>
      sagaEntryId(payment.id, isWallet ? "refunded" : "refund", index + 1),
    ),
  ];
}

/** Writes what the payment and its refunds have to catch up with. Somebody who is faster has done it, or goes on from it. */
async function follow(
  ports: PaymentPorts,
  arrived: Arrived,
  caught: ReturnType<typeof catchUp>,
): Promise<Arrived> {
  let { payment } = arrived;
  for (const after of caught.payment) {
    const committed = await ports.payments.commit({ before: payment, after });
    if (committed.kind !== "applied") return arrived;
    payment = committed.payment;
  }
  const refunds = new Map(arrived.refunds.map((refund) => [refund.id, refund]));
  for (const after of caught.refunds) {
    const before = refunds.get(after.id);
    const change = { refund: { after, ...(before === undefined ? {} : { before }) } };
    const committed = await ports.refunds.commitRefund(payment, change);
    if (committed.kind === "applied") refunds.set(after.id, committed.refund);
  }
  return { ...arrived, payment, refunds: [...refunds.values()] };
}

/** @returns how many items had to be stamped: those that this epoch has written have it. */
async function stamp(ports: PaymentPorts, open: readonly Key[], { epochs }: Found): Promise<number> {
  const { epoch } = ports.takeOver;
  // One that the page does not have was stamped when it was caught up with, or is on a page of its own.
  const keys = open.filter(({ pk }) => (epochs.get(pk) ?? epoch) < epoch);
  for (const key of keys) await ports.stamps.touch(key);
  return keys.length;
}

const openRefunds = (refunds: readonly Refund[]): Key[] =>
  refunds.filter(({ state }) => refundMayMove(state, "failed")).map(({ book, id }) => refundKey(book, id));

const isOpen = ({ state, pendingOperation }: Payment): boolean =>
  openStates.includes(state) || pendingOperation !== undefined;

/** Whoever asks an acquirer for it, or waits for one, may be gone. One that waits for its merchant is left alone. */
const isInFlight = (payment: Payment): boolean =>
  checkAfterSeconds(payment) !== undefined ||
  (payment.state === "authorized" && payment.capture === "automatic");
