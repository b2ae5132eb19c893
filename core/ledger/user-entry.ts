import { containsPan } from "../cards/pan.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Currency } from "../money/currency.ts";
import type { Book, Side, UserAccountId } from "./account.ts";
import { type EntryId, type Hold, isBalanced, type JournalEntry, type Leg } from "./entry.ts";
import type { ResolutionRefusal } from "./errors.ts";
import { postHold, type Resolution } from "./resolution.ts";

/**
 * Entries that a merchant posts itself, between its own accounts. Nothing here can name a system account: legs carry
 * `UserAccountId`, which only parsing gives.
 */

declare const callers: unique symbol;
/** The id of an entry that a caller chose, or one derived from it. Sagas' ids are told apart by their form. */
export type UserEntryId = EntryId & { readonly [callers]: true };

/** What may be chosen has no dot: entries that follow from another are named `<id>.post.1` and `<id>.reversal.1`. */
const chosenPattern = /^[A-Za-z0-9_-]{1,64}$/;
const derivedSuffix = /\.(?:post|reversal)\.1$/;

/** @returns undefined for what no caller may choose: another form, a payment's own id, a card number. */
export const parseUserEntryId = (text: string): UserEntryId | undefined =>
  chosenPattern.test(text) && !text.startsWith("je_pay_") && !containsPan(text)
    ? (text as UserEntryId)
    : undefined;

/** Whether an entry is a caller's, or follows from one that is. */
export const isUserEntry = (id: EntryId): id is UserEntryId =>
  parseUserEntryId(id.replace(derivedSuffix, "")) !== undefined;

/** The entry that a hold becomes. */
const postId = (hold: UserEntryId): UserEntryId => `${hold}.post.1` as UserEntryId;
/** The one correction that an entry can have. */
const reversalId = (entry: UserEntryId): UserEntryId => `${entry}.reversal.1` as UserEntryId;

interface UserLeg {
  readonly account: UserAccountId;
  readonly side: Side;
  /** Minor units of the account's currency, 1 … 10^15. */
  readonly amount: bigint;
}

