import { z } from "zod";
import { type Currency, isCurrency } from "../money/currency.ts";
import { type Money, money } from "../money/money.ts";
import type { EventId } from "./event-id.ts";
import type { PublishedEvent } from "./payment-event.ts";

/** Codes of ours, and nothing that an acquirer or a person wrote. */
const code = z
  .object({ code: z.string() })
  .transform(({ code: text }) => text.match(/^[a-z0-9_]{1,32}$/)?.[0]);

const minorUnits = z.int().nonnegative().transform(BigInt);

/** Of a payment as an event shows it: what may be told outside. References, descriptions and metadata are not among it. */
const told = z.object({
  id: z.string().startsWith("pay_"),
  amount: minorUnits,
  currency: z.string().refine(isCurrency),
  amount_captured: minorUnits,
  amount_refunded: minorUnits,
  decline: code.optional(),
  failure: code.optional(),
  cancellation: code.optional(),
});

/** An event as people are told of it. */
export interface PaymentNews {
  readonly event: EventId;
  readonly merchant: string;
  readonly payment: string;
  /** RFC 3339, of the change. */
  readonly at: string;
  readonly amount: Money;
  readonly captured: Money;
  readonly refunded: Money;
  /** Why it was declined, failed or canceled; undefined where there is no code of ours for it. */
  readonly because: string | undefined;
}

/** What may be told of an event. @throws ZodError when its payment is not as the API shows payments. */
export function newsOf({ id, book, created_at: at, data }: PublishedEvent): PaymentNews {
  const seen = told.parse(data);
  const of = (amount: bigint): Money => money(amount, seen.currency as Currency);
  return {
    event: id,
    merchant: book,
    payment: seen.id,
    at,
    amount: of(seen.amount),
    captured: of(seen.amount_captured),
    refunded: of(seen.amount_refunded),
    because: seen.decline ?? seen.failure ?? seen.cancellation,
  };
}
