import { type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import { reach } from "./client.ts";
import { type Key, listPartition, listShards } from "./keys.ts";
import type { Item } from "./payment-codec.ts";

/** Where something stands in a merchant's list, and its key in the table. */
export interface Place {
  readonly position: string;
  readonly key: Key;
}

export interface ReadPlaces {
  /** Newest first. */
  readonly places: readonly Place[];
  /** Behind it there may be more. */
  readonly end?: string;
}

/**
 * The newest places in a merchant's list, through the index `by_time` of a table: keys only, and in all its partitions at
 * once. `readMax`: places that are read of each. The index lags by moments.
 */
export async function newestPlaces(
  client: DynamoDBClient,
  table: string,
  book: Book,
  options: {
    readonly readMax: number;
    readonly before?: string | undefined;
    /** Of what the list is; of the table's payments or events unless said. */
    readonly partition?: typeof listPartition;
  },
): Promise<ReadPlaces> {
  const { readMax, before, partition = listPartition } = options;
  const shards = await Promise.all(
    Array.from({ length: listShards }, async (_, shard) => {
      const { Items = [] } = await reach(
        client.send(
          new QueryCommand({
            TableName: table,
            IndexName: "by_time",
            KeyConditionExpression:
              before === undefined ? "list_pk = :partition" : "list_pk = :partition AND list_sk < :before",
            ExpressionAttributeValues: marshall({
              ":partition": partition(book, shard),
              ...(before === undefined ? {} : { ":before": before }),
            }),
            ScanIndexForward: false,
            Limit: readMax,
          }),
        ),
      );
      return Items.map(placeOf);
    }),
  );
  return merged(shards, readMax);
}

/** Behind the last place that was read of a partition which has more, nothing is known. */
function merged(shards: readonly (readonly Place[])[], readMax: number): ReadPlaces {
  const ends = shards
    .filter((places) => places.length >= readMax)
    .map((places) => places.at(-1)?.position ?? "");
  const end = ends.toSorted().at(-1);
  const places = shards
    .flat()
    .filter(({ position }) => end === undefined || position >= end)
    .toSorted((a, b) => (a.position < b.position ? 1 : -1));
  return { places, ...(end === undefined ? {} : { end }) };
}

export function placeOf(item: Item): Place {
  const { pk, sk, list_sk: position } = unmarshall(item) as Key & { list_sk: string };
  return { position, key: { pk, sk } };
}
