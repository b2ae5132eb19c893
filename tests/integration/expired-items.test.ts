import { join } from "node:path";
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "vitest";
import { dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { ExpiredItems } from "#local/dynamodb/expired-items.ts";
import { Expiry } from "#local/dynamodb/expiry.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { withStreamNames } from "#local/dynamodb/stream-names.ts";
import { ensureTables, tablePlansOf } from "#local/dynamodb/tables.ts";
import { openEngineDoor } from "#tests/support/engine-door.ts";
import { stateDirectory } from "#tests/support/engine-state.ts";
import {
  askingFunction,
  mappingResource,
  recorder,
  runSources,
  until,
} from "#tests/support/event-harness.ts";
import { functionArn, planOf, resource } from "#tests/support/handmade-plan.ts";
import { ends } from "#tests/support/lambda-harness.ts";

const streamArn = "arn:aws:dynamodb:eu-west-1:123456789012:table/holds/stream/2026-01-01T00:00:00.000";
const plan = planOf([
  {
    ...resource("aws:dynamodb/table:Table", "Holds", {
      ...{ name: "holds", attributes: [{ name: "pk", type: "S" }], hashKey: "pk" },
      ...{ streamEnabled: true, streamViewType: "NEW_AND_OLD_IMAGES" },
      ttl: { attributeName: "expires_at", enabled: true },
    }),
    outputs: { arn: streamArn.split("/stream")[0] ?? "", streamArn },
  },
]);
const hourMs = 3_600_000;

async function tables() {
  const directory = stateDirectory("expired");
  const server = await startDynamoDb(join(directory, "dynamodb.sqlite"));
  const engine = dynamoDbEngine(server.endpoint);
  await ensureTables(engine, tablePlansOf(plan));
  const expired = new ExpiredItems(join(directory, "expired.jsonl"), Date.now);
  const door = await openEngineDoor(withStreamNames(engine, plan, expired));
  const client = new DynamoDBClient(door.client);
  ends.push(async () => {
    client.destroy();
    await door.stop();
    engine.stop();
    expired.close();
    await server.child?.stop();
  });
  const put = (pk: string, expiresAtMs: number) =>
    client.send(
      new PutItemCommand({
        TableName: "holds",
        Item: { pk: { S: pk }, expires_at: { N: String(Math.floor(expiresAtMs / 1_000)) } },
      }),
    );
  const get = async (pk: string) =>
    (await client.send(new GetItemCommand({ TableName: "holds", Key: { pk: { S: pk } } }))).Item;
  const expiry = new Expiry(engine, tablePlansOf(plan), expired);
  return { directory, client, door, expiry, put, get };
}

test("an expired item is read until it is swept, an hour late or more, and a writer may still renew it", async () => {
  const { expiry, put, get } = await tables();
  const now = Date.now();
  await put("late", now - hourMs);
  await put("renewed", now - hourMs);
  expect(await get("late")).toBeDefined();
  await put("renewed", now + hourMs);
  await expiry.sweep(now);
  expect([await get("late"), typeof (await get("renewed"))]).toEqual([undefined, "object"]);
});

test("the stream says of an expired item that DynamoDB deleted it, and of a deleted one nothing", async () => {
  const { client, door, expiry, put } = await tables();
  const { url, events } = await recorder();
  await put("expired", Date.now() - hourMs);
  await put("deleted", Date.now() - hourMs);
  await client.send(new DeleteItemCommand({ TableName: "holds", Key: { pk: { S: "deleted" } } }));
  await expiry.sweep(Date.now());
  const sources = runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Mapping", {
        ...{ functionName: functionArn("Consume"), eventSourceArn: streamArn },
        ...{ startingPosition: "TRIM_HORIZON" },
        filterCriteria: { filters: [{ pattern: '{"eventName":["REMOVE"]}' }] },
      }),
    ],
    { dynamodb: door.client.endpoint },
    { credentials: door.client.credentials },
  );
  const records = () => events.flatMap(({ Records }) => Records);
  await until(() => records().length === 2, "two deletions");
  const shown = records().map((record) => [
    record.dynamodb.Keys.pk.S,
    "userIdentity" in record ? record.userIdentity : undefined,
  ]);
  expect(shown.sort()).toEqual([
    ["deleted", undefined],
    ["expired", { type: "Service", principalId: "dynamodb.amazonaws.com" }],
  ]);
  await sources.stop();
});

test("what expired is known after a restart, for as long as the stream tells of it, and not to others", () => {
  let now = Date.UTC(2030, 0, 1);
  const path = join(stateDirectory("expired"), "expired.jsonl");
  const open = () => new ExpiredItems(path, () => now);
  const first = open();
  first.note("holds", { sk: { S: "2" }, pk: { S: "1" } });
  first.close();
  const second = open();
  const key = { pk: { S: "1" }, sk: { S: "2" } };
  expect([
    second.has("holds", key, now + 1_999),
    second.has("holds", key, now + 2_001),
    second.has("others", key, now),
    second.has("holds", { ...key, sk: { S: "3" } }, now),
  ]).toEqual([true, false, false, false]);
  now += 24 * hourMs + 1;
  expect(open().hasAnyOf("holds")).toBe(false);
  second.close();
});
