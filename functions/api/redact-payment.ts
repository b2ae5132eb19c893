import { z } from "zod";
import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Redactions } from "#adapters/dynamodb/redactions.ts";
import { redactedDisputes } from "#core/disputes/dispute.ts";
import { isOver } from "#core/disputes/states.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment } from "#core/payments/payment.ts";
import { redact, redactedRefunds } from "#core/payments/redaction.ts";
import { paymentView } from "#core/payments/view.ts";
import { type Answer, found } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { requireMatch, tagOf } from "./http/precondition.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";
import { paymentIdIn, paymentNamed } from "./operate-payment.ts";
import { problemOfRefusal } from "./refusals.ts";

interface Ports {
  readonly payments: Pick<PaymentStore, "get">;
  readonly disputes: Pick<DisputeStore, "ofPayment">;
  readonly redactions: Pick<Redactions, "redact" | "redactDisputes" | "refundsOf">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How often payment or refunds may move between our reading and our writing before the caller is asked to come again. */
const triesMax = 4;
const body = z.strictObject({});

/** `POST /v1/payments/{id}/redact`: erases what people wrote on a payment, its refunds and disputes, here and in all that was told. */
export function redactPayments(ports: Ports) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.write");
    const key = idempotencyKeyOf(request);
    readBody(request, body);
    const id = paymentIdIn(request);
    const route = `POST /v1/payments/${id}/redact`;
    const once = { book: merchant, route, key, fingerprint: fingerprintOf({ id }) };
    return ports.idempotency.once(once, remainingMs, async () => {
      for (let attempt = 0; attempt < triesMax; attempt += 1) {
        const payment = await paymentNamed(ports.payments, merchant, request);
        // Erased is erased, whoever asked for it: to ask again is no mistake.
        if (payment.redactedAt !== undefined) {
          if (await eraseLater(ports, payment)) return answerWith(payment);
          continue;
        }
        requireMatch(request, "payment", payment.version);
        const redacted = await erase(ports, payment);
        if (redacted !== undefined) return answerWith(redacted);
      }
      throw new Problem("unavailable", {
        detail: "The payment moves too fast. Send the same request again.",
      });
    });
  };
}

/**
 * What was written in disputes that came after the redaction.
 * @returns whether nothing of it is left. @throws Problem while a legal hold stands
 */
async function eraseLater({ redactions, disputes, now }: Ports, payment: Payment): Promise<boolean> {
  const own = await disputes.ofPayment(payment.book, payment.id);
  const later = redactedDisputes(
    own.filter(({ state }) => isOver(state)),
    now(),
  );
  if (later.length === 0) return true;
  const erased = await redactions.redactDisputes(payment, later);
  if (erased === "held") throw new Problem("legal_hold");
  return erased === "applied";
}

/** @returns undefined when it has moved on meanwhile. @throws Problem when it does not apply. */
async function erase({ redactions, disputes, now }: Ports, payment: Payment): Promise<Payment | undefined> {
  const decided = redact(payment);
  if (!decided.ok) throw problemOfRefusal(decided.error);
  const own = await disputes.ofPayment(payment.book, payment.id);
  // Its evidence may be on its way to the acquirer, or be asked for.
  if (own.some(({ state }) => !isOver(state)))
    throw new Problem("operation_in_progress", { detail: "A dispute of it has no end yet." });
  const at = now();
  const refunds = redactedRefunds(await redactions.refundsOf(payment), at);
  const after = evolve(payment, decided.value, at);
  const written = await redactions.redact({ before: payment, after }, refunds, redactedDisputes(own, at));
  if (written.kind === "held") throw new Problem("legal_hold");
  return written.kind === "applied" ? written.payment : undefined;
}

const answerWith = (payment: Payment): Answer =>
  found(paymentView(payment), { etag: tagOf(payment.version) });
