import { z } from "zod";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Redactions } from "#adapters/dynamodb/redactions.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import {
  type HoldRefusal,
  type HoldWord,
  type LegalHold,
  liftHold,
  placeHold,
  placingsMax,
  stands,
} from "#core/payments/legal-hold.ts";
import { type Answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { text } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";
import { paymentIdIn } from "../operate-payment.ts";
import { findInBooks, merchantQuery } from "./in-books.ts";

export interface LegalHoldPorts {
  readonly payments: Pick<PaymentStore, "get">;
  readonly redactions: Pick<Redactions, "hold" | "write">;
  readonly merchants: Pick<MerchantStore, "ids">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const body = z.strictObject({ action: z.enum(["place", "lift"]), reason: text(1_000) });

/** `POST /v1/ops/payments/{id}/legal-hold`: keeps a payment as it is, or lets it be redacted again. */
export function holdPayments({ payments, redactions, merchants, now }: LegalHoldPorts) {
  return async (request: ApiRequest): Promise<Answer> => {
    const by = requireOperator(request, "ops.write");
    const { merchant } = readQuery(request, merchantQuery);
    const { action, reason } = readBody(request, body);
    const id = paymentIdIn(request);
    const payment = await findInBooks(merchants, merchant, (book) => payments.get(book, id));
    if (payment === undefined) throw new Problem("not_found");
    const earlier = await redactions.hold(payment.book, id);
    const word: HoldWord = { by, at: now(), reason };
    const decided = action === "place" ? placeHold(payment, earlier, word) : liftHold(earlier, word);
    if (!decided.ok) throw problemOf(decided.error);
    if (!(await redactions.write(decided.value)))
      throw new Problem("precondition_failed", { detail: "Somebody else has just moved it. Look again." });
    return found({ ...legalHoldView(id, decided.value), redacted: payment.redactedAt !== undefined });
  };
}

function problemOf(refusal: HoldRefusal): Problem {
  switch (refusal.code) {
    case "already_held": {
      const { by, at, reason } = refusal.since;
      return new Problem(refusal.code, { detail: `${by}, ${new Date(at).toISOString()}: ${reason}` });
    }
    case "not_held":
      return new Problem(refusal.code);
    case "too_many_holds":
      return new Problem(refusal.code, { detail: `${placingsMax} is all that one payment takes.` });
  }
}

const legalHoldView = (id: PaymentId, hold: LegalHold) => ({
  object: "legal_hold",
  payment: id,
  merchant: hold.book,
  stands: stands(hold),
  data: hold.placings.map(({ placed, lifted }) => ({
    placed: wordView(placed),
    lifted: lifted === undefined ? null : wordView(lifted),
  })),
});

const wordView = ({ by, at, reason }: HoldWord) => ({ by, at: new Date(at).toISOString(), reason });
