import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { holdRefund } from "#core/payments/steps/hold-refund.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { holdRefundInput } from "#workflows/refund/contract.ts";
import { refundTask } from "./task.ts";

const ports = {
  refunds: new RefundStore(
    createDynamoDb(),
    {
      payments: requiredVariable("PAYMENTS_TABLE"),
      ledger: requiredVariable("LEDGER_TABLE"),
    },
    writerEpoch(),
  ),
  now: Date.now,
};

export const handler = refundTask(holdRefundInput, ({ execution, ...of }) =>
  holdRefund(ports, of, { execution }),
);
