import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { evolve } from "#core/payments/evolve.ts";
import { parseRefundId } from "#core/payments/ids.ts";
import { checkRefundWord, type RefundWord } from "#core/payments/operator-word.ts";
import type { Payment } from "#core/payments/payment.ts";
import { evolveRefund, type Refund } from "#core/payments/refund.ts";
import { refundView } from "#core/payments/view.ts";
import type { Answer } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";
import { findInBooks, merchantQuery } from "./in-books.ts";
import { say, seenIn, type WordPorts } from "./resolve.ts";
import { evidence } from "./resolve-payment.ts";

interface ResolveRefundPorts extends WordPorts {
  readonly payments: Pick<PaymentStore, "get">;
  readonly refunds: Pick<RefundStore, "get" | "commitRefund">;
}

const body = z.strictObject({ outcome: z.enum(["succeeded", "failed"]), evidence });

/** `POST /v1/ops/refunds/{id}/resolve`: an operator says what became of a refund in review. */
export function resolveRefunds(ports: ResolveRefundPorts) {
  const { refunds, merchants, now } = ports;
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const by = requireOperator(request, "ops.write");
    const { merchant } = readQuery(request, merchantQuery);
    const said = readBody(request, body);
    const seen = seenIn(request);
    const id = parseRefundId(request.parameters["id"] ?? "");
    const refund = id && (await findInBooks(merchants, merchant, (book) => refunds.get(book, id)));
    if (refund === undefined) throw new Problem("not_found");
    const word: RefundWord = { as: said.outcome, by, at: now(), seen, evidence: said.evidence };
    return say(
      ports,
      {
        found: standsAt(refund),
        word,
        check: () => {
          const checked = checkRefundWord(refund, word);
          return checked.ok ? undefined : checked.error;
        },
        write: () => write(ports, refund, word),
        read: async () => {
          const stands = await refunds.get(refund.book, refund.id);
          return stands === undefined ? undefined : standsAt(stands);
        },
      },
      request,
      remainingMs,
    );
  };
}

/** With its payment, whose next version is what brings the recovery. */
async function write(
  { payments, refunds }: ResolveRefundPorts,
  refund: Refund,
  word: RefundWord,
): Promise<Payment | undefined> {
  const payment = await payments.get(refund.book, refund.payment);
  if (payment?.pendingOperation?.kind !== "refund" || payment.pendingOperation.refund !== refund.id)
    return undefined;
  const committed = await refunds.commitRefund(payment, {
    refund: { before: refund, after: evolveRefund(refund, { type: "operator_said", word }, word.at) },
    payment: {
      before: payment,
      after: evolve(payment, { type: "refund_operator_said", refund: refund.id }, word.at),
    },
  });
  return committed.kind === "applied" ? committed.payment : undefined;
}

const standsAt = (refund: Refund) => ({
  what: "refund" as const,
  id: refund.id,
  state: refund.state,
  version: refund.version,
  ...(refund.words === undefined ? {} : { words: refund.words }),
  view: { ...refundView(refund), merchant: refund.book, version: refund.version },
});
