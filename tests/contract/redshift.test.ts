import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import { Warehouse } from "#adapters/warehouse/warehouse.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { runEngines } from "#local/engines.ts";
import { Guard } from "#local/iam/guard.ts";
import { statePaths } from "#local/state.ts";
import { planOf, resource, trusting } from "#tests/support/handmade-plan.ts";
import { changes, limits, poisonOf, recordOf } from "#tests/support/stream-records.ts";

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
const reading = [
  "kinesis:ListShards",
  "kinesis:GetShardIterator",
  "kinesis:GetRecords",
  "s3:ListBucket",
  "s3:GetObject",
];

const asking = ["redshift-data:*", "redshift-serverless:GetCredentials"];

interface House {
  readonly api: DataApi;
  /** As a role that may ask, and is not the owner. */
  readonly asker: DataApi;
  readonly stranger: DataApi;
  readonly client: RedshiftDataClient;
  readonly put: (data: string) => Promise<void>;
  /** Lines of the archive, in an object of a day. */
  readonly archive: (key: string, lines: readonly (string | Buffer)[]) => Promise<void>;
}

let started: AsyncDisposableStack;
let warehouse: House;

async function open(actions: readonly string[]): Promise<House> {
  const plan = planOf([
    role("reader", actions),
    role("asker", asking),
    role("stranger", ["redshift-data:*"]),
    resource("aws:s3/bucket:Bucket", "Archive", { bucket: "archive" }),
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
  const s3 = new S3Client({ ...options, requestHandler: new NodeHttpHandler() });
  started.defer(() => s3.destroy());
  const archive = async (Key: string, lines: readonly (string | Buffer)[]): Promise<void> => {
    const text = Buffer.concat(lines.flatMap((line) => [Buffer.from("\n"), Buffer.from(line)]).slice(1));
    await s3.send(new PutObjectCommand({ Bucket: "archive", Key, Body: gzipSync(text) }));
  };
  await api.execute(
    `CREATE TABLE landing (arrived_at timestamp, shard_id text, sequence_number text, refreshed_at timestamp, event jsonb,
       unreadable text); COMMENT ON TABLE landing IS 'stream events'`,
  );
  return { api, asker: as("asker"), stranger: as("stranger"), client, put, archive };
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

describe("the tables of the warehouse", () => {
  let tables: Warehouse;
  const types = ["posted", "held", "refused", "hold_posted", "hold_voided", "hold_expired"] as const;
  const sent = [
    ...poisonOf(changes("pay_model")[0], recordOf("ledger.posted", "je_model")),
    ...limits.map((text) => ({ text, reason: null })),
    ...[...changes("pay_course"), ...types.map((type) => recordOf(`ledger.${type}`, `je_${type}`))].map(
      (event) => ({ text: JSON.stringify(event), reason: null }),
    ),
  ];
  beforeAll(async () => {
    tables = new Warehouse(warehouse.api, { stream: "events", archive: "s3://archive/events/" });
    // So it is on Redshift until somebody says otherwise; PostgreSQL's default is the other.
    await warehouse.api.execute("GRANT CREATE ON SCHEMA public TO PUBLIC");
    await tables.migrate();
    for (const { text } of sent) await warehouse.put(text);
    await tables.load();
  });
  const one = async (sql: string) => (await warehouse.api.ask(sql)).rows[0]?.[0];

  test("each event that has one flaw is parked with it, and the longest that there may be is counted", async () => {
    const { rows } = await warehouse.api.ask(
      `SELECT reason FROM landing.events LEFT JOIN finance.parked USING (shard_id, sequence_number)
       ORDER BY sequence_number::numeric DESC LIMIT ${sent.length}`,
    );
    expect(rows.flat().toReversed()).toEqual(sent.map(({ reason }) => reason));
    const counted = "SELECT event_id FROM finance.payment_events UNION SELECT event_id FROM finance.entries";
    expect(await one(`SELECT count(*) FROM (${counted}) AS events`)).toBe(
      sent.filter(({ reason }) => reason === null).length,
    );
  });

  test("what was taken over is not looked at again", async () => {
    expect(await one("SELECT count(*) FROM landing.new_events")).toBe(0);
  });

  test("a payment has the times of what became of it, and the acquirer that an earlier change named", async () => {
    const { rows } = await warehouse.api.ask(
      `SELECT state, acquirer, created_at, authorized_at, declined_at, captured_at, settled_at, reviewed_at, resolved_at
       FROM finance.payments WHERE payment = 'pay_course'`,
    );
    const at = (minute: number): string => `2026-03-01 12:0${minute}:00`;
    expect(rows).toEqual([["settled", "alpha", at(0), at(3), at(4), at(5), at(6), at(1), at(2)]]);
  });

  test("what is posted moves, what is held is held until its end, and what is refused does neither", async () => {
    const { rows } = await warehouse.api.ask(
      `SELECT type, part, place, moved, held FROM finance.entries WHERE entry LIKE 'je\\_%' ORDER BY type, part, place`,
    );
    const legs = (type: string, part: string, moved: number, held: number) => [
      [`ledger.${type}`, part, 0, moved, held],
      [`ledger.${type}`, part, 1, -moved || 0, -held || 0],
    ];
    expect(rows).toEqual([
      ...legs("held", "legs", 0, 7),
      ...legs("hold_expired", "released", 0, -7),
      ...legs("hold_posted", "legs", 7, 0),
      ...legs("hold_posted", "released", 0, -7),
      ...legs("hold_voided", "released", 0, -7),
      ...legs("posted", "legs", 7, 0),
      ...legs("refused", "legs", 0, 0),
    ]);
  });

  test("everybody who came in reads finance, what comes to it later too; the landing is its owner's", async () => {
    const { api, asker } = warehouse;
    await api.execute("CREATE TABLE finance.later (n int)");
    for (const table of ["payments", "balances", "later"])
      expect((await asker.ask(`SELECT count(*) FROM finance.${table}`)).rows).toHaveLength(1);
    await expect(asker.ask("SELECT * FROM landing.loads")).rejects.toThrow("denied for schema landing");
    for (const sql of ["DELETE FROM finance.payments", "CREATE TABLE public.theirs (n int)"])
      await expect(asker.execute(sql)).rejects.toThrow("permission denied");
  });

  test("a migration that was changed after it was carried out is refused", async () => {
    const named = "WHERE name = '0003-facts'";
    const digest = await one(`SELECT digest FROM public.migrations ${named}`);
    const note = (text: string) =>
      warehouse.api.execute(`UPDATE public.migrations SET digest = '${text}' ${named}`);
    await note("another");
    await expect(tables.migrate()).rejects.toThrow("0003-facts.sql is not what was carried out");
    await note(String(digest));
    expect(await tables.migrate()).toEqual([]);
  });

  test("lines of a day that are none of text are left out and parked, each once; all others are taken", async () => {
    const { archive, api } = warehouse;
    const day = "2026-03-01";
    const of = (n: number): string => JSON.stringify(changes(`pay_of_day_${n}`)[0]);
    const events = Array.from({ length: 1_001 }, (_, n) => of(n));
    const flawed = ["a\0b", "a\u0001b", "x".repeat(4 * 1024 * 1024 + 1)];
    const noText = Buffer.from(of(1_001).replace("visa", "vis\xff"), "latin1");
    const record = JSON.stringify(recordOf("ledger.posted", "of_day"));
    const others = [noText, ...["no JSON", of(0), record].flatMap((line) => [line, line])];
    await archive(`events/day=${day}/one.gz`, [...events, ...flawed, ...others]);
    expect(await tables.rebuild(day)).toEqual({ lines: 1_008, leftOut: 3 });
    // AWS says longer things.
    const long = `Such a ${"long ".repeat(50)}text`;
    await api.execute(
      `INSERT INTO sys_load_error_detail (file_name, line_number, error_message)
       VALUES ('s3://archive/events/day=${day}/two.gz', 1, '${long}')`,
    );
    await archive("events/day=2026-03-02/one.gz", ["a\0b"]);
    await archive(`events/day=${day}/two.gz`, [of(0), ""]);
    expect(await tables.rebuild("2026-03-02")).toEqual({ lines: 0, leftOut: 1 });
    expect(await tables.rebuild(day)).toEqual({ lines: 1_009, leftOut: 4 });
    const { rows } = await api.ask(
      "SELECT reason FROM finance.parked WHERE shard_id = 'archive' ORDER BY reason",
    );
    const leftOut = (line: number, why: string) => `COPY leaves line ${line} of an object out: ${why}`;
    const isNull = "Invalid null byte - field longer than 1 byte";
    expect(rows.flat()).toEqual([
      ...[leftOut(1, isNull), leftOut(1, long).slice(0, 200), leftOut(1_002, isNull)],
      ...[leftOut(1_003, "Extra column(s) found"), leftOut(1_004, "Line too long"), "it is no JSON text"],
    ]);
    expect(await one("SELECT count(*) FROM finance.payments WHERE payment LIKE 'pay_of_day%'")).toBe(1_002);
    expect(await one("SELECT count(*) FROM finance.entries WHERE entry = 'of_day'")).toBe(2);
    expect(await one("SELECT brand FROM finance.payments WHERE payment = 'pay_of_day_1001'")).toBe("vis?");
    expect(await one("SELECT count(*) FROM landing.archived_lines")).toBe(0);
  });

  test("a stage without an archive says so", async () => {
    const without = new Warehouse(warehouse.api, { stream: "events" });
    await expect(without.rebuild("2026-03-01")).rejects.toThrow("this stage has no archive");
  });
});
