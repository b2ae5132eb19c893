import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createStepFunctions, PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import { CardDirectory } from "#adapters/vault/card-directory.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { entityTag, paymentView } from "#core/payments/view.ts";
import { requiredVariable } from "#functions/environment.ts";
import { createPayments } from "./create-payment.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { Idempotency } from "./idempotency.ts";

const dynamoDb = createDynamoDb();
const payments = new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") });

const createPayment = createPayments({
  payments,
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
  cards: new CardDirectory(dynamoDb, requiredVariable("VAULT_TABLE")),
  saga: new PaymentSaga(createStepFunctions(), requiredVariable("PAYMENT_SAGA_ARN")),
  idempotency: new Idempotency(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE")),
  now: Date.now,
});

/** Creates, shows and lists payments. */
export const handler = apiHandler({
  "/v1/payments": { POST: createPayment, GET: listPayments },
  "/v1/payments/:id": { GET: showPayment },
});

async function showPayment(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const id = parsePaymentId(request.parameters["id"] ?? "");
  const payment = id === undefined ? undefined : await payments.get(merchant, id);
  // Another merchant's payment is not found either: its key starts with another book.
  if (payment === undefined) throw new Problem("not_found");
  return found(paymentView(payment), { etag: entityTag(payment) });
}

const listQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });

async function listPayments(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const query = readQuery(request, listQuery);
  const scope = `payments of ${merchant}`;
  const page = await payments.list(merchant, {
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { before: positionOf(scope, query.cursor) }),
  });
  return found({
    object: "list",
    data: page.payments.map(paymentView),
    next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
  });
}
