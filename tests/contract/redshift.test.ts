import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { runEngines } from "#local/engines.ts";
import { Guard } from "#local/iam/guard.ts";
import { statePaths } from "#local/state.ts";
import { planOf, resource, trusting } from "#tests/support/handmade-plan.ts";

const account = "123456789012";
const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
const role = (name: string, Action: readonly string[]) => {
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action, Resource: "*" }],
  });
  const inlinePolicies = [{ name: "inline", policy }];
  const inputs = { name, assumeRolePolicy: JSON.stringify(trusting("redshift")), inlinePolicies };
  return { ...resource("aws:iam/role:Role", name, inputs), outputs: { arn: roleArn(name) } };
};
const reading = ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"];

const asking = ["redshift-data:*", "redshift-serverless:GetCredentials"];

interface Warehouse {
  readonly api: DataApi;
  /** As a role that may ask, and is not the owner. */
  readonly asker: DataApi;
  readonly stranger: DataApi;
  readonly client: RedshiftDataClient;
  readonly put: (data: string) => Promise<void>;
}

let started: AsyncDisposableStack;
let warehouse: Warehouse;

async function open(actions: readonly string[]): Promise<Warehouse> {
  const plan = planOf([
    role("reader", actions),
    role("asker", asking),
    role("stranger", ["redshift-data:*"]),
    resource("aws:kinesis/stream:Stream", "Events", { name: "events", shardCount: 1 }),
    resource("aws:redshiftserverless/namespace:Namespace", "Data", {
      namespaceName: "house",
      dbName: "warehouse",
      adminUsername: "owner",
      defaultIamRoleArn: roleArn("reader"),
    }),
    resource("aws:redshiftserverless/workgroup:Workgroup", "House", {
      workgroupName: "house",
      namespaceName: "house",
    }),
  ]);
  const directory = mkdtempSync(join(tmpdir(), "tallystick-redshift-"));
  started.defer(() => rmSync(directory, { recursive: true }));
  const credentials = new CredentialRegistry();
  const warn = (): void => undefined;
  const door: Door = await openDoor({
    ...{ credentials, log: new CallLog(100), guard: new Guard(plan), warn, port: 0 },
  });
  started.defer(() => door.stop());
  const credentialsOf = (arn: string | undefined) => credentials.issueTo(arn);
  await runEngines({ plan, paths: statePaths(directory), door, credentialsOf, warn }, started);
  const options = {
    ...{ endpoint: door.url, region: plan.region, maxAttempts: 1 },
    credentials: credentials.issueTo(undefined),
  };
  const kinesis = new KinesisClient({ ...options, requestHandler: new NodeHttpHandler() });
  started.defer(() => kinesis.destroy());
  const client = new RedshiftDataClient(options);
  const address = { workgroup: "house", database: "warehouse" };
  const api = new DataApi(client, address);
  const as = (name: string) =>
    new DataApi(
      new RedshiftDataClient({ ...options, credentials: credentials.issue(name, roleArn(name)) }),
      address,
    );
  const put = async (data: string): Promise<void> => {
    await kinesis.send(
      new PutRecordCommand({ StreamName: "events", PartitionKey: "k", Data: Buffer.from(data) }),
    );
  };
  await api.execute(
    `CREATE TABLE landing (arrived_at timestamp, shard_id text, sequence_number text, refreshed_at timestamp, event jsonb,
       unreadable text); COMMENT ON TABLE landing IS 'stream events'`,
  );
  return { api, asker: as("asker"), stranger: as("stranger"), client, put };
}

beforeAll(async () => {
  started = new AsyncDisposableStack();
  warehouse = await open(reading);
});
afterAll(() => started.disposeAsync());

const refresh = (api: DataApi): Promise<void> => api.execute("REFRESH MATERIALIZED VIEW public.landing");

