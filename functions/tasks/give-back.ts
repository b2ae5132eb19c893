import { Logger } from "@aws-lambda-powertools/logger";
import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { Refund } from "#core/payments/refund.ts";
import { giveBack } from "#core/payments/steps/give-back.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { giveBackInput } from "#workflows/refund/contract.ts";
import { onSilence } from "./silence.ts";
import { refundTask } from "./task.ts";

const logger = new Logger({ serviceName: "refund-saga" });

const ports = {
  refunds: new RefundStore(
    createDynamoDb(),
    {
      payments: requiredVariable("PAYMENTS_TABLE"),
      ledger: requiredVariable("LEDGER_TABLE"),
    },
    writerEpoch(),
  ),
  acquirers: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  // A line for the alarm that counts it (stacks/log-metrics.ts).
  onAstray: ({ id, payment, total }: Refund) =>
    logger.error("an acquirer gave back a refund that had failed", {
      refund: id,
      payment,
      amount: String(total.amount),
      currency: total.currency,
    }),
  now: Date.now,
};

export const handler = refundTask(giveBackInput, ({ execution, attempt, ...of }, deadline) =>
  giveBack(ports, of, { execution, deadline, attempt }),
);
