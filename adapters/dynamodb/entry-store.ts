import {
  BatchGetItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import type { EntryId, JournalEntry } from "#core/ledger/entry.ts";
import type { PostingRefusal } from "#core/ledger/errors.ts";
import { entryRecord, failureRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import type { Resolution } from "#core/ledger/resolution.ts";
import { accountEntryPuts } from "./account-entries.ts";
import { reach } from "./client.ts";
import { nothingStored } from "./conditions.ts";
import { StoreUnavailable } from "./errors.ts";
import { guardedUpdates, refusalOf } from "./guarded-accounts.ts";
import { type JournalItem, journalItem, journalRecord } from "./journal-codec.ts";
import { accountEntryKey, entryKey, journalKeyOf, type Key, resolutionKey } from "./keys.ts";
import { transact } from "./transact.ts";

export type OpeningRecord = Exclude<JournalRecord, { readonly type: "resolution" }>;

/** An entry as it stands: posted, or a hold with what became of it. */
export interface StoredEntry {
  readonly opened: OpeningRecord;
  readonly resolution?: Resolution;
}

/**
 * - `written`: now, and for ever.
 * - `taken`: something else, or the same, has the id already.
 * - `refused`: the state of the books does not take it. Nothing was moved; the id keeps the refusal.
 */
export type Posted =
  | { readonly kind: "written" }
  | { readonly kind: "taken"; readonly by: StoredEntry }
  | { readonly kind: "refused"; readonly refusal: PostingRefusal };

/** Entries over a merchant's own accounts. One transaction each: the entry, and the counters that it moves. */
export class EntryStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Posts an entry, or sets money aside. A refusal by the books takes the id: the same entry is refused for ever. */
  async post(entry: JournalEntry): Promise<Posted> {
    const written = await this.#write(entry.book, entryRecord(entry));
    if (written.kind !== "refused") return written;
    const kept = await this.#write(entry.book, failureRecord(entry, written.refusal));
    // Somebody else may have posted under the id meanwhile: then that is what the id means.
    return kept.kind === "taken" ? kept : written;
  }

  /** Ends a hold. `taken` when it has an end already. */
  resolve(resolution: Resolution): Promise<Posted> {
    return this.#write(resolution.book, resolutionRecord(resolution));
  }

  /** Strongly consistent. */
  async get(book: Book, id: EntryId): Promise<StoredEntry | undefined> {
    const records = await this.#getAll([entryKey(book, id), resolutionKey(book, id)]);
    const opened = records.find((record) => record.type !== "resolution");
    const resolved = records.find((record) => record.type === "resolution");
    if (opened === undefined) return undefined;
    return { opened, ...(resolved === undefined ? {} : { resolution: resolved.resolution }) };
  }

  /** What moved an account, newest first. `before`: a place in the list; `until`: epoch milliseconds, inclusive. */
  async ofAccount(
    book: Book,
    account: AccountId,
    options: { readonly limit: number; readonly before?: string; readonly until?: number },
  ): Promise<{ readonly records: readonly JournalRecord[]; readonly next?: string }> {
    const { pk, sk: first } = accountEntryKey(book, account, 0, "");
    const { sk: last } = accountEntryKey(book, account, options.until ?? 10 ** 15 - 1, "\uffff");
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "pk = :pk AND sk BETWEEN :first AND :last",
          ExpressionAttributeValues: marshall({ ":pk": pk, ":first": first, ":last": last }),
          ...(options.before === undefined
            ? {}
            : { ExclusiveStartKey: marshall({ pk, sk: options.before }) }),
          ScanIndexForward: false,
          ConsistentRead: true,
          Limit: options.limit + 1,
        }),
      ),
    );
    const places = Items.map((item) => item["sk"]?.S ?? "");
    const page = places.slice(0, options.limit);
    const keys = page.map((place) => journalKeyOf(book, place));
    const end = page.at(-1);
    return {
      records: await this.#getAll(keys),
      ...(places.length > page.length && end !== undefined ? { next: end } : {}),
    };
  }

  async #write(book: Book, record: JournalRecord): Promise<Posted> {
    const guarded = guardedUpdates(this.#table, book, record);
    const item = journalItem(record);
    // In this order: only behind an id that is free does a refusal by an account mean one.
    const items: TransactWriteItem[] = [
      { Put: { TableName: this.#table, Item: marshall(item), ...nothingStored } },
      ...guarded.map((update) => update.item),
      ...accountEntryPuts(this.#table, book, record),
    ];
    const result = await transact(this.#client, items);
    if (result.written) return { kind: "written" };
    const [taken, ...accounts] = result.reasons;
    if (taken?.Code !== "ConditionalCheckFailed")
      return { kind: "refused", refusal: refusalOf(guarded, accounts) };
    const by = await this.get(book, item.sk.replace(/#resolution$/, "") as EntryId);
    invariant(by !== undefined, `${item.sk} is there`);
    return { kind: "taken", by };
  }

  /** In the order of the keys. */
  async #getAll(keys: readonly Key[]): Promise<JournalRecord[]> {
    if (keys.length === 0) return [];
    const Keys = keys.map((key) => marshall(key));
    const { Responses, UnprocessedKeys } = await reach(
      this.#client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#table]: { Keys, ConsistentRead: true } } }),
      ),
    );
    if (Object.keys(UnprocessedKeys ?? {}).length > 0)
      throw new StoreUnavailable("entries were read in part");
    const items = (Responses?.[this.#table] ?? []).map((item) => unmarshall(item) as JournalItem);
    const byKey = new Map(items.map((item) => [`${item.pk} ${item.sk}`, journalRecord(item)]));
    return keys.map(({ pk, sk }) => byKey.get(`${pk} ${sk}`)).filter((record) => record !== undefined);
  }
}
