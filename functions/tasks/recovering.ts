import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import type { Found, PaymentEntry, RecoveryPorts } from "#core/payments/recovery/found.ts";
import { giveUp, recover, waitsSeconds } from "#core/payments/recovery/recover.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import type { TakenStart } from "#workflows/payment/contract.ts";
import type { Take } from "#workflows/records.ts";
import {
  type RecoverOutput,
  recoverInput,
  type TakeOutput,
  takeInput,
} from "#workflows/recovery/contract.ts";
import { taskOf } from "./task.ts";

interface Ports extends RecoveryPorts {
  readonly payments: RecoveryPorts["payments"] & Pick<PaymentStore, "get">;
}

interface Looked {
  readonly found: Found;
  readonly attempt: number;
  readonly strays: boolean;
}

/**
 * One look at a payment that was left open; after the last one it is left to a person. And what a saga that goes on with
 * it takes up, which is the payment itself.
 */
export const recoverTask = (ports: Ports) =>
  taskOf(
    z.union([recoverInput, takeInput]),
    async (input, deadline): Promise<RecoverOutput | TakeOutput> =>
      "take" in input ? takeUp(ports, input.take) : outputOf(await look(ports, input, deadline)),
    (output) => output,
  );

async function look(
  ports: Ports,
  { book, payment: id, attempt, strays, execution }: z.output<typeof recoverInput>,
  deadline: number,
): Promise<Looked> {
  const found = await recover(ports, await load(ports, book, id), { attempt, strays, deadline, execution });
  const isLast = attempt >= waitsSeconds.length;
  // What stands well is not put in review: its merchant may still capture it. The execution fails, and is seen.
  if (isLast && found.outcome === "ask_again" && found.standsWell !== true)
    await giveUp(ports, found.payment, found.reason);
  return { found, attempt, strays: found.strays ?? strays };
}

/** What was found is true of the version that was looked at, and says nothing of a later one. */
async function takeUp(
  ports: Ports,
  { book, payment: id, version }: z.output<typeof takeInput>["take"],
): Promise<TakeOutput> {
  const payment = await load(ports, book, id);
  const refund = await ports.refundOf(payment);
  return {
    outcome: payment.version === version ? "taken" : "concluded",
    payment: toRecord(payment),
    ...(refund === undefined ? {} : { refund: toRefundRecord(refund) }),
  };
}

async function load({ payments }: Ports, book: Book, id: PaymentId): Promise<Payment> {
  const payment = await payments.get(book, id);
  // Reminders are made from what is stored, and nothing is ever deleted.
  invariant(payment !== undefined, `${id} exists`);
  return payment;
}

function outputOf({ found, attempt, strays }: Looked): RecoverOutput {
  const { book, id } = found.payment;
  const common = { book, payment: id, attempt, strays, wait: waitsSeconds[attempt] ?? -1 };
  switch (found.outcome) {
    case "concluded":
      return { ...common, outcome: found.outcome };
    case "continue_payment":
      return { ...common, outcome: found.outcome, start: startOf(found.payment, found.entry) };
    case "continue_refund": {
      const start = { take: takeOf(found.payment), attempt: found.attempt };
      return { ...common, outcome: found.outcome, start };
    }
    case "ask_again":
      return { ...common, outcome: found.outcome, reason: found.reason };
  }
}

function startOf(payment: Payment, entry: PaymentEntry): TakenStart {
  const { authorization, ...rest } = { authorization: undefined, ...entry };
  return {
    take: takeOf(payment),
    ...rest,
    ...(authorization === undefined ? {} : { authorization: authorizationRecord(authorization) }),
  };
}

const takeOf = ({ book, id, version }: Payment): Take => ({ book, payment: id, version });
