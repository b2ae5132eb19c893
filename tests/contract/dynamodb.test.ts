import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { type DynamoDbEngine, dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { Expiry } from "#local/dynamodb/expiry.ts";
import { type DynamoDbServer, startDynamoDb } from "#local/dynamodb/server.ts";
import { ensureTables, type TablePlan } from "#local/dynamodb/tables.ts";

const payments: TablePlan = {
  name: "tallystick-local-payments",
  attributes: ["pk", "sk", "list_pk", "list_sk"].map((name) => ({ name, type: "S" })),
  hashKey: "pk",
  rangeKey: "sk",
  globalSecondaryIndexes: [
    { name: "by_time", hashKey: "list_pk", rangeKey: "list_sk", projectionType: "KEYS_ONLY" },
  ],
  localSecondaryIndexes: [],
  streamEnabled: true,
  streamViewType: "NEW_AND_OLD_IMAGES",
};
const idempotency: TablePlan = {
  name: "tallystick-local-idempotency",
  attributes: [{ name: "id", type: "S" }],
  hashKey: "id",
  globalSecondaryIndexes: [],
  localSecondaryIndexes: [],
  streamEnabled: false,
  ttl: { attributeName: "expiration", enabled: true },
};

let directory: string;
let databaseFile: string;
let server: DynamoDbServer;
let engine: DynamoDbEngine;
let door: Door;
let log: CallLog;
let config: DynamoDBClientConfig;
let client: DynamoDBClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-dynamodb-"));
  databaseFile = join(directory, "dynamodb.sqlite");
  const credentials = new CredentialRegistry();
  log = new CallLog(1_000);
  door = await openDoor({ credentials, log, warn: (line) => expect.fail(line), port: 0 });
  await startEngine();
  config = {
    endpoint: door.url,
    region: "eu-west-1",
    credentials: credentials.issue("post", "arn:role"),
    maxAttempts: 1,
  };
  client = new DynamoDBClient(config);
});

afterAll(async () => {
  client.destroy();
  await door.stop();
  await stopEngine();
  rmSync(directory, { recursive: true });
});

async function startEngine(): Promise<void> {
  server = await startDynamoDb(databaseFile);
  engine = dynamoDbEngine(server.endpoint);
  await ensureTables(engine, [payments, idempotency]);
  door.serve(engine);
}

async function stopEngine(): Promise<void> {
  engine.stop();
  await server.child?.stop();
}

const item = (pk: string, fields: Record<string, { S: string } | { N: string }> = {}) => ({
  pk: { S: pk },
  sk: { S: "payment" },
  ...fields,
});
const putIfAbsent = (pk: string) => ({
  Put: {
    TableName: payments.name,
    Item: item(pk),
    ConditionExpression: "attribute_not_exists(pk)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  },
});

describe("the tables of the plan", () => {
  test("exist with their keys, indexes and stream", async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: payments.name }));
    expect(Table).toMatchObject({
      TableStatus: "ACTIVE",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [{ IndexName: "by_time", Projection: { ProjectionType: "KEYS_ONLY" } }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
  });

  test("know when their items expire", async () => {
    const answer = await client.send(new DescribeTimeToLiveCommand({ TableName: idempotency.name }));
    expect(answer.TimeToLiveDescription).toMatchObject({
      TimeToLiveStatus: "ENABLED",
      AttributeName: "expiration",
    });
  });

  test("keep their items over a restart", async () => {
    await client.send(
      new PutItemCommand({ TableName: payments.name, Item: item("kept", { note: { S: "x" } }) }),
    );
    await stopEngine();
    await startEngine();
    const { Item } = await client.send(
      new GetItemCommand({ TableName: payments.name, Key: item("kept"), ConsistentRead: true }),
    );
    expect(Item?.["note"]).toEqual({ S: "x" });
  });

  test.each<[string, Partial<TablePlan>]>([
    ["primary key", { rangeKey: "list_sk" }],
    ["set of indexes", { globalSecondaryIndexes: [], attributes: payments.attributes.slice(0, 2) }],
    ["stream setting", { streamEnabled: false }],
  ])("are refused in one line when their %s is not the plan's", async (part, change) => {
    const changed = { ...payments, ...change };
    const words = part === "set of indexes" ? "set of key attributes" : part;
    await expect(ensureTables(engine, [changed])).rejects.toThrow(
      `table ${payments.name} in the local state has another ${words} than the plan: wipe it with "npm start -- --fresh"`,
    );
  });

  test("a file that is no database is refused in one line", async () => {
    const broken = join(directory, "broken.sqlite");
    writeFileSync(broken, "not a database, but longer than the header of one would be: ".repeat(100));
    await expect(startDynamoDb(broken)).rejects.toThrow(
      `${broken} is damaged: wipe all local state with "npm start -- --fresh"`,
    );
  });
});

