import {
  BatchGetItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import { reach } from "./client.ts";
import { StoreUnavailable } from "./errors.ts";
import type { Key } from "./keys.ts";

type Values = Readonly<Record<string, string | number>>;

/** What DynamoDB takes of one BatchGetItem. */
export const batchGetMax = 100;

/** A strongly consistent query, one page at a time: memory holds a page, never all. */
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
          ConsistentRead: true,
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

/** Up to 100 items by their keys, strongly consistent, in no order; those that are not there are left out. */
export async function getEach<Item extends Key>(
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
): Promise<Item[]> {
  invariant(keys.length <= batchGetMax, `${batchGetMax} items are read at once, not ${keys.length}`);
  if (keys.length === 0) return [];
  const request = { [table]: { Keys: keys.map((key) => marshall(key)), ConsistentRead: true } };
  const { Responses, UnprocessedKeys } = await reach(
    client.send(new BatchGetItemCommand({ RequestItems: request })),
  );
  if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new StoreUnavailable("a batch was read in part");
  return (Responses?.[table] ?? []).map((item) => unmarshall(item) as Item);
}