/** What a caller asks the ledger to record. */
export interface ProposedEntry {
  readonly id: UserEntryId;
  readonly state: "posted" | "pending";
  readonly legs: readonly UserLeg[];
  /** Epoch milliseconds; when it is recorded, if left out. */
  readonly effectiveAt?: number;
  /** Pending only. */
  readonly expiresInSeconds?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Each guarded account is two items of a transaction, the entry one: DynamoDB takes a hundred. */
export const userLegsMax = 40;

/** What is wrong with a proposal; the same is refused for ever. In order of precedence. */
const proposalFlaws = [
  "too_few_legs",
  "too_many_legs",
  "account_on_both_sides",
  "account_repeated",
  "account_not_found",
  "account_currency_differs",
  "unbalanced",
] as const;
export type ProposalFlaw = (typeof proposalFlaws)[number];

/** A flaw, and the leg that shows it where one does. */
export interface FlawedLeg {
  readonly flaw: ProposalFlaw;
  readonly leg?: number;
}

export interface RecordedBy {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly execution: string;
}

/** The entry that a proposal asks for, each leg in its account's currency. */
export function entryProposed(
  book: Book,
  proposed: ProposedEntry,
  currencyOf: (account: UserAccountId) => Currency | undefined,
  { at, execution }: RecordedBy,
): Result<JournalEntry, FlawedLeg> {
  const legs = legsProposed(proposed.legs, currencyOf);
  if (!legs.ok) return legs;
  return ok({
    id: proposed.id,
    book,
    state: proposed.state,
    legs: legs.value,
    effectiveAt: proposed.effectiveAt ?? at,
    recordedAt: at,
    ...(proposed.expiresInSeconds === undefined ? {} : { expiresAt: at + proposed.expiresInSeconds * 1_000 }),
    ...(proposed.metadata === undefined ? {} : { metadata: proposed.metadata }),
    execution,
  });
}

/** Legs in their accounts' currencies, or the first flaw by `proposalFlaws`. */
function legsProposed(
  legs: readonly UserLeg[],
  currencyOf: (account: UserAccountId) => Currency | undefined,
): Result<readonly Leg[], FlawedLeg> {
  if (legs.length < 2) return err({ flaw: "too_few_legs" });
  if (legs.length > userLegsMax) return err({ flaw: "too_many_legs" });
  const firstOf = (leg: UserLeg) => legs.findIndex(({ account }) => account === leg.account);
  // Money that leaves an account and comes back to it is a mistake of the sender.
  const turned = legs.findIndex((leg) => legs[firstOf(leg)]?.side !== leg.side);
  if (turned >= 0) return err({ flaw: "account_on_both_sides", leg: turned });
  const repeated = legs.findIndex((leg, index) => firstOf(leg) !== index);
  if (repeated >= 0) return err({ flaw: "account_repeated", leg: repeated });
  const valued: Leg[] = [];
  for (const [index, leg] of legs.entries()) {
    const currency = currencyOf(leg.account);
    if (currency === undefined) return err({ flaw: "account_not_found", leg: index });
    valued.push({ ...leg, currency });
  }
  if (isBalanced(valued)) return ok(valued);
  const foreign = valued.findIndex(({ currency }) => currency !== valued[0]?.currency);
  return err(foreign < 0 ? { flaw: "unbalanced" } : { flaw: "account_currency_differs", leg: foreign });
}

/** What a hold is posted with: all of it, so much of it where it has one amount, or these legs. */
export type PostWith =
  | { readonly kind: "all" }
  | { readonly kind: "amount"; readonly amount: bigint }
  | { readonly kind: "legs"; readonly legs: readonly UserLeg[] };

export type PostRefusal = FlawedLeg["flaw"] | ResolutionRefusal | "amount_is_ambiguous";

/** The end of a caller's hold: each leg may be posted up to what it holds, and the rest is released. */
export function postUserHold(
  hold: Hold & { readonly id: UserEntryId },
  post: PostWith,
  { at, execution }: RecordedBy,
): Result<Resolution, PostRefusal> {
  const legs = legsPosted(hold, post);
  if (!legs.ok) return legs;
  const resolved = postHold(hold, { id: postId(hold.id), legs: legs.value, at, execution });
  // Beyond what was checked here, a caller's legs cannot be malformed.
  return resolved.ok ? resolved : err(resolved.error as ResolutionRefusal);
}

function legsPosted(hold: Hold, post: PostWith): Result<readonly Leg[], PostRefusal> {
  if (post.kind === "all") return ok(hold.legs);
  if (post.kind === "amount") {
    if (hold.legs.length !== 2) return err("amount_is_ambiguous");
    if (hold.legs.some(({ amount }) => post.amount > amount)) return err("exceeds_hold");
    return ok(hold.legs.map((leg) => ({ ...leg, amount: post.amount })));
  }
  const heldBy = (leg: UserLeg) =>
    hold.legs.find(({ account, side }) => account === leg.account && side === leg.side);
  // An account that the hold does not have holds nothing.
  if (post.legs.some((leg) => leg.amount > (heldBy(leg)?.amount ?? 0n))) return err("exceeds_hold");
  const legs = legsProposed(
    post.legs,
    (account) => hold.legs.find((leg) => leg.account === account)?.currency,
  );
  return legs.ok ? legs : err(legs.error.flaw);
}

/** The linked opposite of what was posted. */
export function correctionOf(
  original: { readonly id: UserEntryId; readonly book: Book; readonly legs: readonly Leg[] },
  metadata: JournalEntry["metadata"],
  { at, execution }: RecordedBy,
): JournalEntry {
  return {
    id: reversalId(original.id),
    book: original.book,
    state: "posted",
    legs: original.legs.map((leg) => ({ ...leg, side: leg.side === "debit" ? "credit" : "debit" })),
    effectiveAt: at,
    recordedAt: at,
    reverses: original.id,
    ...(metadata === undefined ? {} : { metadata }),
    execution,
  };
}
