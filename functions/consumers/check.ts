import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { CheckQueue, createSqs } from "#adapters/sqs/check-queue.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { DisputeSaga } from "#adapters/stepfunctions/dispute-saga.ts";
import { RecoverySaga } from "#adapters/stepfunctions/recovery-saga.ts";
import { parseDisputeId } from "#core/disputes/ids.ts";
import type { Book } from "#core/ledger/account.ts";
import { whatToDo } from "#core/payments/check.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";

const payments = new PaymentStore(
  createDynamoDb(),
  { payments: requiredVariable("PAYMENTS_TABLE") },
  writerEpoch(),
);
const stepFunctions = createStepFunctions();
const recovery = new RecoverySaga(stepFunctions, requiredVariable("RECOVERY_SAGA_ARN"));
const disputes = new DisputeSaga(stepFunctions, requiredVariable("DISPUTE_SAGA_ARN"));
const checks = new CheckQueue(createSqs(), requiredVariable("CHECKS_QUEUE_URL"));
const processor = new BatchProcessor(EventType.SQS);

const reminder = z.object({
  book: z.string(),
  payment: z.string(),
  version: z.int(),
  strays: z.boolean().optional(),
});

/** A dispute that a failover left without its saga. */
const disputeReminder = z.object({ book: z.string(), dispute: z.string() });

/**
 * Looks at payments again, when their reminders are due. Whoever still stands there is handed to the recovery; and so is
 * one that a saga says an acquirer may hold money for unknown to it, wherever it stands.
 */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  processPartialResponse(event, look, processor);

async function look({ body }: SQSRecord): Promise<void> {
  const check = z.union([disputeReminder, reminder]).parse(JSON.parse(body));
  if ("dispute" in check) {
    const id = parseDisputeId(check.dispute);
    if (id === undefined) throw new Error(`${check.dispute} is not the id of a dispute`);
    return disputes.start({ book: check.book as Book, id }, "whole");
  }
  const id = parsePaymentId(check.payment);
  if (id === undefined) throw new Error(`${check.payment} is not the id of a payment`);
  const payment = await payments.get(check.book as Book, id);
  if (payment === undefined) throw new Error(`${check.payment} is not there`);
  if (check.strays === true) return recovery.start(payment, { strays: true });
  const todo = whatToDo(payment, check, Date.now());
  switch (todo.kind) {
    case "nothing":
      return;
    case "later":
      return checks.send([{ check, seconds: todo.seconds }]);
    case "recover":
      return recovery.start(payment);
  }
}
