import { z } from "zod";
import type { CurrencyTerms, Merchant, Registered } from "#core/merchants/merchant.ts";
import { amountMax } from "#core/money/money.ts";
import { amount, currency, text } from "../http/fields.ts";

const nameLengthMax = 100;
const basisPointsMax = 10_000;

const currencyTerms = z
  .strictObject({
    basis_points: z.int({ error: "Basis points are an integer" }).min(0).max(basisPointsMax),
    fixed: z.int({ error: "A fixed fee is an integer of minor units" }).min(0).max(Number(amountMax)),
    /** Per dispute, whatever comes of it; 0 is none. */
    dispute_fee: z
      .int({ error: "A dispute's fee is an integer of minor units" })
      .min(0)
      .max(Number(amountMax))
      .optional(),
    payment_max: amount,
  })
  .transform(
    (line): CurrencyTerms => ({
      fees: {
        basisPoints: line.basis_points,
        fixed: BigInt(line.fixed),
        // No fee is stored as none: so what was there before disputes were is what it was.
        ...(line.dispute_fee ? { dispute: BigInt(line.dispute_fee) } : {}),
      },
      paymentMax: line.payment_max,
    }),
  );

export const onboardBody = z.strictObject({
  id: z.string().optional(),
  name: text(nameLengthMax),
  terms: z.record(currency, currencyTerms),
});

export const changeBody = z.strictObject({
  name: text(nameLengthMax).optional(),
  terms: z.record(currency, currencyTerms.nullable()).optional(),
});

/** Cognito's own alphabet, with room left for the merchant's id before it. */
export const clientBody = z.strictObject({
  name: z.string().regex(/^[\w+=,.@ -]{1,64}$/, {
    error: "A name is 1 to 64 letters, digits, spaces and _ + = , . @ -",
  }),
});

/** The terms of each currency, as a body has them. */
const termsView = ({ terms }: Merchant) =>
  Object.fromEntries(
    Object.entries(terms)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { fees, paymentMax }]) => [
        code,
        {
          ...{ basis_points: fees.basisPoints, fixed: fees.fixed },
          ...(fees.dispute === undefined ? {} : { dispute_fee: fees.dispute }),
          payment_max: paymentMax,
        },
      ]),
  );

export const merchantView = ({ merchant, version }: Registered) => ({
  id: merchant.id,
  object: "merchant",
  name: merchant.name,
  terms: termsView(merchant),
  version,
});
