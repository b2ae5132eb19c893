import { Logger } from "@aws-lambda-powertools/logger";
import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { PaymentSaga, SagaEntry } from "#adapters/stepfunctions/payment-saga.ts";
import type { Result } from "#core/kernel/result.ts";
import type { Book } from "#core/ledger/account.ts";
import { beginCancel, beginCapture } from "#core/payments/begin.ts";
import type { PaymentRefusal } from "#core/payments/decide.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { authorizationOf, type Payment } from "#core/payments/payment.ts";
import { entityTag, paymentView } from "#core/payments/view.ts";
import { type Answer, answer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { amount } from "./http/fields.ts";
import { type Preference, preferenceOf } from "./http/prefer.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";
import { problemOfRefusal } from "./refusals.ts";

export interface OperationPorts {
  readonly payments: Pick<PaymentStore, "get" | "commit">;
  readonly saga: Pick<PaymentSaga, "run" | "start">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How often the payment may move between our reading and our writing before the caller is asked to come again. */
const triesMax = 4;
/** Time to store the answer and send it, after the saga's. */
const answerReserveMs = 2_000;

const logger = new Logger({ serviceName: "api" });

type Decide = (payment: Payment, now: number) => Result<PaymentEvent, PaymentRefusal>;

const captureBody = z.strictObject({ amount: amount.optional() });
const cancelBody = z.strictObject({});

/** `POST /v1/payments/{id}/capture`: takes what was authorized, or less of it, and releases the rest. */
export function capturePayments(ports: OperationPorts) {
  return (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const body = readBody(request, captureBody);
    const decide: Decide = (payment, now) => beginCapture(payment, body.amount ?? payment.total.amount, now);
    return operate(ports, request, remainingMs, {
      operation: "capture",
      body,
      decide,
      entry: () => ({ step: "settle" }),
    });
  };
}

/** `POST /v1/payments/{id}/cancel`: releases what was authorized. */
export function cancelPayments(ports: OperationPorts) {
  return (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const body = readBody(request, cancelBody);
    const entry = (payment: Payment): SagaEntry => ({
      step: "compensate",
      authorization: authorizationOf(payment),
      reason: "requested_by_merchant",
    });
    return operate(ports, request, remainingMs, { operation: "cancel", body, decide: beginCancel, entry });
  };
}

interface Operation {
  readonly operation: "capture" | "cancel";
  readonly body: Readonly<Record<string, unknown>>;
  readonly decide: Decide;
  /** Where the saga is entered for the payment that has begun it. */
  readonly entry: (payment: Payment) => SagaEntry;
}

async function operate(
  ports: OperationPorts,
  request: ApiRequest,
  remainingMs: () => number,
  { operation, body, decide, entry }: Operation,
): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.write");
  const key = idempotencyKeyOf(request);
  const preference = preferenceOf(request);
  const found = await paymentNamed(ports.payments, merchant, request);
  const route = `POST /v1/payments/${found.id}/${operation}`;
  const once = { book: merchant, route, key, fingerprint: fingerprintOf({ ...body, id: found.id }) };
  return ports.idempotency.once(once, remainingMs, async () => {
    const begun = await begin(ports, await paymentNamed(ports.payments, merchant, request), request, decide);
    // From here on it goes on, with us or without: what happens next is an answer, never a throw.
    return runSaga(ports.saga, begun, entry(begun), preference, remainingMs() - answerReserveMs);
  });
}

/** Writes the operation down, so that nothing else begins meanwhile. @throws Problem when it does not apply. */
export async function begin(
  { payments, now }: Pick<OperationPorts, "payments" | "now">,
  found: Payment,
  request: ApiRequest,
  decide: Decide,
): Promise<Payment> {
  let payment = found;
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    requireMatch(request, payment);
    const at = now();
    const decided = decide(payment, at);
    if (!decided.ok) throw problemOfRefusal(decided.error);
    const committed = await payments.commit({ before: payment, after: evolve(payment, decided.value, at) });
    if (committed.kind === "applied") return committed.payment;
    if (committed.kind === "refused") throw new Error("no guarded account stands in the way of a beginning");
    payment = committed.current;
  }
  throw new Problem("unavailable", { detail: "The payment moves too fast. Send the same request again." });
}

/** @throws Problem 404: another merchant's payment is not there either, for its key starts with another book. */
export async function paymentNamed(
  payments: Pick<PaymentStore, "get">,
  merchant: Book,
  request: ApiRequest,
): Promise<Payment> {
  const id = parsePaymentId(request.parameters["id"] ?? "");
  const payment = id === undefined ? undefined : await payments.get(merchant, id);
  if (payment === undefined) throw new Problem("not_found");
  return payment;
}

/** `If-Match` (RFC 9110, 13.1.1): the caller wants to act on the version that it has seen. @throws Problem 412. */
export function requireMatch({ headers }: ApiRequest, payment: Payment): void {
  const header = headers["if-match"];
  if (header === undefined || header.trim() === "*") return;
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.includes(entityTag(payment)))
    throw new Problem("precondition_failed", { detail: `The payment is at version ${payment.version}.` });
}

async function runSaga(
  saga: OperationPorts["saga"],
  payment: Payment,
  entry: SagaEntry,
  preference: Preference,
  remainingMs: number,
): Promise<Answer> {
  if (preference.respondAsync) {
    await saga.start(payment, entry).catch((error: unknown) => report(payment, String(error)));
    return answerWith(payment);
  }
  const end = await saga.run(payment, Math.max(1, Math.min(preference.waitMs, remainingMs)), entry);
  if (end.kind === "ended") return answerWith(end.payment);
  report(payment, end.reason);
  return answerWith(payment);
}

/** 200 once the operation has come to something, 202 while it goes on. */
const answerWith = (payment: Payment): Answer =>
  answer(
    payment.pendingOperation !== undefined && payment.state !== "in_review" ? 202 : 200,
    paymentView(payment),
    {
      location: `/v1/payments/${payment.id}`,
      etag: entityTag(payment),
    },
  );

const report = (payment: Payment, reason: string): void => {
  logger.warn("the operation's end is not known yet", { payment: payment.id, reason });
};
