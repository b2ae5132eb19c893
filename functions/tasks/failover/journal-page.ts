import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { openedItem } from "#adapters/dynamodb/account-store.ts";
import {
  accountKey,
  disputeKey,
  entryKey,
  expiringKey,
  type Key,
  paymentKey,
  resolutionKey,
} from "#adapters/dynamodb/keys.ts";
import { paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import { type PostingItem, postedEntryId, postingItem } from "#adapters/dynamodb/posting-codec.ts";
import { getByPlace, placeOf } from "#adapters/dynamodb/reads.ts";
import { type Cursor, scanSegment } from "#adapters/dynamodb/segment.ts";
import { decode, type StoredItem } from "#adapters/dynamodb/stored.ts";
import type { TakeOver } from "#adapters/dynamodb/takeover.ts";
import { disputeEntryIn } from "#core/disputes/ids.ts";
import type { Torn } from "#core/failover/arrived.ts";
import { type Book, classOf, type UserAccountId } from "#core/ledger/account.ts";
import { type EntryId, isHold } from "#core/ledger/entry.ts";
import { isGuarded } from "#core/ledger/guard.ts";
import {
  type AccountCounters,
  entryIdOf,
  type JournalRecord,
  movements,
  recordedAtOf,
} from "#core/ledger/journal.ts";
import { isUserEntry } from "#core/ledger/user-entry.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { inLanes } from "#functions/lanes.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { Keep, PageDone } from "./pass.ts";

export interface JournalPorts {
  readonly client: DynamoDBClient;
  readonly tables: { readonly ledger: string; readonly payments: string };
  readonly takeOver: Pick<TakeOver, "putMissing" | "forget">;
}

const atOnce = 24;

/**
 * Brings what was written with the journal's newest records in line with them. The journal is what counts: by what an
 * entry or a hold is found is written where it is missing, and taken away where its entry did not arrive. A record whose
 * payment did not arrive is a person's.
 */
export async function takeJournal(
  ports: JournalPorts,
  where: PassInput,
  cursor: Cursor | undefined,
  keep: Keep,
): Promise<PageDone> {
  const scan = {
    TableName: ports.tables.ledger,
    FilterExpression: "recorded_at >= :since",
    ExpressionAttributeValues: { ":since": { N: String(where.since) } },
  };
  const { items, read, next } = await scanSegment(ports.client, scan, where, cursor);
  const { records, notes } = sorted(items);
  for (const each of await withoutPayment(ports, records)) await keep(each);
  const lost = await lostAccounts(ports, records);
  // An account that is kept, and a note that is gone, do not show any more what did not arrive.
  for (const { torn } of lost) await keep(torn);
  const changed =
    (await putAll(
      ports,
      lost.map(({ item }) => item),
    )) + (await putAll(ports, await missingOf(ports, records.flatMap(foundBy))));
  const pointless = await pointlessNotes(ports, notes);
  await inLanes(pointless, atOnce, async ({ note, torn }) => {
    await keep(torn);
    await ports.takeOver.forget(note);
  });
  return { read, changed: changed + pointless.length, next };
}

interface Placed {
  readonly book: Book;
  readonly record: JournalRecord;
}

function sorted(items: readonly StoredItem[]): {
  readonly records: readonly Placed[];
  readonly notes: readonly PostingItem[];
} {
  const records: Placed[] = [];
  const notes: PostingItem[] = [];
  for (const item of items) {
    const decoded = decode(item);
    const book = (item["pk"]?.S ?? "").split("#")[0] as Book;
    if (decoded.kind === "journal") records.push({ book, record: decoded.record });
    if (decoded.kind === "note") notes.push(unmarshall(item) as PostingItem);
  }
  return { records, notes };
}

/** By what a merchant's accounts find a record, and the sweep a hold: written with it, and replicated by itself. */
function foundBy({ book, record }: Placed): StoredItem[] {
  const notes = [...movements(record)].flatMap(([account, moved]) =>
    classOf(account) === "user" ? [marshall(postingItem(book, account as UserAccountId, moved, record))] : [],
  );
  if (record.type !== "entry" || !isHold(record.entry) || !isUserEntry(record.entry.id)) return notes;
  const { id, expiresAt } = record.entry;
  return expiresAt === undefined ? notes : [...notes, marshall(expiringKey(book, id, expiresAt))];
}

async function missingOf(
  { client, tables }: JournalPorts,
  items: readonly StoredItem[],
): Promise<readonly StoredItem[]> {
  const there = await getByPlace(client, tables.ledger, items.map(keyIn));
  return items.filter((item) => !there.has(placeOf(keyIn(item))));
}

async function putAll({ takeOver }: JournalPorts, items: readonly StoredItem[]): Promise<number> {
  let put = 0;
  await inLanes(items, atOnce, async (item) => {
    if (await takeOver.putMissing(item)) put += 1;
  });
  return put;
}

/** Accounts that records move, and that did not arrive themselves: nothing but their currency is known. */
async function lostAccounts(
  { client, tables }: JournalPorts,
  records: readonly Placed[],
): Promise<readonly { readonly item: StoredItem; readonly torn: Torn }[]> {
  const moved = new Map<
    string,
    { readonly book: Book; readonly id: UserAccountId; readonly by: JournalRecord } & Pick<
      AccountCounters,
      "currency"
    >
  >();
  for (const { book, record } of records)
    for (const [id, { currency }] of movements(record))
      if (classOf(id) === "user" && isGuarded(id))
        moved.set(`${book} ${id}`, { book, id: id as UserAccountId, by: record, currency });
  const accounts = [...moved.values()];
  const there = await getByPlace(
    client,
    tables.ledger,
    accounts.map(({ book, id }) => accountKey(book, id)),
  );
  return accounts
    .filter(({ book, id }) => !there.has(placeOf(accountKey(book, id))))
    .map(({ book, id, by, currency }) => ({
      // Frozen: whoever opened it again as it was would begin at nothing, and forget what has moved it.
      item: openedItem(
        { id, book, name: id, currency, normalSide: "credit", metadata: {}, openedAt: recordedAtOf(by) },
        "frozen",
      ),
      torn: {
        subject: `${book} ${id}`,
        // Without the name of an entry: pages that find others are to keep the same letter.
        what: `was moved by what arrived, and did not arrive: it is kept frozen, on the credit side and without limits, until its merchant says what they were`,
      },
    }));
}

/** Notes of entries that are not in the journal: the entry is lost, and moved nothing. */
async function pointlessNotes(
  { client, tables }: JournalPorts,
  notes: readonly PostingItem[],
): Promise<readonly { readonly note: PostingItem; readonly torn: Torn }[]> {
  const keyed = notes.map((note) => ({ note, key: recordKey(note) }));
  const there = await getByPlace(
    client,
    tables.ledger,
    keyed.map(({ key }) => key),
  );
  return keyed
    .filter(({ key }) => !there.has(placeOf(key)))
    .map(({ note, key }) => {
      const [book = "", , account = ""] = note.pk.split("#");
      const moved = note.moved.map(String).join(" ");
      return {
        note,
        torn: {
          subject: key.sk,
          what: `of ${book} moved ${account} by ${moved} (debits posted and pending, credits posted and pending) and did not arrive: the entry is lost`,
        },
      };
    });
}

function recordKey(note: PostingItem): Key {
  const book = note.pk.slice(0, note.pk.indexOf("#")) as Book;
  const entry = postedEntryId(note);
  return note.sk.startsWith("resolution#") ? resolutionKey(book, entry) : entryKey(book, entry);
}

const sagaEntry = /^je_(pay_[^.]+)\.(\w+)\.(\d+)$/;

/** Records of sagas whose payment, or whose refund, is not there to follow them. */
async function withoutPayment(
  { client, tables }: JournalPorts,
  records: readonly Placed[],
): Promise<readonly Torn[]> {
  const posted = records.flatMap(({ book, record }) => {
    const [id = "", payment = "", kind = "", n = ""] = sagaEntry.exec(entryIdOf(record)) ?? [];
    const paymentId = parsePaymentId(payment);
    return paymentId === undefined ? [] : [{ book, id: id as EntryId, paymentId, kind, n: Number(n) }];
  });
  const payments = await getByPlace(
    client,
    tables.payments,
    posted.map(({ book, paymentId }) => paymentKey(book, paymentId)),
  );
  return [
    ...(await withoutDispute(client, tables.payments, records)),
    ...posted.flatMap(({ book, id, paymentId, kind, n }) => {
      const payment = payments.get(placeOf(paymentKey(book, paymentId)));
      if (payment === undefined)
        return [{ subject: id, what: `is in the journal of ${book}, and ${paymentId} did not arrive` }];
      return kind.startsWith("refund") && n > (paymentOf(payment).refunds?.length ?? 0)
        ? [
            {
              subject: id,
              what: `is in the journal of ${book}, and refund ${n} of ${paymentId} did not arrive`,
            },
          ]
        : [];
    }),
  ];
}

/** Chargebacks whose dispute is not there to follow them: the acquirer told of it, and will not again. */
async function withoutDispute(
  client: DynamoDBClient,
  table: string,
  records: readonly Placed[],
): Promise<readonly Torn[]> {
  const posted = records.flatMap(({ book, record }) => {
    const entry = disputeEntryIn(entryIdOf(record));
    return entry === undefined ? [] : [{ book, id: entryIdOf(record), ...entry }];
  });
  const there = await getByPlace(
    client,
    table,
    posted.map(({ book, dispute }) => disputeKey(book, dispute)),
  );
  return posted
    .filter(({ book, dispute }) => !there.has(placeOf(disputeKey(book, dispute))))
    .map(({ book, id, payment, dispute }) => ({
      subject: id,
      what: `is in the journal of ${book}, and ${dispute} of ${payment} did not arrive`,
    }));
}

const keyIn = (item: StoredItem): Key => ({ pk: item["pk"]?.S ?? "", sk: item["sk"]?.S ?? "" });
