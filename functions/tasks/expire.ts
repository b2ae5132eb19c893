import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { duePayments } from "#adapters/dynamodb/due-payments.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { expire } from "#core/payments/steps/expire.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { sweep } from "./sweep.ts";

const dynamoDb = createDynamoDb();
const paymentsTable = requiredVariable("PAYMENTS_TABLE");
const merchants = new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE"));
const saga = new PaymentSaga(createStepFunctions(), requiredVariable("PAYMENT_SAGA_ARN"));
const ports = {
  payments: new PaymentStore(
    dynamoDb,
    { payments: paymentsTable, ledger: requiredVariable("LEDGER_TABLE") },
    writerEpoch(),
  ),
  now: Date.now,
};
const logger = new Logger({ serviceName: "expire" });

/** Left for what is under way when the time is up. */
const reserveMs = 10_000;

/** Ends what time ends. Nothing depends on it being punctual: what has expired is refused, swept or not. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const execution = `expire:${context.awsRequestId}`;
  const until = Date.now();
  await sweep<PaymentId>(await merchants.ids(), {
    due: (book) => duePayments(dynamoDb, paymentsTable, book, until),
    end: (book, id) => end(book, id, execution),
    mayGoOn: () => context.getRemainingTimeInMillis() > reserveMs,
    failed: (book, error) => logger.error("a book could not be read", { book, error: error as Error }),
    random: Math.random,
  });
};

/** One that cannot be ended now does not keep the others. */
async function end(book: Book, id: PaymentId, execution: string): Promise<void> {
  try {
    const payment = await ports.payments.get(book, id);
    if (payment === undefined) return;
    if (await expire(ports, payment, { execution })) await saga.start(payment, { step: "resume" });
  } catch (error) {
    logger.error("a payment could not be ended", { payment: id, error: error as Error });
  }
}
