import { z } from "zod";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import type { CardDirectory } from "#adapters/vault/card-directory.ts";
import { parseCardTokenId } from "#core/cards/token.ts";
import { textKeyFor } from "#core/events/sealed-texts.ts";
import { absurd } from "#core/kernel/invariant.ts";
import { type AccountId, type Book, parseUserAccountId } from "#core/ledger/account.ts";
import { type CurrencyTerms, termsFor } from "#core/merchants/merchant.ts";
import type { Currency } from "#core/money/currency.ts";
import { money } from "#core/money/money.ts";
import { type PaymentId, paymentIdOf } from "#core/payments/ids.ts";
import { createPayment, type Payment, type PaymentMethod } from "#core/payments/payment.ts";
import { isSameButForTexts } from "#core/payments/redaction.ts";
import { paymentView } from "#core/payments/view.ts";
import { type Answer, answer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { amount, currency, currencyUnknown, metadata, pageUrl, text } from "./http/fields.ts";
import { tagOf } from "./http/precondition.ts";
import { preferenceOf } from "./http/prefer.ts";
import { invalidField, Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";
import { runSaga } from "./run-saga.ts";

const route = "POST /v1/payments";

/** Codes and ids are held to their shape before anything is derived from them: a digest of a card number is one too many. */
const tokenNotFound = "There is no such card token";
const token = z.string().refine((id) => parseCardTokenId(id) !== undefined, {
  params: { code: "token_not_found" },
  error: tokenNotFound,
});

const account = text(68).refine((id) => parseUserAccountId(id) !== undefined, {
  params: { code: "account_not_found" },
  error: "There is no such account",
});

const paymentBody = z
  .strictObject({
    amount,
    currency,
    method: z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("card"), token }),
      z.strictObject({ type: z.literal("account"), account }),
    ]),
    capture: z.enum(["automatic", "manual"]).default("automatic"),
    return_url: pageUrl.optional(),
    reference: text(128).optional(),
    description: text(500).optional(),
    metadata: metadata.default({}),
  })
  .refine(({ method, capture }) => method.type === "card" || capture === "automatic", {
    path: ["capture"],
    params: { code: "capture_not_supported" },
    error: "An account pays at once: leave `capture` out",
  });

type PaymentBody = z.output<typeof paymentBody>;

interface Ports {
  readonly payments: Pick<PaymentStore, "create" | "get">;
  readonly merchants: Pick<MerchantStore, "merchant">;
  readonly cards: Pick<CardDirectory, "describe">;
  readonly saga: Pick<PaymentSaga, "run" | "start">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
}

/** `POST /v1/payments`: inserts the payment once, runs its saga, and answers with the outcome or with 202. */
export function createPayments(ports: Ports) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const merchant = requireMerchant(request, "payments.write");
    const key = idempotencyKeyOf(request);
    const preference = preferenceOf(request);
    const body = readBody(request, paymentBody);
    const fingerprint = fingerprintOf(body);
    const asked = { body, fingerprint };

    return ports.idempotency.once({ book: merchant, route, key, fingerprint }, remainingMs, async () => {
      const id = paymentIdOf({ book: merchant, route, idempotencyKey: key });
      const drafted = await draft(ports, merchant, id, body, fingerprint).catch(asProblem);
      if (drafted instanceof Problem) return answerEarlier(ports, merchant, id, asked, drafted);
      const inserted = await ports.payments.create(drafted);
      if (inserted.kind === "exists") return answerExisting(inserted.payment, asked);
      // From here on the payment exists: whatever happens next is an answer, never a throw.
      const ready = {
        about: id,
        begun: { payment: drafted },
        start: () => ports.saga.start(drafted),
        run: (waitMs: number) => ports.saga.run(drafted, waitMs),
      };
      return answerWith((await runSaga(ready, preference, remainingMs)).payment);
    });
  };
}

/** The payment that the request asks for. @throws Problem 422 for what the merchant's terms or the vault refuse. */
async function draft(
  { merchants, cards, now, random }: Ports,
  book: Book,
  id: PaymentId,
  body: PaymentBody,
  fingerprint: string,
): Promise<Payment> {
  const [merchant, method] = await Promise.all([
    merchants.merchant(book),
    methodOf(cards, book, body.method),
  ]);
  if (merchant === undefined) throw new Problem("client_unknown");
  const { currency, terms } = acceptedTerms(termsFor(merchant, body.currency, body.amount));
  if (method === undefined) throw invalidField("/method/token", "token_not_found", `${tokenNotFound}.`);
  const written = {
    ...(body.reference === undefined ? {} : { reference: body.reference }),
    ...(body.description === undefined ? {} : { description: body.description }),
    metadata: body.metadata,
  };
  return createPayment(
    {
      id,
      book,
      total: money(body.amount, currency),
      capture: body.capture,
      method,
      fees: terms.fees,
      fingerprint,
      ...written,
      ...textKeyFor(written, random),
      ...(body.return_url === undefined ? {} : { returnUrl: body.return_url }),
    },
    now(),
  );
}

/** Whether an account exists, and has the money, is asked by the transaction that takes it. */
async function methodOf(
  cards: Ports["cards"],
  book: Book,
  method: PaymentBody["method"],
): Promise<PaymentMethod | undefined> {
  if (method.type === "account") return { type: "account", account: method.account as AccountId };
  const card = await cards.describe(book, method.token);
  return card && { type: "card", token: method.token, brand: card.brand, last4: card.last4 };
}

function acceptedTerms(terms: ReturnType<typeof termsFor>): {
  readonly currency: Currency;
  readonly terms: CurrencyTerms;
} {
  if (typeof terms === "object") return terms;
  switch (terms) {
    case "currency_unknown":
      throw invalidField("/currency", terms, `${currencyUnknown}.`);
    case "currency_not_enabled":
      throw invalidField("/currency", terms, "This merchant was not onboarded for this currency.");
    case "amount_over_limit":
      throw invalidField("/amount", terms, "The amount is over this merchant's limit for one payment.");
    default:
      return absurd(terms);
  }
}

/** Terms and tokens change: a request that became a payment under earlier ones is still that payment. */
async function answerEarlier(
  { payments }: Ports,
  book: Book,
  id: PaymentId,
  asked: Asked,
  refusal: Problem,
): Promise<Answer> {
  const earlier = await payments.get(book, id);
  if (earlier === undefined) throw refusal;
  return answerExisting(earlier, asked);
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

interface Asked {
  readonly body: PaymentBody;
  readonly fingerprint: string;
}

/**
 * The key's record is gone, or was never kept: the payment itself remembers the request. Of one that was redacted it has
 * forgotten what people wrote, and knows the rest.
 */
function answerExisting(payment: Payment, { body, fingerprint }: Asked): Answer {
  const isSame =
    payment.redactedAt === undefined ? payment.fingerprint === fingerprint : isSameButForTexts(payment, body);
  if (!isSame) throw new Problem("idempotency_key_reused");
  const stored = answerWith(payment);
  return { ...stored, headers: { ...stored.headers, "idempotent-replayed": "true" } };
}

/** 201 once the outcome is known, 202 with the place to look for it before that. */
const answerWith = (payment: Payment): Answer =>
  answer(payment.state === "processing" ? 202 : 201, paymentView(payment), {
    location: `/v1/payments/${payment.id}`,
    etag: tagOf(payment.version),
  });
