import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { askingFunction, mappingResource, recorder, until } from "#tests/support/event-harness.ts";
import { functionArn, resource, roleResource } from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { planBeside } from "#tests/support/plan-beside.ts";

const lock = committedPlan();
const streamArn = `arn:aws:dynamodb:${lock.region}:${lock.account}:table/relayed/stream/2026-01-01T00:00:00.000`;
const table: PlanResource = {
  ...resource("aws:dynamodb/table:Table", "Relayed", {
    name: "relayed",
    attributes: [{ name: "pk", type: "S" }],
    hashKey: "pk",
    streamEnabled: true,
    streamViewType: "NEW_IMAGE",
  }),
  outputs: { arn: `arn:aws:dynamodb:${lock.region}:${lock.account}:table/relayed`, streamArn },
};

let stateDirectory: string;
let running: TestSystem[];

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-events-"));
  running = [];
});
afterEach(async () => {
  for (const system of running) await system.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

async function start(plan: Plan): Promise<TestSystem> {
  const system = await startTestSystem({ plan, stateDirectory, warm: false });
  running = [system];
  return system;
}

async function put({ endpoints }: TestSystem, pk: string): Promise<void> {
  const { endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = endpoints.aws;
  const client = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await client.send(new PutItemCommand({ TableName: "relayed", Item: { pk: { S: pk } } }));
  client.destroy();
}

test("a change of a table reaches its function through the door, and a restart loses and repeats none", async () => {
  const { url, events } = await recorder();
  const plan = planBeside(
    table,
    roleResource("Relay", ["dynamodb:*"], ["*"]),
    askingFunction("Relay", url),
    mappingResource("RelayMapping", {
      functionName: functionArn("Relay"),
      eventSourceArn: streamArn,
      startingPosition: "TRIM_HORIZON",
    }),
  );
  const keys = (): string[] =>
    events.flatMap(({ Records }) => Records.map(({ dynamodb }) => dynamodb.Keys.pk.S));
  const first = await start(plan);
  await put(first, "before");
  await until(() => keys().length === 1, "the first change");
  expect(events[0]?.Records[0]).toMatchObject({ eventName: "INSERT", eventSourceARN: streamArn });
  // The estate's own consumers read their streams beside it.
  const own = ({ caller }: { readonly caller: string }) => !caller.startsWith("events of tallystick-");
  const calls = first.calls.recent().filter((call) => call.action === "GetRecords" && own(call));
  expect(new Set(calls.map(({ caller, statusCode }) => `${caller} ${statusCode}`))).toEqual(
    new Set(["events of Relay 200"]),
  );
  await first.stop();
  const second = await start(plan);
  await put(second, "after");
  await until(() => keys().length === 2, "the second change");
  expect(keys()).toEqual(["before", "after"]);
});
