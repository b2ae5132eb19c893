import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import { reach } from "./client.ts";
import { StoreUnavailable } from "./errors.ts";
import type { Key } from "./keys.ts";
import type { Item } from "./payment-codec.ts";

type Values = Readonly<Record<string, string | number>>;

/** What DynamoDB takes of one BatchGetItem. */
const batchGetMax = 100;
/** It may leave out a part when it is busy, or the answer grows past 16 MB. */
const batchTriesMax = 4;
const batchPauseMs = 25;

/** A query, one page at a time: memory holds a page, never all. Strongly consistent, but for an index, which lags. */
export async function* pagesOf<Item>(
  client: DynamoDBClient,
  query: Omit<QueryCommandInput, "ExpressionAttributeValues" | "ExclusiveStartKey" | "ConsistentRead">,
  values: Values,
): AsyncGenerator<Item[]> {
  let start: QueryCommandOutput["LastEvaluatedKey"];
  do {
    const page: QueryCommandOutput = await reach(
      client.send(
        new QueryCommand({
          ...query,
          ExpressionAttributeValues: marshall(values),
          ConsistentRead: query.IndexName === undefined,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    yield (page.Items ?? []).map((item) => unmarshall(item) as Item);
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

/** The newest `limit` items of a partition, by sort keys that begin with `prefix`, older than `before`. */
export async function newestOf<Item extends Key>(
  client: DynamoDBClient,
  table: string,
  partition: string,
  {
    limit,
    prefix = "",
    before,
  }: { readonly limit: number; readonly prefix?: string; readonly before?: string | undefined },
): Promise<Item[]> {
  const pages = pagesOf<Item>(
    client,
    {
      TableName: table,
      KeyConditionExpression: "pk = :partition AND sk BETWEEN :from AND :to",
      ScanIndexForward: false,
      Limit: limit + 1,
    },
    // Both ends are inside: the one that the page before ended with comes first, and is left out below.
    { ":partition": partition, ":from": prefix === "" ? " " : prefix, ":to": before ?? `${prefix}~` },
  );
  for await (const page of pages) return page.filter(({ sk }) => sk !== before).slice(0, limit);
  return [];
}

/** One item, strongly consistent. */
export async function getItem(client: DynamoDBClient, table: string, key: Key): Promise<Item | undefined> {
  const { Item } = await reach(
    client.send(new GetItemCommand({ TableName: table, Key: marshall(key), ConsistentRead: true })),
  );
  return Item;
}

/**
 * Up to 100 items in the order of their keys; those that are not there are left out.
 * @param consistent strongly, at twice the price
 * @param attributes all that is wanted of each, its key among them; everything unless said
 * @throws StoreUnavailable when DynamoDB leaves out a part on every try.
 */
export async function getItems(
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
  { consistent, attributes }: { readonly consistent: boolean; readonly attributes?: readonly string[] },
): Promise<Item[]> {
  invariant(keys.length <= batchGetMax, `${batchGetMax} items are read at once, not ${keys.length}`);
  const found = new Map<string, Item>();
  let left: Item[] = keys.map((key) => marshall(key));
  const how = {
    ConsistentRead: consistent,
    ...(attributes === undefined ? {} : { ProjectionExpression: attributes.join(", ") }),
  };
  for (let attempt = 0; attempt < batchTriesMax && left.length > 0; attempt += 1) {
    if (attempt > 0) await sleep(batchPauseMs * 2 ** attempt);
    const { Responses, UnprocessedKeys } = await reach(
      client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ...how } } })),
    );
    for (const item of Responses?.[table] ?? []) found.set(placeIn(item), item);
    left = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  if (left.length > 0) throw new StoreUnavailable(`${left.length} items of ${table} were not read`);
  return keys.map((key) => found.get(placeOf(key))).filter((item) => item !== undefined);
}

/** A key as text, by which an item can be looked up. */
export const placeOf = ({ pk, sk }: Key): string => `${pk} ${sk}`;
const placeIn = (item: Item): string => `${item["pk"]?.S} ${item["sk"]?.S}`;

/** Any number of items by their places, in the order of their keys, by batches; what is named twice is read once. Strongly consistent. */
export async function getByPlace(
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
): Promise<Map<string, Item>> {
  const unique = [...new Map(keys.map((key) => [placeOf(key), key])).values()];
  const found = new Map<string, Item>();
  for (let from = 0; from < unique.length; from += batchGetMax) {
    const batch = unique.slice(from, from + batchGetMax);
    for (const item of await getItems(client, table, batch, { consistent: true }))
      found.set(placeIn(item), item);
  }
  return found;
}

/** The same, read and strongly consistent. */
export async function getEach<Stored extends Key>(
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
): Promise<Stored[]> {
  const items = await getItems(client, table, keys, { consistent: true });
  return items.map((item) => unmarshall(item) as Stored);
}
