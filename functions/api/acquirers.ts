import { Logger } from "@aws-lambda-powertools/logger";
import { parseNotification, signatureHeaderName } from "#adapters/acquirers/notification.ts";
import { notificationSecretsOf } from "#adapters/acquirers/secrets.ts";
import { parseAcquirerSettings } from "#adapters/acquirers/settings.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import { type AcquirerNotification, checkSignature } from "#core/acquiring/notification.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { paymentOfKey } from "#core/payments/ids.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { type Answer, answer } from "./http/answer.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import type { ApiRequest } from "./http/request.ts";

const payments = new PaymentStore(createDynamoDb(), { payments: requiredVariable("PAYMENTS_TABLE") });
const saga = new PaymentSaga(createStepFunctions(), requiredVariable("PAYMENT_SAGA_ARN"));
const secrets = notificationSecretsOf(
  parseAcquirerSettings(requiredVariable("ACQUIRERS")),
  optionalVariable("ACQUIRER_NOTIFICATION_SECRETS"),
);
const logger = new Logger({ serviceName: "acquirers" });

/** What acquirers tell unasked. */
export const handler = apiHandler({
  "/v1/acquirers/:name/notifications": { POST: receiveNotification },
});

/**
 * Takes a signed notification, and lets the payment go on that it speaks of. What it says is no proof: the saga asks the
 * acquirer. 202 also for what is no news here, or its sender would tell it again for ever.
 */
async function receiveNotification(request: ApiRequest): Promise<Answer> {
  const { name = "" } = request.parameters;
  const shared = secrets.get(name);
  if (shared === undefined) throw new Problem("not_found");
  if (request.body === undefined)
    throw new Problem("malformed_json", { detail: "The body is not valid UTF-8." });
  const signed = { header: request.headers[signatureHeaderName], rawBody: request.body };
  const verdict = checkSignature(signed, shared, Date.now());
  if (verdict !== "authentic")
    throw new Problem("signature_invalid", { detail: `The signature is ${verdict}.` });

  const notification = parseNotification(request.body);
  const isTaken = notification !== undefined && (await goOn(name, notification));
  if (!isTaken) logger.info("a notification is no news", { acquirer: name, notification: notification?.id });
  return answer(202, { received: notification?.id ?? null });
}

/** @returns whether a payment waited for this. */
async function goOn(acquirer: string, notification: AcquirerNotification): Promise<boolean> {
  const id = paymentOfKey(notification.key);
  const book = parseMerchantId(notification.merchant ?? "");
  if (id === undefined || book === undefined || notification.about !== "operation") return false;
  const payment = await payments.get(book, id);
  // Only an acquirer that the payment waits for is heard: another's word is about something else.
  if (payment?.state !== "requires_action" || payment.acquirer !== acquirer) return false;
  await saga.start(payment, { step: "resume" });
  return true;
}
