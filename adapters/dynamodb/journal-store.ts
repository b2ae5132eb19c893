import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { type JournalItem, journalRecord } from "./journal-codec.ts";
import { entryKey, journalPartition, journalShards, resolutionKey } from "./keys.ts";
import { getByPlace, pagesOf } from "./reads.ts";

/** Reads the journal of a book. Strongly consistent, in no order across shards. */
export class JournalStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Every record of the book, one page of one shard at a time: memory holds a page, never the journal. */
  async *read(book: Book): AsyncGenerator<JournalRecord> {
    const query = { TableName: this.#table, KeyConditionExpression: "pk = :partition" };
    for (let shard = 0; shard < journalShards; shard += 1) {
      const pages = pagesOf<JournalItem>(this.#client, query, {
        ":partition": journalPartition(book, shard),
      });
      for await (const page of pages) yield* page.map(journalRecord);
    }
  }

  /** What the journal says of entries: each that is there, and its resolution behind it. */
  async find(book: Book, ids: readonly EntryId[]): Promise<JournalRecord[]> {
    const keys = ids.flatMap((id) => [entryKey(book, id), resolutionKey(book, id)]);
    const items = await getByPlace(this.#client, this.#table, keys);
    return [...items.values()].map((item) => journalRecord(unmarshall(item) as JournalItem));
  }
}
