import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { PaymentStamps, TakeOver } from "#adapters/dynamodb/takeover.ts";
import { CheckQueue, createSqs } from "#adapters/sqs/check-queue.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { passTask } from "./pass.ts";
import { type PaymentPorts, takePayments } from "./payments-page.ts";

const client = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE"), ledger: requiredVariable("LEDGER_TABLE") };
const ports: PaymentPorts = {
  client,
  table: tables.payments,
  takeOver: new TakeOver(client, tables, writerEpoch()),
  stamps: new PaymentStamps(client, tables.payments, writerEpoch()),
  payments: new PaymentStore(client, tables, writerEpoch()),
  refunds: new RefundStore(client, tables, writerEpoch()),
  disputes: new DisputeStore(client, tables, writerEpoch()),
  journal: new JournalStore(client, tables.ledger),
  checks: new CheckQueue(createSqs(), requiredVariable("CHECKS_QUEUE_URL")),
  now: Date.now,
};
const letters = new DeadLetterStore(client, requiredVariable("DEAD_LETTERS_TABLE"));

export const handler = passTask((where, cursor, keep) => takePayments(ports, where, cursor, keep), letters);
