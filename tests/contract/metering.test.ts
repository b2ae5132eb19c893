import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Meter } from "#local/door/meter.ts";
import { type DynamoDbEngine, dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { serviceMeters } from "#local/meter/service-meters.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

/** What DynamoDB bills, by AWS's rules, of calls that a real SDK makes at the door. */
let tables: TestTables;
let engine: DynamoDbEngine;
let door: Door;
let client: DynamoDBClient;
const meter = new Meter();

beforeAll(async () => {
  tables = await startTables();
  engine = dynamoDbEngine(tables.endpoint);
  const credentials = new CredentialRegistry();
  const log = new CallLog(100);
  door = await openDoor({ credentials, log, meter, serviceMeters, warn: () => undefined, port: 0 });
  door.serve(engine);
  client = new DynamoDBClient({
    endpoint: door.url,
    region: "eu-west-1",
    credentials: credentials.issue("test", undefined),
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await door.stop();
  engine.stop();
  await tables.stop();
});
beforeEach(() => meter.reset());

/** Units by resource since the test began. */
const units = (unit: "read_units" | "write_units") =>
  Object.fromEntries(
    meter
      .totals()
      .filter((line) => line.unit === unit)
      .map(({ resource, quantity }) => [resource, quantity]),
  );
const item = (pk: string, bytes = 0, more: Record<string, { S: string }> = {}) => ({
  pk: { S: pk },
  sk: { S: "s" },
  ...(bytes > 0 && { data: { S: "x".repeat(bytes) } }),
  ...more,
});
const put = (pk: string, bytes = 0, more = {}) =>
  client.send(new PutItemCommand({ TableName: "payments", Item: item(pk, bytes, more) }));
const listed = { list_pk: { S: "l" }, list_sk: { S: "1" } };

describe("a write", () => {
  test("costs a unit for each KB, begun ones included", async () => {
    // 2 + 2 bytes of the partition key, 2 + 1 of the sort key, 4 of the name `data`.
    await put("k1", 1_024 - 11);
    expect(units("write_units")).toEqual({ payments: 1 });
    await put("k2", 1_024 - 10);
    expect(units("write_units")).toEqual({ payments: 1 + 2 });
  });

  test("costs what the larger of the item before and after does", async () => {
    await put("k3", 2_500);
    meter.reset();
    await put("k3");
    expect(units("write_units")).toEqual({ payments: 3 });
  });

  test("costs a unit more for each index entry that it makes, and none for one that stays", async () => {
    await put("k4", 10, listed);
    expect(units("write_units")).toEqual({ payments: 1, "payments/by_time": 1 });
    meter.reset();
    await put("k4", 20, listed);
    expect(units("write_units")).toEqual({ payments: 1 });
  });

  test("costs twice as much in a transaction", async () => {
    const parts = [
      { Put: { TableName: "payments", Item: item("k5") } },
      { Put: { TableName: "ledger", Item: item("k5", 1_500) } },
    ];
    await client.send(new TransactWriteItemsCommand({ TransactItems: parts }));
    expect(units("write_units")).toEqual({ payments: 2, ledger: 4 });
  });

  test("costs the same in a batch", async () => {
    const requests = [item("k6", 1_500), item("k7")].map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { ledger: requests } }));
    expect(units("write_units")).toEqual({ ledger: 3 });
  });

  test("whose condition fails costs what the item that is there does", async () => {
    await put("k8", 1_500);
    meter.reset();
    const again = new PutItemCommand({
      TableName: "payments",
      Item: item("k8"),
      ConditionExpression: "attribute_not_exists(pk)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    await expect(client.send(again)).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
    expect(units("write_units")).toEqual({ payments: 2 });
  });

  test("in a transaction whose condition fails costs what it would have cost", async () => {
    await put("k9");
    meter.reset();
    const condition = { ConditionExpression: "attribute_not_exists(pk)" };
    const canceled = new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName: "payments", Item: item("k9"), ...condition } },
        { Put: { TableName: "ledger", Item: item("k9", 1_500) } },
      ],
    });
    await expect(client.send(canceled)).rejects.toMatchObject({ name: "TransactionCanceledException" });
    expect(units("write_units")).toEqual({ payments: 2, ledger: 4 });
  });

  test("that DynamoDB refuses for its form costs nothing", async () => {
    const wrong = new UpdateItemCommand({
      TableName: "payments",
      Key: { pk: { S: "k" }, sk: { S: "s" } },
      UpdateExpression: "SET",
    });
    await expect(client.send(wrong)).rejects.toMatchObject({ name: "ValidationException" });
    expect(units("write_units")).toEqual({});
  });
});

describe("a read", () => {
  const Key = { pk: { S: "r1" }, sk: { S: "s" } };

  test("costs half a unit for each 4 KB, a whole one when it is strongly consistent, two in a transaction", async () => {
    await client.send(new PutItemCommand({ TableName: "ledger", Item: item("r1", 5_000) }));
    await client.send(new GetItemCommand({ TableName: "ledger", Key }));
    expect(units("read_units")).toEqual({ ledger: 1 });
    meter.reset();
    await client.send(new GetItemCommand({ TableName: "ledger", Key, ConsistentRead: true }));
    expect(units("read_units")).toEqual({ ledger: 2 });
    meter.reset();
    await client.send(
      new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: "ledger", Key } }] }),
    );
    expect(units("read_units")).toEqual({ ledger: 4 });
  });

  test("of many items by their sum costs less than each by itself", async () => {
    for (const sk of ["1", "2", "3"]) {
      await client.send(
        new PutItemCommand({ TableName: "ledger", Item: { ...item("r2", 1_000), sk: { S: sk } } }),
      );
    }
    const keys = ["1", "2", "3"].map((sk) => ({ pk: { S: "r2" }, sk: { S: sk } }));
    await client.send(
      new QueryCommand({
        TableName: "ledger",
        KeyConditionExpression: "pk = :p",
        ExpressionAttributeValues: { ":p": { S: "r2" } },
      }),
    );
    expect(units("read_units")).toEqual({ ledger: 0.5 });
    meter.reset();
    await client.send(new BatchGetItemCommand({ RequestItems: { ledger: { Keys: keys } } }));
    expect(units("read_units")).toEqual({ ledger: 1.5 });
  });
});

describe("the meter", () => {
  const get = { TableName: "ledger", Key: { pk: { S: "none" }, sk: { S: "s" } } };

  test("shows its question to nobody", async () => {
    expect(await client.send(new GetItemCommand(get))).not.toHaveProperty("ConsumedCapacity");
  });

  test("leaves the capacity to a caller who asks for it", async () => {
    const { ConsumedCapacity } = await client.send(
      new GetItemCommand({ ...get, ReturnConsumedCapacity: "TOTAL" }),
    );
    expect(ConsumedCapacity).toMatchObject({ TableName: "ledger", CapacityUnits: 0.5 });
    expect(units("read_units")).toEqual({ ledger: 0.5 });
  });

  test("counts bytes as they passed the door", async () => {
    await client.send(new GetItemCommand(get));
    const bytes = meter.totals().filter(({ unit }) => unit.startsWith("bytes"));
    expect(bytes).toEqual([
      expect.objectContaining({ unit: "bytes_in", quantity: JSON.stringify(get).length }),
      expect.objectContaining({ unit: "bytes_out", quantity: "{}".length }),
    ]);
  });
});
