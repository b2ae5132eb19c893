import { err, ok, type Result } from "../kernel/result.ts";
import {
  type Account,
  type AccountId,
  addCounters,
  type Counters,
  classOf,
  type Side,
  salesCurrency,
} from "./account.ts";
import { chartLine } from "./chart.ts";
import { firstByPrecedence, type PostingRefusal, refusalPrecedence } from "./errors.ts";

/**
 * Guarded accounts are updated, by condition, in the transaction that writes the entry. User accounts are: whether they
 * exist, are open and of the right currency is never known without asking. Of the sales account all that is known.
 */
export function isGuarded(account: AccountId): boolean {
  if (classOf(account) === "user") return salesCurrency(account) === undefined;
  return chartLine(Number(account.split(":")[1]))?.guarded === true;
}

/** Per side, in minor units. */
export interface BySide {
  readonly debit: bigint;
  readonly credit: bigint;
}

/** Stands for no limit: far above all the money there is, and exact in a DynamoDB number of 38 digits. */
const unlimited = 10n ** 30n;

/**
 * How much more an account takes on each side before a limit refuses. A posting against the normal side uses up
 * what is available; one on the normal side approaches the highest balance. Pending postings use up room at
 * once and give none. Written this way a limit is one number per side, which a database can test and move
 * without knowing the account's normal side.
 */
export function openingRoom(account: Pick<Account, "normalSide" | "minAvailable" | "maxBalance">): BySide {
  const down = account.minAvailable === undefined ? unlimited : -account.minAvailable;
  const up = account.maxBalance ?? unlimited;
  return account.normalSide === "credit" ? { debit: down, credit: up } : { debit: up, credit: down };
}

/** How much room a movement takes on each side; negative where it gives room back. */
export const strain = (moved: Counters): BySide => ({
  debit: moved.debitsPosted + moved.debitsPending - moved.creditsPosted,
  credit: moved.creditsPosted + moved.creditsPending - moved.debitsPosted,
});

/** What a posting is told that found no room left on `side`. */
export const noRoom = (side: Side, normalSide: Side): PostingRefusal =>
  side === normalSide ? "above_max_balance" : "below_min_available";

/** Whether a movement only releases holds: that is allowed on frozen and closed accounts, or their holds could never end. */
export const onlyReleases = (movement: Counters): boolean =>
  movement.debitsPosted <= 0n &&
  movement.debitsPending <= 0n &&
  movement.creditsPosted <= 0n &&
  movement.creditsPending <= 0n;

/**
 * Applies a movement to a guarded account, or says why the account refuses it. A limit refuses only what moves
 * towards it: an account that a chargeback left beyond its limit can still be paid into.
 */
export function applyGuarded(account: Account, movement: Counters): Result<Account, PostingRefusal> {
  const opening = openingRoom(account);
  const used = strain(account);
  const taken = strain(movement);
  const refusals = new Set<PostingRefusal>();
  if (account.condition !== "open" && !onlyReleases(movement)) refusals.add(`account_${account.condition}`);
  for (const side of ["debit", "credit"] as const) {
    if (taken[side] > 0n && taken[side] > opening[side] - used[side])
      refusals.add(noRoom(side, account.normalSide));
  }
  const refusal = firstByPrecedence(refusalPrecedence, refusals);
  return refusal === undefined ? ok({ ...account, ...addCounters(account, movement) }) : err(refusal);
}
