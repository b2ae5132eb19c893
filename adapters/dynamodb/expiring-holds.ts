import { DeleteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { reach } from "./client.ts";
import { expiringIn, expiringPartitions, type Key } from "./keys.ts";
import { pagesOf } from "./reads.ts";

/** A hold whose time is up, and the note that says so. Whether it still stands, the journal says. */
export interface DueHold {
  readonly book: Book;
  readonly hold: EntryId;
  readonly note: Key;
}

/** Holds at once: what the journal is asked about at once. */
const pageMax = 100;

/**
 * The notes of a merchant's holds that time may end, each written in the transaction of its hold. A note stays until its
 * hold has ended, however often somebody dies on the way there.
 */
export class ExpiringHolds {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Pages of up to 100 holds whose time was up at `until` (epoch milliseconds), of one shard after the other, oldest first. */
  async *due(book: Book, until: number): AsyncGenerator<readonly DueHold[]> {
    const query = {
      TableName: this.#table,
      KeyConditionExpression: "pk = :partition AND sk < :until",
      Limit: pageMax,
    };
    // From this millisecond on a hold stands no more: those that end in it are due too.
    const behind = new Date(until + 1).toISOString();
    for (const partition of expiringPartitions(book)) {
      const pages = pagesOf<Key>(this.#client, query, { ":partition": partition, ":until": behind });
      for await (const page of pages)
        if (page.length > 0) yield page.map((note) => ({ book, hold: expiringIn(note).hold, note }));
    }
  }

  /** For a hold that has ended. */
  async forget({ note: { pk, sk } }: DueHold): Promise<void> {
    await reach(
      this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: marshall({ pk, sk }) })),
    );
  }
}
