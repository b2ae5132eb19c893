import { z } from "zod";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { isDeclineCode } from "#core/acquiring/declines.ts";
import { authorizationLifetimeMs } from "#core/payments/decide.ts";
import { evolve } from "#core/payments/evolve.ts";
import { checkWord, type PaymentOutcome } from "#core/payments/operator-word.ts";
import { type Authorization, authorizationOf, type Payment } from "#core/payments/payment.ts";
import { paymentView } from "#core/payments/view.ts";
import type { Answer } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { text, time } from "../http/fields.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";
import { paymentIdIn } from "../operate-payment.ts";
import { findInBooks, merchantQuery } from "./in-books.ts";
import { say, seenIn, type WordPorts } from "./resolve.ts";
import { reviewView } from "./word-view.ts";

export interface ResolvePaymentPorts extends WordPorts {
  readonly payments: Pick<PaymentStore, "get" | "commit">;
  /** All of the stage: any may have been asked, also one that takes nothing any more. */
  readonly acquirers: readonly string[];
}

/** Enough to say who said what, when, and where it can be looked up. */
export const evidence = text(1_000);
const acquirer = text(32);

const body = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("authorized"),
    evidence,
    acquirer: acquirer.optional(),
    reference: text(128).optional(),
    expires_at: time.optional(),
  }),
  z.strictObject({
    outcome: z.literal("declined"),
    evidence,
    acquirer,
    decline_code: z.string().refine(isDeclineCode, {
      params: { code: "decline_code_unknown" },
      error: "Send one of our decline codes, such as do_not_honor",
    }),
  }),
  z.strictObject({ outcome: z.enum(["captured", "failed", "canceled"]), evidence }),
]);

/** `POST /v1/ops/payments/{id}/resolve`: an operator says what became of a payment in review. */
export function resolvePayments(ports: ResolvePaymentPorts) {
  const { payments, merchants, now } = ports;
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const by = requireOperator(request, "ops.write");
    const { merchant } = readQuery(request, merchantQuery);
    const said = readBody(request, body);
    const seen = seenIn(request);
    const id = paymentIdIn(request);
    const payment = await findInBooks(merchants, merchant, (book) => payments.get(book, id));
    if (payment === undefined) throw new Problem("not_found");
    const at = now();
    const word = { ...outcomeIn(ports, payment, said, at), by, at, seen, evidence: said.evidence };
    return say(
      ports,
      {
        found: standsAt(payment),
        word,
        check: () => {
          const checked = checkWord(payment, word);
          return checked.ok ? undefined : checked.error;
        },
        write: async () => {
          const after = evolve(payment, { type: "operator_said", word }, at);
          const committed = await payments.commit({ before: payment, after });
          return committed.kind === "applied" ? committed.payment : undefined;
        },
        read: async () => {
          const stands = await payments.get(payment.book, id);
          return stands === undefined ? undefined : standsAt(stands);
        },
      },
      request,
      remainingMs,
    );
  };
}

const standsAt = (payment: Payment) => ({
  what: "payment" as const,
  id: payment.id,
  state: payment.state,
  version: payment.version,
  ...(payment.words === undefined ? {} : { words: payment.words }),
  view: { ...paymentView(payment), merchant: payment.book, review: reviewView(payment) },
});

function outcomeIn(
  ports: ResolvePaymentPorts,
  payment: Payment,
  said: z.output<typeof body>,
  at: number,
): PaymentOutcome {
  switch (said.outcome) {
    case "authorized":
      return { as: said.outcome, authorization: authorizationIn(ports, payment, said, at) };
    case "declined":
      requireAcquirer(ports, said.acquirer);
      return { as: said.outcome, acquirer: said.acquirer, code: said.decline_code };
    default:
      return { as: said.outcome };
  }
}

/** The one that the payment holds, or held; or else the one that the acquirer tells. */
function authorizationIn(
  ports: ResolvePaymentPorts,
  payment: Payment,
  said: Extract<z.output<typeof body>, { outcome: "authorized" }>,
  at: number,
): Authorization {
  const known = authorizationOf(payment);
  const { acquirer: name = known?.acquirer, reference = known?.reference } = said;
  const missing = (field: string) =>
    invalidField(`/${field}`, "required", "Nothing that it holds is known: name it.");
  if (name === undefined) throw missing("acquirer");
  if (reference === undefined) throw missing("reference");
  if (name !== known?.acquirer) requireAcquirer(ports, name);
  if (payment.state === "in_review" && known !== undefined) {
    if (name !== known.acquirer || reference !== known.reference)
      throw invalidField(
        "/reference",
        "another_is_held",
        `It holds ${known.reference} at ${known.acquirer}.`,
      );
    return known;
  }
  return { acquirer: name, reference, expiresAt: said.expires_at ?? at + authorizationLifetimeMs };
}

function requireAcquirer({ acquirers }: ResolvePaymentPorts, name: string): void {
  if (!acquirers.includes(name))
    throw invalidField(
      "/acquirer",
      "acquirer_unknown",
      `It can have been asked of: ${acquirers.join(", ")}.`,
    );
}
