import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { PaymentSaga, SagaEntry } from "#adapters/stepfunctions/payment-saga.ts";
import type { Result } from "#core/kernel/result.ts";
import type { Book } from "#core/ledger/account.ts";
import { beginCancel, beginCapture } from "#core/payments/begin.ts";
import type { PaymentRefusal } from "#core/payments/decide.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { type PaymentId, parsePaymentId } from "#core/payments/ids.ts";
import { authorizationOf, type Payment } from "#core/payments/payment.ts";
import { paymentView } from "#core/payments/view.ts";
import { type Answer, answer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { amount } from "./http/fields.ts";
import { requireMatch, tagOf } from "./http/precondition.ts";
import { preferenceOf } from "./http/prefer.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";
import { problemOfRefusal } from "./refusals.ts";
import { runSaga } from "./run-saga.ts";

export interface OperationPorts {
  readonly payments: Pick<PaymentStore, "get" | "commit">;
  readonly saga: Pick<PaymentSaga, "run" | "start">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How often the payment may move between our reading and our writing before the caller is asked to come again. */
const triesMax = 4;
type Decide = (payment: Payment, now: number) => Result<PaymentEvent, PaymentRefusal>;

const captureBody = z.strictObject({ amount: amount.optional() });
const cancelBody = z.strictObject({});

/** `POST /v1/payments/{id}/capture`: takes what was authorized, or less of it, and releases the rest. */
export function capturePayments(ports: OperationPorts) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.write");
    const body = readBody(request, captureBody);
    const decide: Decide = (payment, now) => beginCapture(payment, body.amount ?? payment.total.amount, now);
    return operate(ports, merchant, request, remainingMs, {
      operation: "capture",
      body,
      decide,
      entry: () => ({ step: "settle" }),
    });
  };
}

/** `POST /v1/payments/{id}/cancel`: releases what was authorized. */
export function cancelPayments(ports: OperationPorts) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.write");
    const body = readBody(request, cancelBody);
    const entry = (payment: Payment): SagaEntry => ({
      step: "compensate",
      authorization: authorizationOf(payment),
      reason: "requested_by_merchant",
    });
    return operate(ports, merchant, request, remainingMs, {
      operation: "cancel",
      body,
      decide: beginCancel,
      entry,
    });
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
  merchant: Book,
  request: ApiRequest,
  remainingMs: () => number,
  { operation, body, decide, entry }: Operation,
): Promise<Answer> {
  const key = idempotencyKeyOf(request);
  const preference = preferenceOf(request);
  const id = paymentIdIn(request);
  const route = `POST /v1/payments/${id}/${operation}`;
  const once = { book: merchant, route, key, fingerprint: fingerprintOf({ ...body, id }) };
  return ports.idempotency.once(once, remainingMs, async () => {
    const begun = await begin(ports, await paymentNamed(ports.payments, merchant, request), request, decide);
    // From here on it goes on, with us or without: what happens next is an answer, never a throw.
    const at = entry(begun);
    const ready = {
      about: id,
      begun: { payment: begun },
      start: () => ports.saga.start(begun, at),
      run: (waitMs: number) => ports.saga.run(begun, waitMs, at),
    };
    return answerWith((await runSaga(ready, preference, remainingMs)).payment);
  });
}

/** Writes the operation down, so that nothing else begins meanwhile. @throws Problem when it does not apply. */
async function begin(
  { payments, now }: Pick<OperationPorts, "payments" | "now">,
  found: Payment,
  request: ApiRequest,
  decide: Decide,
): Promise<Payment> {
  let payment = found;
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    requireMatch(request, "payment", payment.version);
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

/** @throws Problem 404 for what cannot be a payment's id. */
export function paymentIdIn(request: ApiRequest): PaymentId {
  const id = parsePaymentId(request.parameters["id"] ?? "");
  if (id === undefined) throw new Problem("not_found");
  return id;
}

/** @throws Problem 404: another merchant's payment is not there either, for its key starts with another book. */
export async function paymentNamed(
  payments: Pick<PaymentStore, "get">,
  merchant: Book,
  request: ApiRequest,
): Promise<Payment> {
  const payment = await payments.get(merchant, paymentIdIn(request));
  if (payment === undefined) throw new Problem("not_found");
  return payment;
}

/** 200 once the operation has come to something, 202 while it goes on. */
const answerWith = (payment: Payment): Answer =>
  answer(
    payment.pendingOperation !== undefined && payment.state !== "in_review" ? 202 : 200,
    paymentView(payment),
    {
      location: `/v1/payments/${payment.id}`,
      etag: tagOf(payment.version),
    },
  );
