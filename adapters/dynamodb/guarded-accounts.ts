import type { CancellationReason, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { InvariantViolation, invariant } from "#core/kernel/invariant.ts";
import {
  type Account,
  type AccountId,
  type Book,
  classOf,
  type Side,
  type UserAccountId,
} from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { firstByPrecedence, type PostingRefusal, refusalPrecedence } from "#core/ledger/errors.ts";
import { isGuarded, noRoom, onlyReleases, openingRoom, strain } from "#core/ledger/guard.ts";
import {
  type AccountCounters,
  entryIdOf,
  isForced,
  type JournalRecord,
  movements,
} from "#core/ledger/journal.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import { nothingStored } from "./conditions.ts";
import { accountKey } from "./keys.ts";
import { postingItem } from "./posting-codec.ts";

interface GuardedUpdate {
  readonly account: AccountId;
  readonly movement: AccountCounters;
  readonly item: TransactWriteItem;
}

/** Everything that a posting writes beside the journal. */
interface AccountWrites {
  readonly items: readonly TransactWriteItem[];
  /** Why the books refuse, from the reasons of `items`, in their order. */
  refusalOf(reasons: readonly CancellationReason[]): PostingRefusal;
  /** As above, for each record that an account refuses, in the order in which they would have been applied. */
  refusalsOf(reasons: readonly CancellationReason[]): ReadonlyMap<EntryId, PostingRefusal>;
}

/**
 * A guarded account as it is stored. A DynamoDB condition cannot add up, so what the limits leave on each side is
 * kept beside the counters and moves with them.
 */
type GuardedAccountItem = Readonly<
  Record<
    "debits_posted" | "debits_pending" | "credits_posted" | "credits_pending" | "debit_room" | "credit_room",
    number | bigint
  >
> & { readonly currency: string; readonly normal_side: Side; readonly condition: Account["condition"] };

export function guardedAccountItem(account: Account) {
  const room = openingRoom(account);
  const used = strain(account);
  const item: GuardedAccountItem = {
    currency: account.currency,
    normal_side: account.normalSide,
    condition: account.condition,
    debits_posted: account.debitsPosted,
    debits_pending: account.debitsPending,
    credits_posted: account.creditsPosted,
    credits_pending: account.creditsPending,
    debit_room: room.debit - used.debit,
    credit_room: room.credit - used.credit,
  };
  return marshall({ ...accountKey(account.book, account.id), ...item });
}

/**
 * The conditional updates of every guarded account that records of one book move, and the postings by which user
 * accounts find their entries again. No account is read first.
 */
export function accountWrites(
  table: string,
  book: Book,
  ...records: readonly JournalRecord[]
): AccountWrites {
  const guarded = guardedUpdates(table, book, records);
  const failed = (reasons: readonly CancellationReason[]) =>
    guarded.flatMap((update, index) => {
      const reason = reasons[index];
      return reason?.Code === "ConditionalCheckFailed" ? [{ ...update, stored: reason.Item }] : [];
    });
  return {
    items: [
      ...guarded.map(({ item }) => item),
      ...records.flatMap((record) => postingPuts(table, book, record)),
    ],
    refusalOf: (reasons) =>
      first(failed(reasons).flatMap(({ stored, movement }) => refusalBy(stored, movement) ?? [])),
    refusalsOf: (reasons) => {
      const blamed = new Map<EntryId, PostingRefusal>();
      for (const { account, stored } of failed(reasons)) {
        const { id, refusal } = blame(stored, account, records);
        const before = blamed.get(id);
        blamed.set(id, before === undefined ? refusal : first([before, refusal]));
      }
      return blamed;
    },
  };
}

/** One update for each account, however many of the records move it: DynamoDB takes no item twice. */
function guardedUpdates(table: string, book: Book, records: readonly JournalRecord[]): GuardedUpdate[] {
  const forced = records.every(isForced);
  return [...fold(records)]
    .filter(([account]) => isGuarded(account))
    .map(([account, movement]) => ({
      account,
      movement,
      item: { Update: conditionalMove(table, book, account, movement, timesMoved(account, records), forced) },
    }));
}

const timesMoved = (account: AccountId, records: readonly JournalRecord[]): number =>
  records.filter((record) => movements(record).has(account)).length;

function first(refusals: readonly PostingRefusal[]): PostingRefusal {
  const refusal = firstByPrecedence(refusalPrecedence, new Set(refusals));
  invariant(refusal !== undefined, "a canceled transaction names the condition that failed");
  return refusal;
}

/** The first record with which an account would have been moved too far. */
function blame(
  stored: CancellationReason["Item"],
  account: AccountId,
  records: readonly JournalRecord[],
): { readonly id: EntryId; readonly refusal: PostingRefusal } {
  for (let count = 1; count <= records.length; count += 1) {
    const movement = fold(records.slice(0, count)).get(account);
    const refusal = movement === undefined ? undefined : refusalBy(stored, movement);
    const record = records[count - 1];
    if (refusal !== undefined && record !== undefined) return { id: entryIdOf(record), refusal };
  }
  throw new InvariantViolation(`${account} refused a movement that fits`);
}

function postingPuts(table: string, book: Book, record: JournalRecord): TransactWriteItem[] {
  return [...movements(record)].flatMap(([account, movement]) => {
    if (classOf(account) !== "user") return [];
    const item = postingItem(book, account as UserAccountId, movement, record);
    return [{ Put: { TableName: table, Item: marshall(item), ...nothingStored } }];
  });
}

function conditionalMove(
  table: string,
  book: Book,
  account: AccountId,
  movement: AccountCounters,
  times: number,
  forced: boolean,
) {
  const taken = strain(movement);
  const asksOpen = !forced && !onlyReleases(movement);
  // A limit refuses only what moves towards it; what gives room back is always taken, and so is what happened already.
  const asksDebit = !forced && taken.debit > 0n;
  const asksCredit = !forced && taken.credit > 0n;
  // An account that does not exist has no currency either.
  const conditions = ["currency = :currency"];
  if (asksOpen) conditions.push("#condition = :open");
  if (asksDebit) conditions.push("debit_room >= :debit_taken");
  if (asksCredit) conditions.push("credit_room >= :credit_taken");
  return {
    TableName: table,
    Key: marshall(accountKey(book, account)),
    UpdateExpression:
      "ADD debits_posted :debits_posted, debits_pending :debits_pending, credits_posted :credits_posted, " +
      "credits_pending :credits_pending, debit_room :debit_given, credit_room :credit_given, version :times",
    ConditionExpression: conditions.join(" AND "),
    ...(asksOpen ? { ExpressionAttributeNames: { "#condition": "condition" } } : {}),
    ExpressionAttributeValues: marshall({
      ...(asksOpen ? { ":open": "open" } : {}),
      ":currency": movement.currency,
      ":times": times,
      ":debits_posted": movement.debitsPosted,
      ":debits_pending": movement.debitsPending,
      ":credits_posted": movement.creditsPosted,
      ":credits_pending": movement.creditsPending,
      ":debit_given": -taken.debit,
      ":credit_given": -taken.credit,
      ...(asksDebit ? { ":debit_taken": taken.debit } : {}),
      ...(asksCredit ? { ":credit_taken": taken.credit } : {}),
    }),
  };
}

/** Which of the conditions fail is read from the item as the failed check saw it. Undefined when none does. */
function refusalBy(
  stored: CancellationReason["Item"],
  movement: AccountCounters,
): PostingRefusal | undefined {
  if (stored === undefined) return "account_not_found";
  const item = unmarshall(stored) as GuardedAccountItem;
  const taken = strain(movement);
  const refusals = new Set<PostingRefusal>();
  if (item.currency !== movement.currency) refusals.add("account_currency_differs");
  if (item.condition !== "open" && !onlyReleases(movement)) refusals.add(`account_${item.condition}`);
  if (taken.debit > 0n && taken.debit > BigInt(item.debit_room))
    refusals.add(noRoom("debit", item.normal_side));
  if (taken.credit > 0n && taken.credit > BigInt(item.credit_room))
    refusals.add(noRoom("credit", item.normal_side));
  return firstByPrecedence(refusalPrecedence, refusals);
}
