import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { createCardTokenizer } from "#adapters/vault/card-tokenizer.ts";
import { cardFaults, type ParsedCard, parseCard } from "#core/cards/card.ts";
import type { CardToken } from "#core/cards/token.ts";
import { absurd } from "#core/kernel/invariant.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type Answer, created } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { idempotencyKeyOf } from "./idempotency.ts";

const tokenizer = createCardTokenizer(createDynamoDb(), {
  table: requiredVariable("VAULT_TABLE"),
  keyArn: requiredVariable("VAULT_KEY_ARN"),
  fingerprintKeyArn: requiredVariable("FINGERPRINT_KEY_ARN"),
});

/** The only place where a card number enters. It has a function and a table of its own. */
export const handler = apiHandler({
  "/v1/card-tokens": { POST: createCardToken },
});

/** Wide enough for any card that people type; `parseCard` says what is wrong with it. */
const typedTextMax = 200;

const cardBody = z.strictObject({
  number: z.string().max(typedTextMax),
  exp_month: z.int(),
  exp_year: z.int(),
  cvc: z.string().max(typedTextMax),
  holder_name: z.string().max(typedTextMax).optional(),
});

async function createCardToken(request: ApiRequest): Promise<Answer> {
  const book = requireMerchant(request, "card_tokens.write");
  const hasKey = request.headers["idempotency-key"] !== undefined;
  const now = Date.now();
  // Not through Powertools: its record would hold a hash of the card number. The vault's own digest deduplicates.
  const tokenized = await tokenizer.tokenize({
    book,
    card: readCard(request, now),
    ...(hasKey ? { idempotencyKey: idempotencyKeyOf(request) } : {}),
    now,
  });
  switch (tokenized.kind) {
    case "created":
      return created(tokenView(tokenized.token));
    case "exists":
      return created(tokenView(tokenized.token), { "idempotent-replayed": "true" });
    case "key_reused_with_another_card":
      throw new Problem("idempotency_key_reused");
    default:
      return absurd(tokenized);
  }
}

function readCard(request: ApiRequest, now: number): ParsedCard {
  const typed = readBody(request, cardBody);
  const card = parseCard(
    {
      number: typed.number,
      expMonth: typed.exp_month,
      expYear: typed.exp_year,
      cvc: typed.cvc,
      ...(typed.holder_name === undefined ? {} : { holderName: typed.holder_name }),
    },
    now,
  );
  if (card.ok) return card.value;
  throw new Problem("invalid_request", {
    errors: card.error.map((fault) => ({
      pointer: `/${cardFaults[fault].field}`,
      code: fault,
      detail: cardFaults[fault].detail,
    })),
  });
}

const tokenView = (token: CardToken) => ({
  id: token.id,
  object: "card_token",
  brand: token.brand,
  bin: token.bin,
  last4: token.last4,
  exp_month: token.expMonth,
  exp_year: token.expYear,
  fingerprint: token.fingerprint,
});
