import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { expect } from "vitest";
import { Expiry } from "#local/dynamodb/expiry.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { ensureTables, type TablePlan, tablePlansOf } from "#local/dynamodb/tables.ts";
import { openCloud } from "#tests/support/cloud.ts";
import { contract } from "#tests/support/contract.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const plan = planOf([
  resource("aws:dynamodb/table:Table", "Payments", {
    name: "contract-payments",
    attributes: ["pk", "sk", "list_pk", "list_sk"].map((name) => ({ name, type: "S" })),
    hashKey: "pk",
    rangeKey: "sk",
    globalSecondaryIndexes: [
      { name: "by_time", hashKey: "list_pk", rangeKey: "list_sk", projectionType: "KEYS_ONLY" },
    ],
    streamEnabled: true,
    streamViewType: "NEW_AND_OLD_IMAGES",
  }),
  resource("aws:dynamodb/table:Table", "Idempotency", {
    name: "contract-idempotency",
    attributes: [{ name: "id", type: "S" }],
    hashKey: "id",
    ttl: { attributeName: "expiration" },
  }),
]);
const planned = (name: string): TablePlan =>
  tablePlansOf(plan).find((table) => table.name === `contract-${name}`) ?? expect.fail(name);
const [payments, idempotency] = [planned("payments"), planned("idempotency")];

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

