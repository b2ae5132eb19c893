import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";

const merchant = z.enum(["demo", "other"]);
const amount = z.int().positive();
const currency = z.string().length(3);

const accountLine = z.strictObject({
  account: z.string().startsWith("acc_"),
  merchant,
  name: z.string(),
  currency,
  normal_side: z.enum(["debit", "credit"]),
  min_available: z.int().optional(),
  max_balance: z.int().optional(),
});
const topUpLine = z.strictObject({
  top_up: z.string().startsWith("acc_"),
  from: z.string().startsWith("acc_"),
  merchant,
  amount,
  currency,
});
const step = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("capture"), amount: amount.optional() }),
  z.strictObject({ do: z.literal("cancel") }),
  z.strictObject({ do: z.literal("refund"), amount: amount.optional() }),
]);
const paymentLine = z
  .strictObject({
    key: z.string().min(1).max(200),
    merchant,
    amount,
    currency,
    card: z.string().optional(),
    wallet: z.string().startsWith("acc_").optional(),
    capture: z.literal("manual").optional(),
    afterwards: z.array(step).max(10).default([]),
    customer: z.enum(["approve", "refuse"]).optional(),
    repeat: z.int().min(0).max(10).default(0),
    burst: z.string().optional(),
  })
  .refine(({ card, wallet }) => (card === undefined) !== (wallet === undefined), {
    error: "a payment has either a card or a wallet",
  });

export type MerchantName = z.output<typeof merchant>;
export type AccountLine = z.output<typeof accountLine>;
export type TopUpLine = z.output<typeof topUpLine>;
export type PaymentLine = z.output<typeof paymentLine>;
export type Step = z.output<typeof step>;

/** One day, as its file tells it. */
export interface Day {
  readonly accounts: readonly AccountLine[];
  readonly topUps: readonly TopUpLine[];
  readonly payments: readonly PaymentLine[];
  /** Lines that are none of these, with why. The others are sent all the same. */
  readonly malformed: readonly { readonly line: number; readonly why: string }[];
}

/** Reads a file of lines. @throws the file system's own error when it cannot be read. */
export async function readDay(file: string): Promise<Day> {
  const accounts: AccountLine[] = [];
  const topUps: TopUpLine[] = [];
  const payments: PaymentLine[] = [];
  const malformed: { line: number; why: string }[] = [];
  let line = 0;
  for await (const text of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    line += 1;
    if (text.trim() === "") continue;
    try {
      const value: unknown = JSON.parse(text);
      if (has(value, "account")) accounts.push(accountLine.parse(value));
      else if (has(value, "top_up")) topUps.push(topUpLine.parse(value));
      else payments.push(paymentLine.parse(value));
    } catch (error) {
      malformed.push({ line, why: whyOf(error) });
    }
  }
  return { accounts, topUps, payments, malformed };
}

const has = (value: unknown, name: string): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name);

function whyOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return (error as Error).message;
  return error.issues
    .map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "))
    .join("; ");
}
