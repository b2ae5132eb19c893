import { withoutPans } from "../cards/pan.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Currency } from "../money/currency.ts";
import { amountMax } from "../money/money.ts";
import { isDay, unnamed } from "./judge.ts";

/** Where in the bucket our bank leaves its files. No acquirer is called so. */
export const bankFolder = "bank";

/** An entry of our account, as the bank's statement or notification tells it. */
export interface BankMovement {
  /** In its file: the ordinal of an entry, from 1. The parts of a batch entry share the entry's place. */
  readonly place: number;
  /** The bank's own, by which it is the same in every file. */
  readonly reference: string;
  /** The day (UTC) on which it was booked: `2030-06-15`. */
  readonly bookedOn: string;
  readonly currency: Currency;
  /** Minor units, −10^15 … 10^15 and never 0: negative where our account is debited. */
  readonly amount: bigint;
  /** Who is on the other side, where the bank names it. */
  readonly party: string | undefined;
  /** What the other side wrote, up to 1,000 characters. Of what reads as a card number, six and four digits stay. */
  readonly words: string;
  /** Which acquirer's day it pays; undefined where the words name none, or more than one. */
  readonly pays: Payout | undefined;
}

/** What an acquirer pays out at once: a day of its settlement. */
interface Payout {
  readonly acquirer: string;
  readonly settledOn: string;
}

/** An entry as a file has it, in texts: empty where it says nothing. */
export type BankFields = Pick<BankMovement, "reference" | "bookedOn" | "currency" | "amount" | "words"> & {
  readonly party: string;
};

const wordsMax = 1_000;

/** @returns why it is no entry that could be told from another one */
export function bankMovementOf(fields: BankFields, place: number): Result<BankMovement, string> {
  const { reference, bookedOn, currency, amount, party, words } = fields;
  if (reference === "")
    return err("the entry has no reference of the bank's: nobody could tell it from another");
  const reason = unnamed("reference", reference) ?? unnamed("other side's name", party);
  if (reason !== undefined) return err(reason);
  if (!isDay(bookedOn))
    return err(`the day of booking, "${bookedOn.slice(0, 40)}", is no day such as 2030-06-15`);
  if (amount === 0n) return err("the entry moves nothing");
  if (amount > amountMax || amount < -amountMax) return err(`the amount is beyond ${amountMax} minor units`);
  return ok({
    ...{ place, reference, bookedOn, currency, amount, party: party || undefined },
    ...{ words: withoutPans(words).slice(0, wordsMax).toWellFormed(), pays: payoutIn(words) },
  });
}

/** As acquirers write it: `alpha 2026-11-27`. Banks put texts in capitals. */
const payoutPattern = /(?<![a-z0-9-])([a-z][a-z0-9-]{0,31}) ([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9-])/g;

function payoutIn(words: string): Payout | undefined {
  const named = [...words.slice(0, wordsMax).toLowerCase().matchAll(payoutPattern)]
    .map(([, acquirer = "", settledOn = ""]) => ({ acquirer, settledOn }))
    .filter(({ settledOn }) => isDay(settledOn));
  const [first] = named;
  const isOne = named.every(
    (each) => each.acquirer === first?.acquirer && each.settledOn === first.settledOn,
  );
  return isOne ? first : undefined;
}
