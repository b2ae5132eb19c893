import { randomBytes } from "node:crypto";
import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { Redactions } from "#adapters/dynamodb/redactions.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import { RefundSaga } from "#adapters/stepfunctions/refund-saga.ts";
import { CardDirectory } from "#adapters/vault/card-directory.ts";
import { paymentView } from "#core/payments/view.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { createPayments } from "./create-payment.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { tagOf } from "./http/precondition.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { Idempotency } from "./idempotency.ts";
import { cancelPayments, capturePayments, paymentNamed } from "./operate-payment.ts";
import { redactPayments } from "./redact-payment.ts";
import { refundPayments, showRefunds } from "./refund-payment.ts";

const dynamoDb = createDynamoDb();
const stepFunctions = createStepFunctions();
const payments = new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());
const refunds = new RefundStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());
const disputes = new DisputeStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());
const common = {
  payments,
  saga: new PaymentSaga(stepFunctions, requiredVariable("PAYMENT_SAGA_ARN")),
  idempotency: new Idempotency(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE")),
  now: Date.now,
};
const redactions = new Redactions(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());

const createPayment = createPayments({
  ...common,
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
  cards: new CardDirectory(dynamoDb, requiredVariable("VAULT_TABLE")),
  random: randomBytes,
});
const refundSaga = new RefundSaga(stepFunctions, requiredVariable("REFUND_SAGA_ARN"));

/** Creates, shows and lists payments, and does with them what their merchant asks for. */
export const handler = apiHandler({
  "/v1/payments": { POST: createPayment, GET: listPayments },
  "/v1/payments/:id": { GET: showPayment },
  "/v1/payments/:id/capture": { POST: capturePayments(common) },
  "/v1/payments/:id/cancel": { POST: cancelPayments(common) },
  "/v1/payments/:id/refunds": { POST: refundPayments({ ...common, refunds, saga: refundSaga }) },
  "/v1/payments/:id/redact": { POST: redactPayments({ ...common, disputes, redactions }) },
  "/v1/refunds/:id": { GET: showRefunds({ refunds }) },
});

async function showPayment(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const payment = await paymentNamed(payments, merchant, request);
  const related = `</v1/disputes?payment=${payment.id}>; rel="related"; title="disputes"`;
  return found(paymentView(payment), { etag: tagOf(payment.version), link: related });
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
