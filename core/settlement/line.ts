import { withoutPans } from "../cards/pan.ts";
import type { Book } from "../ledger/account.ts";
import type { Currency } from "../money/currency.ts";

/** `cost`: what the acquirer takes for a whole day, where its file does not say it line by line. */
export const lineKinds = ["capture", "refund", "chargeback", "chargeback_reversal", "cost"] as const;
export type LineKind = (typeof lineKinds)[number];

/** One movement of money as an acquirer's file tells it. The lines of a file sum to what is paid out: Σ (gross − cost). */
export interface SettlementLine {
  /**
   * In its file: the line of a CSV, the ordinal of an entry of a statement; from 1. The parts of a batch entry share
   * the entry's place.
   */
  readonly place: number;
  readonly kind: LineKind;
  /** The day (UTC) for which it is settled: `2030-06-15`. */
  readonly settledOn: string;
  readonly acquirer: string;
  /** What the file says; a statement of camt says none. */
  readonly merchant: Book | undefined;
  /** Ours: `pay_…:capture:1`. As the file has it: whether there is such an operation is for the matching to find. */
  readonly operationKey: string | undefined;
  /** The acquirer's. */
  readonly reference: string;
  readonly dispute: string | undefined;
  readonly currency: Currency;
  /** Minor units, −10^15 … 10^15: negative where the acquirer takes, 0 for a `cost`. */
  readonly gross: bigint;
  /** Minor units, 0 … 10^15. */
  readonly cost: bigint;
  /** Epoch milliseconds; undefined where the file does not say the moment, or not in which zone. */
  readonly occurredAt: number | undefined;
}

/** What a file has at one place: a line, or why it is none. */
export type Read<Line = SettlementLine> =
  | { readonly ok: true; readonly line: Line }
  | { readonly ok: false; readonly flaw: Flaw };

/** What could not be read. Nothing of a file is left out without one. */
export interface Flaw {
  /** As of a line. */
  readonly place: number;
  readonly reason: string;
  /** What was there, cut to 1,000 characters. Of what reads as a card number, six and four digits stay. */
  readonly text: string;
  /** Nothing behind it can be trusted, and nothing is read. */
  readonly endsFile: boolean;
}

const textMax = 1_000;
/** More than the longest card number takes, with all that may part its digits: none is cut before it is found. */
const panSpanMax = 100;

/** NUL is put as U+FFFD, as what is no character is: PostgreSQL keeps neither. */
export function flawed(
  place: number,
  reason: string,
  text: string,
  { endsFile } = { endsFile: false },
): Read<never> {
  const kept = withoutPans(text.slice(0, textMax + panSpanMax)).slice(0, textMax);
  return {
    ok: false,
    flaw: { place, reason, text: kept.toWellFormed().replaceAll("\0", "\ufffd"), endsFile },
  };
}