await contract(
  {
    service: "DYNAMODB",
    open: async (subject) => {
      const cloud = await openCloud(plan, subject);
      const client = new DynamoDBClient(cloud.client);
      const stop = async () => {
        client.destroy();
        await cloud.stop();
      };
      return { ...cloud, client, stop };
    },
  },
  ({ use, group, behaviour, ours }) => {
    group("the tables of the plan", () => {
      behaviour("exist with their keys, indexes and stream", async () => {
        const { Table } = await use().client.send(new DescribeTableCommand({ TableName: payments.name }));
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

      behaviour("know when their items expire", async () => {
        const answer = await use().client.send(
          new DescribeTimeToLiveCommand({ TableName: idempotency.name }),
        );
        expect(answer.TimeToLiveDescription).toMatchObject({
          TimeToLiveStatus: "ENABLED",
          AttributeName: "expiration",
        });
      });

      ours("keep their items over a restart", async () => {
        await use().client.send(
          new PutItemCommand({ TableName: payments.name, Item: item("kept", { note: { S: "x" } }) }),
        );
        await use().restart();
        const { Item } = await use().client.send(
          new GetItemCommand({ TableName: payments.name, Key: item("kept"), ConsistentRead: true }),
        );
        expect(Item?.["note"]).toEqual({ S: "x" });
      });

      const changes: readonly [string, Partial<TablePlan>][] = [
        ["primary key", { rangeKey: "list_sk" }],
        [
          "set of key attributes",
          { globalSecondaryIndexes: [], attributes: payments.attributes.slice(0, 2) },
        ],
        ["stream setting", { streamEnabled: false }],
      ];
      for (const [part, change] of changes) {
        behaviour(`are refused in one line when their ${part} is not the plan's`, async () => {
          const changed = { ...payments, ...change };
          await expect(ensureTables(use().dynamoDb().engine, [changed])).rejects.toThrow(
            `table ${payments.name} in the local state has another ${part} than the plan: wipe it with "npm start -- --fresh"`,
          );
        });
      }

      ours("a file that is no database is refused in one line", async () => {
        const broken = join(use().directory, "broken.sqlite");
        writeFileSync(broken, "not a database, but longer than the header of one would be: ".repeat(100));
        await expect(startDynamoDb(broken)).rejects.toThrow(
          `${broken} is damaged: wipe all local state with "npm start -- --fresh"`,
        );
      });
    });

    group("TransactWriteItems through the door", () => {
      const write = (TransactItems: ReturnType<typeof putIfAbsent>[], ClientRequestToken?: string) =>
        use().client.send(
          new TransactWriteItemsCommand({ TransactItems, ...(ClientRequestToken && { ClientRequestToken }) }),
        );

      const exists = async (pk: string) => {
        const get = new GetItemCommand({ TableName: payments.name, Key: item(pk), ConsistentRead: true });
        return (await use().client.send(get)).Item !== undefined;
      };

      behaviour("writes all or nothing, and says which item was in the way and what it held", async () => {
        await use().client.send(
          new PutItemCommand({ TableName: payments.name, Item: item("t1", { version: { N: "3" } }) }),
        );
        const refusal = await write([putIfAbsent("t2"), putIfAbsent("t1")]).catch(
          (thrown: unknown) => thrown,
        );
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

      behaviour("with the same ClientRequestToken happens once and succeeds twice", async () => {
        await write([putIfAbsent("t3")], "token-3");
        await write([putIfAbsent("t3")], "token-3");
        expect(await exists("t3")).toBe(true);
      });

      behaviour("with the same ClientRequestToken and other items is refused", async () => {
        await write([putIfAbsent("t4")], "token-4");
        await expect(write([putIfAbsent("t5")], "token-4")).rejects.toMatchObject({
          name: "IdempotentParameterMismatchException",
        });
        expect(await exists("t5")).toBe(false);
      });
    });

    behaviour("an index lists what the table holds", async () => {
      const listed = item("l1", {
        list_pk: { S: "mer_demo#0" },
        list_sk: { S: "2026-01-01T00:00:00Z#pay_1" },
      });
      await use().client.send(new PutItemCommand({ TableName: payments.name, Item: listed }));
      const { Items } = await use().client.send(
        new QueryCommand({
          TableName: payments.name,
          IndexName: "by_time",
          KeyConditionExpression: "list_pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: "mer_demo#0" } },
        }),
      );
      expect(Items).toEqual([listed]);
    });

    group("expired items", () => {
      const now = Date.UTC(2026, 0, 1);
      const seconds = (offset: number) => ({ N: String(now / 1_000 + offset) });
      const put = (id: string, expiration?: { N: string } | { S: string }) =>
        use().client.send(
          new PutItemCommand({
            TableName: idempotency.name,
            Item: { id: { S: id }, ...(expiration && { expiration }) },
          }),
        );
      const ids = async () => {
        const { Items = [] } = await use().client.send(new ScanCommand({ TableName: idempotency.name }));
        return Items.map(({ id }) => id?.S).sort();
      };

      behaviour("are deleted some time after their moment, and no others", async () => {
        await put("expired", seconds(-1));
        await put("expires now", seconds(0));
        await put("expires later", seconds(3_600));
        await put("never expires");
        await put("not a number", { S: "2020" });
        // DynamoDB leaves alone what expired more than five years ago: it is taken for a mistake.
        await put("long ago", seconds(-6 * 366 * 24 * 3_600));
        await new Expiry(use().dynamoDb().engine, [payments, idempotency]).sweep(now);
        expect(await ids()).toEqual([
          "expires later",
          "expires now",
          "long ago",
          "never expires",
          "not a number",
        ]);
      });
    });

    behaviour("a Lambda's calls carry its trace to the door, and the log keeps it", async () => {
      const environment = {
        AWS_LAMBDA_FUNCTION_NAME: "tallystick-local-post",
        _X_AMZN_TRACE_ID: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
      };
      Object.assign(process.env, environment);
      try {
        await use().client.send(new ScanCommand({ TableName: payments.name, Limit: 1 }));
      } finally {
        for (const name of Object.keys(environment)) delete process.env[name];
      }
      expect(use().log.recent().at(-1)).toMatchObject({
        service: "dynamodb",
        action: "Scan",
        caller: "tester",
        resources: [payments.name],
        trace: "1-5759e988-bd862e3fe1be46a994272793",
      });
    });
  },
);
