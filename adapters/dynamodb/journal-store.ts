import { type DynamoDBClient, QueryCommand, type QueryCommandOutput } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { reach } from "./client.ts";
import { type JournalItem, journalRecord } from "./journal-codec.ts";
import { journalPartition, journalShards } from "./keys.ts";

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
    for (let shard = 0; shard < journalShards; shard += 1) {
      let start: QueryCommandOutput["LastEvaluatedKey"];
      do {
        const page = await this.#page(journalPartition(book, shard), start);
        for (const item of page.Items ?? []) yield journalRecord(unmarshall(item) as JournalItem);
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
    }
  }

  #page(partition: string, start: QueryCommandOutput["LastEvaluatedKey"]): Promise<QueryCommandOutput> {
    return reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "pk = :partition",
          ExpressionAttributeValues: marshall({ ":partition": partition }),
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
  }
}
