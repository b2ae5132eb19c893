import { err, ok, type Result } from "../kernel/result.ts";
import type { Book } from "../ledger/account.ts";
import type { PaymentId } from "./ids.ts";

/** What somebody does about a legal hold. */
export interface HoldWord {
  /** Who. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The case, and where it can be looked up. */
  readonly reason: string;
}

/**
 * A court, an authority or our own lawyers want a payment kept as it is: while its last placing is not lifted, nothing that
 * people wrote on it is erased. It is no part of the payment, whose merchant is told nothing of it until it asks to erase.
 */
export interface LegalHold {
  readonly payment: PaymentId;
  readonly book: Book;
  readonly version: number;
  /** All placings, the last one last. */
  readonly placings: readonly Placing[];
}

interface Placing {
  readonly placed: HoldWord;
  readonly lifted?: HoldWord;
}

/** Whoever needs more has a question that no further hold answers. */
export const placingsMax = 20;

export type HoldRefusal =
  | { readonly code: "already_held"; readonly since: HoldWord }
  | { readonly code: "not_held" }
  | { readonly code: "too_many_holds" };

export const stands = (hold: LegalHold | undefined): boolean =>
  hold?.placings.at(-1) !== undefined && hold.placings.at(-1)?.lifted === undefined;

/** Places a hold on a payment. `hold` is what was placed before, if anything was. */
export function placeHold(
  { id, book }: { readonly id: PaymentId; readonly book: Book },
  hold: LegalHold | undefined,
  word: HoldWord,
): Result<LegalHold, HoldRefusal> {
  const placings = hold?.placings ?? [];
  const last = placings.at(-1);
  if (last !== undefined && last.lifted === undefined)
    return err({ code: "already_held", since: last.placed });
  if (placings.length >= placingsMax) return err({ code: "too_many_holds" });
  const version = (hold?.version ?? 0) + 1;
  return ok({ payment: id, book, version, placings: [...placings, { placed: word }] });
}

/** Lifts the hold that stands. */
export function liftHold(hold: LegalHold | undefined, word: HoldWord): Result<LegalHold, HoldRefusal> {
  const last = hold?.placings.at(-1);
  if (hold === undefined || last === undefined || last.lifted !== undefined) return err({ code: "not_held" });
  const placings = [...hold.placings.slice(0, -1), { ...last, lifted: word }];
  return ok({ ...hold, version: hold.version + 1, placings });
}
