import type { Card } from "../acquiring/port.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { brandOf, cvcLengthsOf } from "./brands.ts";
import { type ExpiryFault, expiryFaults } from "./expiry.ts";
import { type HolderNameFault, normalizeHolderName } from "./holder-name.ts";
import { type Pan, type PanFault, parsePan } from "./pan.ts";

/** A card that was parsed, or that came out of the vault. Printed, serialised or spread, it never shows its number. */
export interface ParsedCard extends Card {
  readonly number: Pan;
}

/** A card as a person typed it. */
export interface TypedCard {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
  /** Checked here and then forgotten: nothing in this system may store it (PCI DSS 3.3.1). */
  readonly cvc: string;
  readonly holderName?: string;
}

/** What is wrong with a typed card. Closed: see `cardFaults` for the field and the words of each. */
export type CardFault = PanFault | ExpiryFault | "cvc_malformed" | "cvc_length" | HolderNameFault;

interface FaultRule {
  readonly field: "number" | "exp_month" | "exp_year" | "cvc" | "holder_name";
  readonly detail: string;
}

/** The one table from fault to the field of the request that has it. Retry: never with the same input. */
export const cardFaults: Readonly<Record<CardFault, FaultRule>> = {
  number_malformed: { field: "number", detail: "A card number is 12 to 19 digits and nothing else." },
  number_length: { field: "number", detail: "The card number has too few or too many digits for its brand." },
  number_checksum: { field: "number", detail: "The card number is mistyped: its check digit is wrong." },
  month_out_of_range: { field: "exp_month", detail: "The month is an integer from 1 to 12." },
  month_past: { field: "exp_month", detail: "The card has expired." },
  year_out_of_range: { field: "exp_year", detail: "The year has four digits and is not a century ahead." },
  year_past: { field: "exp_year", detail: "The card has expired." },
  cvc_malformed: { field: "cvc", detail: "The code is 3 or 4 digits and nothing else." },
  cvc_length: { field: "cvc", detail: "The code has too few or too many digits for this brand of card." },
  holder_name_empty: { field: "holder_name", detail: "The name is empty: leave it out instead." },
  holder_name_too_long: { field: "holder_name", detail: "The name is longer than 100 characters." },
  holder_name_invisible_character: {
    field: "holder_name",
    detail: "The name has control, bidirectional or zero-width characters.",
  },
  holder_name_card_number: { field: "holder_name", detail: "The name holds a card number." },
};

/** `now` in epoch milliseconds. All faults are told at once, so that a form can show them together. */
export function parseCard(typed: TypedCard, now: number): Result<ParsedCard, readonly CardFault[]> {
  const pan = parsePan(typed.number);
  const holderName = typed.holderName === undefined ? ok(undefined) : normalizeHolderName(typed.holderName);
  const expiry = expiryFaults(typed, now);
  const cvcFault = cvcFaultOf(typed.cvc, pan.ok ? pan.value : undefined);
  if (pan.ok && expiry.length === 0 && cvcFault === undefined && holderName.ok) {
    const { expMonth, expYear } = typed;
    return ok(concealedCard({ number: pan.value, expMonth, expYear, holderName: holderName.value }));
  }
  return err([
    ...(pan.ok ? [] : [pan.error]),
    ...expiry,
    ...(cvcFault === undefined ? [] : [cvcFault]),
    ...(holderName.ok ? [] : [holderName.error]),
  ]);
}

/** Four digits may be right while the number that would tell is wrong. */
function cvcFaultOf(cvc: string, pan: Pan | undefined): "cvc_malformed" | "cvc_length" | undefined {
  if (!/^[0-9]{3,4}$/.test(cvc)) return "cvc_malformed";
  const lengths = pan === undefined ? [3, 4] : cvcLengthsOf(brandOf(pan));
  return lengths.includes(cvc.length) ? undefined : "cvc_length";
}

/** A card that shows itself to nobody by accident. For parts that were parsed already. */
export const concealedCard = (parts: CardParts): ParsedCard => new ConcealedCard(parts);

interface CardParts {
  readonly number: Pan;
  readonly expMonth: number;
  readonly expYear: number;
  readonly holderName?: string | undefined;
}

const shown = "[card]";

/**
 * The number sits in a private field behind a getter of the prototype: spread, structuredClone and Object.entries
 * leave it behind, and JSON, template strings and console.log print a constant.
 */
class ConcealedCard implements ParsedCard {
  readonly #number: Pan;
  readonly expMonth: number;
  readonly expYear: number;
  declare readonly holderName?: string;

  constructor({ number, expMonth, expYear, holderName }: CardParts) {
    this.#number = number;
    this.expMonth = expMonth;
    this.expYear = expYear;
    if (holderName !== undefined) this.holderName = holderName;
  }

  get number(): Pan {
    return this.#number;
  }

  toJSON(): string {
    return shown;
  }

  toString(): string {
    return shown;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return shown;
  }
}
