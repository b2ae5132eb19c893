import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { RefundSaga } from "#adapters/stepfunctions/refund-saga.ts";
import type { Book } from "#core/ledger/account.ts";
import { beginRefund } from "#core/payments/begin.ts";
import { evolve } from "#core/payments/evolve.ts";
import { parseRefundId, type RefundId, refundIdOf } from "#core/payments/ids.ts";
import { capturedOf, erasedDigest, type Payment, refundedOf } from "#core/payments/payment.ts";
import type { RefundOfPayment } from "#core/payments/ports.ts";
import { isSameRefundButForTexts } from "#core/payments/redaction.ts";
import type { Refund, RefundRequest } from "#core/payments/refund.ts";
import { refundView } from "#core/payments/view.ts";
import { type Answer, answer, found } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { amount, text } from "./http/fields.ts";
import { requireMatch, tagOf } from "./http/precondition.ts";
import { preferenceOf } from "./http/prefer.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";
import { paymentIdIn, paymentNamed } from "./operate-payment.ts";
import { problemOfRefusal } from "./refusals.ts";
import { runSaga } from "./run-saga.ts";

interface Ports {
  readonly payments: Pick<PaymentStore, "get">;
  readonly refunds: Pick<RefundStore, "get" | "commitRefund">;
  readonly saga: Pick<RefundSaga, "run" | "start">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const refundBody = z.strictObject({ amount: amount.optional(), reason: text(200).optional() });
type RefundBody = z.output<typeof refundBody>;

const triesMax = 4;
/** `POST /v1/payments/{id}/refunds`: gives back what was captured, all that is left of it unless told otherwise. */
export function refundPayments(ports: Ports) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.write");
    const key = idempotencyKeyOf(request);
    const preference = preferenceOf(request);
    const body = readBody(request, refundBody);
    const paymentId = paymentIdIn(request);
    const route = `POST /v1/payments/${paymentId}/refunds`;
    const fingerprint = fingerprintOf({ ...body, id: paymentId });
    return ports.idempotency.once({ book: merchant, route, key, fingerprint }, remainingMs, async () => {
      const id = refundIdOf({ book: merchant, route, idempotencyKey: key });
      const earlier = await ports.refunds.get(merchant, id);
      if (earlier !== undefined) return answerEarlier(earlier, body, fingerprint);
      const payment = await paymentNamed(ports.payments, merchant, request);
      const begun = await begin(ports, payment, request, { id, body, fingerprint });
      // From here on it goes on, with us or without: what happens next is an answer, never a throw.
      const ready = {
        about: id,
        begun,
        start: () => ports.saga.start(begun),
        run: (waitMs: number) => ports.saga.run(begun, waitMs),
      };
      return answerWith((await runSaga(ready, preference, remainingMs)).refund);
    });
  };
}

/** `GET /v1/refunds/{id}`. */
export function showRefunds({ refunds }: Pick<Ports, "refunds">) {
  return async (request: ApiRequest): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.read", "payments.write");
    const refund = await refundNamed(refunds, merchant, request.parameters["id"] ?? "");
    if (refund === undefined) throw new Problem("not_found");
    return found(refundView(refund), { etag: tagOf(refund.version) });
  };
}

async function refundNamed(
  refunds: Ports["refunds"],
  merchant: Book,
  text: string,
): Promise<Refund | undefined> {
  const id = parseRefundId(text);
  return id === undefined ? undefined : refunds.get(merchant, id);
}

interface Asked {
  readonly id: RefundId;
  readonly body: RefundBody;
  readonly fingerprint: string;
}

/** Writes the refund down with its payment. @throws Problem when it does not apply. */
async function begin(
  { refunds, now }: Ports,
  current: Payment,
  request: ApiRequest,
  { id, body, fingerprint }: Asked,
): Promise<RefundOfPayment> {
  let payment = current;
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    requireMatch(request, "payment", payment.version);
    const at = now();
    const asked: RefundRequest = {
      id,
      amount: body.amount ?? capturedOf(payment) - refundedOf(payment),
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      fingerprint,
    };
    const begun = beginRefund(payment, asked, at);
    if (!begun.ok) throw problemOfRefusal(begun.error);
    const committed = await refunds.commitRefund(payment, {
      refund: { after: begun.value.refund },
      payment: { before: payment, after: evolve(payment, begun.value.event, at) },
    });
    if (committed.kind === "applied") return committed;
    if (committed.kind === "refused") throw new Error("no guarded account stands in the way of a beginning");
    payment = committed.payment;
  }
  throw new Problem("unavailable", { detail: "The payment moves too fast. Send the same request again." });
}

/** The key's record is gone: the refund itself remembers the request, but for a reason that was erased. */
function answerEarlier(refund: Refund, { amount: asked }: RefundBody, fingerprint: string): Answer {
  const isSame =
    refund.fingerprint === erasedDigest
      ? isSameRefundButForTexts(refund, asked)
      : refund.fingerprint === fingerprint;
  if (!isSame) throw new Problem("idempotency_key_reused");
  const stored = answerWith(refund);
  return { ...stored, headers: { ...stored.headers, "idempotent-replayed": "true" } };
}

/** 201 once it has come to something, 202 while it goes on. */
const answerWith = (refund: Refund): Answer =>
  answer(refund.state === "processing" ? 202 : 201, refundView(refund), {
    location: `/v1/refunds/${refund.id}`,
    etag: tagOf(refund.version),
  });
