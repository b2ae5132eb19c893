import { absurd } from "../kernel/invariant.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Currency } from "../money/currency.ts";
import type { Book } from "./account.ts";
import { checkEntry, type EntryId, type Hold, type Leg } from "./entry.ts";
import type { MalformedEntry, ResolutionRefusal } from "./errors.ts";

/**
 * The one end of a hold. It carries the legs that it releases, so that whoever folds the journal needs no
 * second read, and the entry that it posts, so that a capture is one item and cannot happen twice.
 */
export type Resolution = {
  readonly hold: EntryId;
  readonly book: Book;
  readonly released: readonly Leg[];
  /** Epoch milliseconds. */
  readonly recordedAt: number;
  readonly execution: string;
} & (
  | {
      readonly kind: "posted";
      readonly entry: { readonly id: EntryId; readonly legs: readonly Leg[]; readonly effectiveAt: number };
    }
  | { readonly kind: "voided" }
  /** `effectiveAt`: when its time was up, epoch milliseconds. It is recorded when somebody noticed. */
  | { readonly kind: "expired"; readonly effectiveAt: number }
);

export type ResolutionKind = Resolution["kind"];

/**
 * Posts a hold with `legs`, whose debits may be at most what was held per currency; the rest is released.
 * Expiry is decided by time alone: a hold past its time is refused even if nothing has swept it yet.
 */
export function postHold(
  hold: Hold,
  post: {
    readonly id: EntryId;
    readonly legs: readonly Leg[];
    readonly at: number;
    readonly execution: string;
  },
): Result<Resolution, MalformedEntry | ResolutionRefusal> {
  const checked = checkEntry({ book: hold.book, legs: post.legs });
  if (!checked.ok) return checked;
  if (hold.expiresAt !== undefined && post.at >= hold.expiresAt) return err("hold_expired");
  if (exceeds(post.legs, hold.legs)) return err("exceeds_hold");
  return ok({
    kind: "posted",
    hold: hold.id,
    book: hold.book,
    released: hold.legs,
    recordedAt: post.at,
    execution: post.execution,
    entry: { id: post.id, legs: post.legs, effectiveAt: post.at },
  });
}

/** Releases a hold whole. */
export function voidHold(hold: Hold, at: number, execution: string): Extract<Resolution, { kind: "voided" }> {
  return { kind: "voided", hold: hold.id, book: hold.book, released: hold.legs, recordedAt: at, execution };
}

/** Releases a hold whose time has passed. `at` in epoch milliseconds. Undefined while the hold still stands. */
export function expireHold(hold: Hold, at: number, execution: string): Resolution | undefined {
  if (hold.expiresAt === undefined || at < hold.expiresAt) return undefined;
  return { ...voidHold(hold, at, execution), kind: "expired", effectiveAt: hold.expiresAt };
}

/** What a second resolution of the same hold is told. */
export function alreadyResolved(kind: ResolutionKind): ResolutionRefusal {
  switch (kind) {
    case "posted":
      return "hold_already_posted";
    case "voided":
      return "hold_already_voided";
    case "expired":
      return "hold_already_expired";
    default:
      return absurd(kind);
  }
}

function exceeds(posted: readonly Leg[], held: readonly Leg[]): boolean {
  const heldSums = debitsByCurrency(held);
  for (const [currency, sum] of debitsByCurrency(posted)) {
    if (sum > (heldSums.get(currency) ?? 0n)) return true;
  }
  return false;
}

function debitsByCurrency(legs: readonly Leg[]): Map<Currency, bigint> {
  const sums = new Map<Currency, bigint>();
  for (const leg of legs) {
    if (leg.side === "debit") sums.set(leg.currency, (sums.get(leg.currency) ?? 0n) + leg.amount);
  }
  return sums;
}
