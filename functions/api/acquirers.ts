import { Logger } from "@aws-lambda-powertools/logger";
import { parseNotification, signatureHeaderName } from "#adapters/acquirers/notification.ts";
import { notificationSecretsOf } from "#adapters/acquirers/secrets.ts";
import { parseAcquirerSettings } from "#adapters/acquirers/settings.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createReturnLinks } from "#adapters/kms/return-links.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { DisputeSaga } from "#adapters/stepfunctions/dispute-saga.ts";
import { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import { type AcquirerNotification, checkSignature } from "#core/acquiring/notification.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { paymentOfKey } from "#core/payments/ids.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { hearDispute } from "./hear-dispute.ts";
import { type Answer, answer } from "./http/answer.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import type { ApiRequest } from "./http/request.ts";
import { letterOfNotification } from "./notification-letter.ts";
import { returnCustomers } from "./return-customer.ts";

const dynamoDb = createDynamoDb();
const letters = new DeadLetterStore(dynamoDb, requiredVariable("DEAD_LETTERS_TABLE"));
const payments = new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());
const stepFunctions = createStepFunctions();
const saga = new PaymentSaga(stepFunctions, requiredVariable("PAYMENT_SAGA_ARN"));
const disputePorts = {
  payments,
  disputes: new DisputeStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch()),
  saga: new DisputeSaga(stepFunctions, requiredVariable("DISPUTE_SAGA_ARN")),
  now: Date.now,
};
const secrets = notificationSecretsOf(
  parseAcquirerSettings(requiredVariable("ACQUIRERS")),
  optionalVariable("ACQUIRER_NOTIFICATION_SECRETS"),
);
const logger = new Logger({ serviceName: "acquirers" });

const links = createReturnLinks(requiredVariable("RETURNS_KEY_ARN"));

/** What acquirers tell unasked, and the customers whom they send back. */
export const handler = apiHandler({
  "/v1/acquirers/:name/notifications": { POST: receiveNotification },
  "/v1/payments/:id/return": { GET: { page: returnCustomers({ payments, saga, links, now: Date.now }) } },
});

/**
 * Takes a signed notification, and lets the payment or the dispute go on that it speaks of. What it says is no proof: the saga asks the
 * acquirer. 202 also for what is no news here, or its sender would tell it again for ever. What nothing here handles, as a
 * dispute of no payment of ours, is kept among the dead letters before it is acknowledged: it is told once.
 */
async function receiveNotification(request: ApiRequest): Promise<Answer> {
  const { name = "" } = request.parameters;
  const shared = secrets.get(name);
  if (shared === undefined) throw new Problem("not_found");
  if (request.body === undefined)
    throw new Problem("malformed_json", { detail: "The body is not valid UTF-8." });
  const { [signatureHeaderName]: signature = "" } = request.headers;
  const now = Date.now();
  const verdict = checkSignature({ header: signature, rawBody: request.body }, shared, now);
  if (verdict !== "authentic")
    throw new Problem("signature_invalid", { detail: `The signature is ${verdict}.` });

  const notification = parseNotification(request.body);
  const arrived = { acquirer: name, rawBody: request.body, signature, receivedAt: now };
  if (notification === undefined || !(await isTaken(name, notification))) {
    await letters.keep(letterOfNotification(arrived));
    // A line for the alarm that counts it (stacks/log-metrics.ts): these letters pass through no queue.
    logger.warn("a notification is kept for a person", { acquirer: name, notification: notification?.id });
  }
  return answer(202, { received: notification?.id ?? null });
}

/** @returns whether it is one of ours. Nothing here handles what is not. */
async function isTaken(acquirer: string, notification: AcquirerNotification): Promise<boolean> {
  const { id, about } = notification;
  const heard =
    about === "dispute"
      ? await hearDispute(disputePorts, acquirer, notification)
      : (await goOn(acquirer, notification))
        ? "news"
        : "known";
  if (heard === "known") logger.info("a notification is no news", { acquirer, notification: id });
  return heard !== "unfit";
}

/** @returns whether a payment waited for this. */
async function goOn(acquirer: string, { key, merchant }: AcquirerNotification): Promise<boolean> {
  const id = paymentOfKey(key);
  const book = parseMerchantId(merchant ?? "");
  if (id === undefined || book === undefined) return false;
  const payment = await payments.get(book, id);
  // Only an acquirer that the payment waits for is heard: another's word is about something else.
  if (payment?.state !== "requires_action" || payment.acquirer !== acquirer) return false;
  await saga.start(payment, { step: "resume" });
  return true;
}
