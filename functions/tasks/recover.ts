import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import type { Found, PaymentEntry } from "#core/payments/recovery/found.ts";
import { giveUp, recover, waitsSeconds } from "#core/payments/recovery/recover.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import { requiredVariable } from "#functions/environment.ts";
import type { SagaStart } from "#workflows/payment/contract.ts";
import { type RecoverOutput, recoverInput } from "#workflows/recovery/contract.ts";
import { taskOf } from "./task.ts";

const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE"), ledger: requiredVariable("LEDGER_TABLE") };
const payments = new PaymentStore(dynamoDb, tables);
const refunds = new RefundStore(dynamoDb, tables);
const ports = {
  payments,
  refunds,
  acquirers: createAcquirers(requiredVariable("ACQUIRERS")),
  now: Date.now,
  refundOf: async ({ book, pendingOperation }: Payment) =>
    pendingOperation?.kind === "refund" ? refunds.get(book, pendingOperation.refund) : undefined,
};

interface Looked {
  readonly found: Found;
  readonly attempt: number;
}

/** One look at a payment that was left open. After the last one it is left to a person. */
export const handler = taskOf(
  recoverInput,
  async ({ book, payment: id, attempt, execution }, deadline): Promise<Looked> => {
    const found = await recover(ports, await load(book, id), { attempt, deadline, execution });
    const isLast = attempt >= waitsSeconds.length;
    if (isLast && found.outcome === "ask_again") await giveUp(ports, found.payment, found.reason);
    return { found, attempt };
  },
  outputOf,
);

async function load(book: Book, id: PaymentId): Promise<Payment> {
  const payment = await payments.get(book, id);
  // Reminders are made from what is stored, and nothing is ever deleted.
  invariant(payment !== undefined, `${id} exists`);
  return payment;
}

function outputOf({ found, attempt }: Looked): RecoverOutput {
  const { book, id } = found.payment;
  const common = { book, payment: id, attempt, wait: waitsSeconds[attempt] ?? -1 };
  switch (found.outcome) {
    case "concluded":
      return { ...common, outcome: found.outcome };
    case "continue_payment":
      return { ...common, outcome: found.outcome, start: startOf(found.payment, found.entry) };
    case "continue_refund": {
      const start = { payment: toRecord(found.payment), refund: toRefundRecord(found.refund) };
      return { ...common, outcome: found.outcome, start };
    }
    case "ask_again":
      return { ...common, outcome: found.outcome, reason: found.reason };
  }
}

function startOf(payment: Payment, entry: PaymentEntry): SagaStart {
  const { authorization, ...rest } = { authorization: undefined, ...entry };
  return {
    payment: toRecord(payment),
    ...rest,
    ...(authorization === undefined ? {} : { authorization: authorizationRecord(authorization) }),
  };
}