test("a refresh brings what the stream has got since, and what is no JSON as it came", async () => {
  const { api, put } = warehouse;
  await put('{"n": 1}');
  await put("no JSON");
  await refresh(api);
  await refresh(api);
  await put('{"n": 2}');
  await refresh(api);
  const { rows } = await api.ask(
    "SELECT event->>'n', unreadable, shard_id FROM landing ORDER BY sequence_number::numeric",
  );
  expect(rows).toEqual([
    ["1", null, "shardId-000000000000"],
    [null, "no JSON", "shardId-000000000000"],
    ["2", null, "shardId-000000000000"],
  ]);
  const times = await api.ask("SELECT count(DISTINCT refreshed_at) FROM landing");
  expect(times.rows).toEqual([[2]]);
});

test("a reader whose role may not read the stream fails the refresh", async () => {
  const { api, put } = await open(["kinesis:ListShards"]);
  await put("{}");
  await expect(refresh(api)).rejects.toThrow(/not authorized to perform: kinesis:GetShardIterator/);
});

test("who asks in his own name reads what everybody may, and no more; who gets no credentials, nothing", async () => {
  const { api, asker, stranger } = warehouse;
  await api.execute("CREATE TABLE open (n int)");
  await api.execute("INSERT INTO open VALUES (1)");
  await api.execute("CREATE TABLE closed (n int)");
  await api.execute("GRANT SELECT ON open TO PUBLIC");
  expect((await asker.ask("SELECT n, current_user FROM open")).rows).toEqual([[1, "IAMR:asker"]]);
  await expect(asker.ask("SELECT n FROM closed")).rejects.toThrow("permission denied for table closed");
  await expect(asker.execute("INSERT INTO open VALUES (2)")).rejects.toThrow("permission denied");
  await expect(stranger.ask("SELECT n FROM open")).rejects.toThrow("redshift-serverless:GetCredentials");
});

test("a batch is carried out whole or not at all, and names the statement that failed", async () => {
  const { api } = warehouse;
  await api.execute("CREATE TABLE pairs (n int)");
  await api.transact(["INSERT INTO pairs VALUES (1)", "INSERT INTO pairs VALUES (2)"]);
  const broken = api.transact(["INSERT INTO pairs VALUES (3)", "INSERT INTO pairs VALUES ('x')"]);
  await expect(broken).rejects.toThrow(/invalid input syntax[\s\S]*VALUES \('x'\)/);
  expect((await api.ask("SELECT n FROM pairs ORDER BY n")).rows).toEqual([[1], [2]]);
});

test("a parameter is a value, whatever is in it", async () => {
  const { rows } = await warehouse.api.ask("SELECT :name AS name, ':name'", {
    name: "'; DROP TABLE landing",
  });
  expect(rows).toEqual([["'; DROP TABLE landing", ":name"]]);
});

test("a long answer comes page by page", async () => {
  const { rows } = await warehouse.api.ask(
    "SELECT n, n * 1.5 AS m, n % 2 = 0, NULL FROM generate_series(1, 2500) AS s (n)",
  );
  expect(rows).toHaveLength(2_500);
  expect(rows.at(-1)).toEqual([2_500, "3750.0", true, null]);
});

test.each([
  [
    "a workgroup",
    new ExecuteStatementCommand({ WorkgroupName: "home", Database: "warehouse", Sql: "SELECT 1" }),
    "ValidationException",
  ],
  [
    "a database",
    new ExecuteStatementCommand({ WorkgroupName: "house", Database: "books", Sql: "SELECT 1" }),
    "ValidationException",
  ],
  [
    "a statement",
    new DescribeStatementCommand({ Id: "d9b6c0c9-0747-4bf4-b142-e8883122f766" }),
    "ResourceNotFoundException",
  ],
])("%s that is not there is refused", async (_, command, name) => {
  const asked = warehouse.client.send(command as ExecuteStatementCommand);
  await expect(asked).rejects.toThrow(expect.objectContaining({ name }));
});
