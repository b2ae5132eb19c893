import { z } from "zod";

/** Minor units: 1 … 10^15, which a JSON number holds exactly. */
const amount = z.int().min(1).max(1_000_000_000_000_000);
const text = z.string().min(1).max(128);

const card = z.strictObject({
  number: z.string().regex(/^[0-9]{12,19}$/),
  exp_month: z.int().min(1).max(12),
  exp_year: z.int().min(2000).max(2999),
  cvc: z
    .string()
    .regex(/^[0-9]{3,4}$/)
    .optional(),
  holder_name: text.optional(),
});

/** Where a customer's browser is sent: nothing but the web. */
const returnUrl = z.url({ protocol: /^https?$/ }).max(2_048);

/** What a client may choose as `Idempotency-Key`. */
export const operationKeyPattern = /^[\x21-\x7e]{1,255}$/;

/** Bodies of the POSTs. Property order does not matter: parsed ones always have the schema's. */
export const authorizationBody = z.strictObject({
  merchant: text,
  amount,
  currency: z.string().regex(/^[A-Z]{3}$/),
  card,
  return_url: returnUrl.optional(),
});
export const amountBody = z.strictObject({ amount });
export const voidBody = z.strictObject({});
export const reversalBody = z.strictObject({ key_of_operation: z.string().regex(operationKeyPattern) });

export type AuthorizationBody = z.infer<typeof authorizationBody>;