describe("TransactWriteItems through the door", () => {
  const write = (TransactItems: ReturnType<typeof putIfAbsent>[], ClientRequestToken?: string) =>
    client.send(
      new TransactWriteItemsCommand({ TransactItems, ...(ClientRequestToken && { ClientRequestToken }) }),
    );

  const exists = async (pk: string) => {
    const get = new GetItemCommand({ TableName: payments.name, Key: item(pk), ConsistentRead: true });
    return (await client.send(get)).Item !== undefined;
  };

  test("writes all or nothing, and says which item was in the way and what it held", async () => {
    await client.send(
      new PutItemCommand({ TableName: payments.name, Item: item("t1", { version: { N: "3" } }) }),
    );
    const refusal = await write([putIfAbsent("t2"), putIfAbsent("t1")]).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(TransactionCanceledException);
    expect((refusal as TransactionCanceledException).CancellationReasons).toEqual([
      { Code: "None" },
      expect.objectContaining({
        Code: "ConditionalCheckFailed",
        Item: { pk: { S: "t1" }, sk: { S: "payment" }, version: { N: "3" } },
      }),
    ]);
    expect(await exists("t2")).toBe(false);
  });

  test("with the same ClientRequestToken happens once and succeeds twice", async () => {
    await write([putIfAbsent("t3")], "token-3");
    await write([putIfAbsent("t3")], "token-3");
    expect(await exists("t3")).toBe(true);
  });

  test("with the same ClientRequestToken and other items is refused", async () => {
    await write([putIfAbsent("t4")], "token-4");
    await expect(write([putIfAbsent("t5")], "token-4")).rejects.toMatchObject({
      name: "IdempotentParameterMismatchException",
    });
    expect(await exists("t5")).toBe(false);
  });
});

test("an index lists what the table holds", async () => {
  const listed = item("l1", { list_pk: { S: "mer_demo#0" }, list_sk: { S: "2026-01-01T00:00:00Z#pay_1" } });
  await client.send(new PutItemCommand({ TableName: payments.name, Item: listed }));
  const { Items } = await client.send(
    new QueryCommand({
      TableName: payments.name,
      IndexName: "by_time",
      KeyConditionExpression: "list_pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: "mer_demo#0" } },
    }),
  );
  expect(Items).toEqual([listed]);
});

describe("expired items", () => {
  const now = Date.UTC(2026, 0, 1);
  const seconds = (offset: number) => ({ N: String(now / 1_000 + offset) });
  const put = (id: string, expiration?: { N: string } | { S: string }) =>
    client.send(
      new PutItemCommand({
        TableName: idempotency.name,
        Item: { id: { S: id }, ...(expiration && { expiration }) },
      }),
    );
  const ids = async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: idempotency.name }));
    return Items.map(({ id }) => id?.S).sort();
  };

  test("are deleted some time after their moment, and no others", async () => {
    await put("expired", seconds(-1));
    await put("expires now", seconds(0));
    await put("expires later", seconds(3_600));
    await put("never expires");
    await put("not a number", { S: "2020" });
    // DynamoDB leaves alone what expired more than five years ago: it is taken for a mistake.
    await put("long ago", seconds(-6 * 366 * 24 * 3_600));
    await new Expiry(engine, [payments, idempotency]).sweep(now);
    expect(await ids()).toEqual([
      "expires later",
      "expires now",
      "long ago",
      "never expires",
      "not a number",
    ]);
  });
});

test("a Lambda's calls carry its trace to the door, and the log keeps it", async () => {
  const environment = {
    AWS_LAMBDA_FUNCTION_NAME: "tallystick-local-post",
    _X_AMZN_TRACE_ID: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
  };
  Object.assign(process.env, environment);
  try {
    await client.send(new ScanCommand({ TableName: payments.name, Limit: 1 }));
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
  }
  expect(log.recent().at(-1)).toMatchObject({
    service: "dynamodb",
    action: "Scan",
    caller: "post",
    resources: [payments.name],
    trace: "1-5759e988-bd862e3fe1be46a994272793",
  });
});
