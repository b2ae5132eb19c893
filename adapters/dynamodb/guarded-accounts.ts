import type { CancellationReason, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import type { Account, AccountId, Book, Side } from "#core/ledger/account.ts";
import { firstByPrecedence, type PostingRefusal, refusalPrecedence } from "#core/ledger/errors.ts";
import { isGuarded, noRoom, onlyReleases, openingRoom, strain } from "#core/ledger/guard.ts";
import { type AccountCounters, type JournalRecord, movements } from "#core/ledger/journal.ts";
import { accountKey } from "./keys.ts";

interface GuardedUpdate {
  readonly movement: AccountCounters;
  readonly item: TransactWriteItem;
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

/** The conditional updates of every guarded account that a record moves. None is read first. */
export function guardedUpdates(table: string, book: Book, record: JournalRecord): GuardedUpdate[] {
  return [...movements(record)]
    .filter(([account]) => isGuarded(account))
    .map(([account, movement]) => ({
      movement,
      item: { Update: conditionalMove(table, book, account, movement) },
    }));
}

/** The refusal that comes first by precedence, over all accounts whose condition failed. */
export function refusalOf(
  updates: readonly GuardedUpdate[],
  reasons: readonly CancellationReason[],
): PostingRefusal {
  const refusals = new Set<PostingRefusal>();
  updates.forEach(({ movement }, index) => {
    const reason = reasons[index];
    if (reason?.Code === "ConditionalCheckFailed") refusals.add(refusalBy(reason.Item, movement));
  });
  const refusal = firstByPrecedence(refusalPrecedence, refusals);
  invariant(refusal !== undefined, "a canceled transaction names the condition that failed");
  return refusal;
}

function conditionalMove(table: string, book: Book, account: AccountId, movement: AccountCounters) {
  const taken = strain(movement);
  const releases = onlyReleases(movement);
  // An account that does not exist has no currency either.
  const conditions = ["currency = :currency"];
  if (!releases) conditions.push("#condition = :open");
  // A limit refuses only what moves towards it; what gives room back is always taken.
  if (taken.debit > 0n) conditions.push("debit_room >= :debit_taken");
  if (taken.credit > 0n) conditions.push("credit_room >= :credit_taken");
  return {
    TableName: table,
    Key: marshall(accountKey(book, account)),
    UpdateExpression:
      "ADD debits_posted :debits_posted, debits_pending :debits_pending, credits_posted :credits_posted, " +
      "credits_pending :credits_pending, debit_room :debit_given, credit_room :credit_given",
    ConditionExpression: conditions.join(" AND "),
    ...(releases ? {} : { ExpressionAttributeNames: { "#condition": "condition" } }),
    ExpressionAttributeValues: marshall({
      ...(releases ? {} : { ":open": "open" }),
      ":currency": movement.currency,
      ":debits_posted": movement.debitsPosted,
      ":debits_pending": movement.debitsPending,
      ":credits_posted": movement.creditsPosted,
      ":credits_pending": movement.creditsPending,
      ":debit_given": -taken.debit,
      ":credit_given": -taken.credit,
      ...(taken.debit > 0n ? { ":debit_taken": taken.debit } : {}),
      ...(taken.credit > 0n ? { ":credit_taken": taken.credit } : {}),
    }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

/** Which of the conditions failed is read from the item as the failed check saw it. */
function refusalBy(stored: CancellationReason["Item"], movement: AccountCounters): PostingRefusal {
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
  const refusal = firstByPrecedence(refusalPrecedence, refusals);
  invariant(refusal !== undefined, "the item that failed the check shows why");
  return refusal;
}
