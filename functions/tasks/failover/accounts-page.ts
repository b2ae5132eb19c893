import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { epochOf } from "#adapters/dynamodb/fence.ts";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { accountKey } from "#adapters/dynamodb/keys.ts";
import type { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { type Cursor, scanSegment } from "#adapters/dynamodb/segment.ts";
import { type StoredItem, storedAccount } from "#adapters/dynamodb/stored.ts";
import type { TakeOver } from "#adapters/dynamodb/takeover.ts";
import type { Torn } from "#core/failover/arrived.ts";
import {
  type AccountId,
  addCounters,
  type Book,
  type Counters,
  classOf,
  noCounters,
  type UserAccountId,
} from "#core/ledger/account.ts";
import { type BySide, openingRoom, strain } from "#core/ledger/guard.ts";
import { movements } from "#core/ledger/journal.ts";
import type { StoredAccount } from "#core/proof/stored.ts";
import { inLanes } from "#functions/lanes.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { Keep, PageDone } from "./pass.ts";

export interface AccountPorts {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly takeOver: Pick<TakeOver, "epoch" | "changeAccount">;
  readonly postings: Pick<PostingStore, "total">;
  readonly journal: Pick<JournalStore, "read">;
}

const atOnce = 24;

/**
 * Writes each guarded account of a page under this epoch: as it is where it adds up to what the journal says, and else
 * with the counters that it has by the journal, and the room that its limits leave beside them.
 */
export async function takeAccounts(
  ports: AccountPorts,
  where: PassInput,
  cursor: Cursor | undefined,
  keep: Keep,
): Promise<PageDone> {
  // Nothing else in the ledger has room.
  const scan = { TableName: ports.table, FilterExpression: "attribute_exists(debit_room)" };
  const { items, read, next } = await scanSegment(ports.client, scan, where, cursor);
  const chartOf = chartReader(ports.journal);
  let changed = 0;
  await inLanes(items, atOnce, async (item) => {
    if (await takeAccount(ports, chartOf, item, keep)) changed += 1;
  });
  return { read, changed, next };
}

/**
 * What was read is written only where nobody has posted since: else the next call reads it again.
 * @returns whether it had to be written.
 */
async function takeAccount(
  ports: AccountPorts,
  chartOf: ChartReader,
  item: StoredItem,
  keep: Keep,
): Promise<boolean> {
  const account = storedAccount(item);
  const version = item["version"]?.N;
  const { counters, postings } = await counted(ports, chartOf, account);
  const room = roomBeside(account, counters);
  const isRight =
    isSame(account, counters) && account.debitRoom === room.debit && account.creditRoom === room.credit;
  if (isRight && epochOf(item) === ports.takeOver.epoch) return false;
  // One that was rebuilt and stamped is not looked at again.
  for (const each of beyond(account, room)) await keep(each);
  const written = await ports.takeOver.changeAccount({
    Key: marshall(accountKey(account.book, account.id)),
    UpdateExpression: `SET debits_posted = :debits_posted, debits_pending = :debits_pending, credits_posted = :credits_posted, credits_pending = :credits_pending, debit_room = :debit_room, credit_room = :credit_room, version = :postings`,
    ConditionExpression: version === undefined ? "attribute_not_exists(version)" : "version = :version",
    ExpressionAttributeValues: marshall({
      ":debits_posted": counters.debitsPosted,
      ":debits_pending": counters.debitsPending,
      ":credits_posted": counters.creditsPosted,
      ":credits_pending": counters.creditsPending,
      ":debit_room": room.debit,
      ":credit_room": room.credit,
      ":postings": postings,
      ...(version === undefined ? {} : { ":version": Number(version) }),
    }),
  });
  if (!written) throw new AccountMoved(`${account.book} ${account.id} was posted to while it was taken over`);
  return true;
}

/** The page is worked on again, as after any other failure. */
export class AccountMoved extends Error {
  override readonly name = "AccountMoved";
}

/** What moved an account, and how often. */
interface Counted {
  readonly counters: Counters;
  readonly postings: number;
}

type ChartReader = (book: Book) => Promise<ReadonlyMap<AccountId, Counted>>;

/** A merchant's account by the list of what moved it, which is right by now; one of the chart by the book's whole journal. */
async function counted(
  { postings }: AccountPorts,
  chartOf: ChartReader,
  { book, id }: StoredAccount,
): Promise<Counted> {
  if (classOf(id) === "system") return (await chartOf(book)).get(id) ?? { counters: noCounters, postings: 0 };
  const total = await postings.total(book, id as UserAccountId);
  return { counters: total.counters, postings: total.version };
}

/**
 * Reads a book's journal once for all its guarded accounts of the chart that a page has. Not once for several pages: an
 * account must be read before its journal is, so that what is posted in between is told by its version.
 */
function chartReader(journal: AccountPorts["journal"]): ChartReader {
  const read = new Map<Book, ReturnType<ChartReader>>();
  return (book) => {
    const chart = read.get(book) ?? chartIn(journal, book);
    read.set(book, chart);
    return chart;
  };
}

async function chartIn(journal: AccountPorts["journal"], book: Book): Promise<Map<AccountId, Counted>> {
  const chart = new Map<AccountId, Counted>();
  for await (const record of journal.read(book))
    for (const [id, moved] of movements(record)) {
      if (classOf(id) !== "system") continue;
      const { counters, postings } = chart.get(id) ?? { counters: noCounters, postings: 0 };
      chart.set(id, { counters: addCounters(counters, moved), postings: postings + 1 });
    }
  return chart;
}

/** What an account's limits leave beside its counters. */
function roomBeside(account: StoredAccount, counters: Counters): BySide {
  const [opening, is] = [openingOf(account), strain(counters)];
  return { debit: opening.debit - is.debit, credit: opening.credit - is.credit };
}

/** A merchant's account has its limits. Of one of the chart, room and counters were right together: both are one item. */
function openingOf(account: StoredAccount): BySide {
  if (classOf(account.id) === "user") return openingRoom(account);
  const was = strain(account);
  return { debit: account.debitRoom + was.debit, credit: account.creditRoom + was.credit };
}

const isSame = (one: Counters, other: Counters): boolean =>
  one.debitsPosted === other.debitsPosted &&
  one.debitsPending === other.debitsPending &&
  one.creditsPosted === other.creditsPosted &&
  one.creditsPending === other.creditsPending;

/** What had paid it in did not arrive, and what it paid out did. */
const beyond = ({ book, id }: StoredAccount, room: BySide): readonly Torn[] =>
  (["debit", "credit"] as const)
    .filter((side) => room[side] < 0n)
    .map((side) => ({
      subject: `${book} ${id}`,
      what: `is ${-room[side]} beyond its limit on the ${side} side: an entry that gave it room is lost`,
    }));
