import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { reviewRefund } from "#core/payments/steps/review-refund.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { reviewRefundInput } from "#workflows/refund/contract.ts";
import { refundTask } from "./task.ts";

const ports = {
  refunds: new RefundStore(createDynamoDb(), { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch()),
  now: Date.now,
};

export const handler = refundTask(reviewRefundInput, (lost) => reviewRefund(ports, lost));
