import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AthenaClient, BatchGetNamedQueryCommand, ListNamedQueriesCommand } from "@aws-sdk/client-athena";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { DeleteObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AthenaApi } from "#adapters/lake/athena-api.ts";
import { Lake, lakeReports } from "#adapters/lake/lake.ts";
import { DataApi, StatementFailed } from "#adapters/warehouse/data-api.ts";
import { reports, Warehouse } from "#adapters/warehouse/warehouse.ts";
import { load } from "#cli/warehouse/loader.ts";
import { disputeEventOf } from "#core/events/dispute-event.ts";
import { parseStreamed, type StreamedEvent } from "#core/events/streamed.ts";
import { checkJournalTold } from "#core/proof/events.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import {
  answersOf,
  BothEngines,
  balancesOf,
  between,
  forget,
  legsSummed,
  storedBalances,
} from "#tests/support/both-engines.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { askParquet, linesIn, objectsIn } from "#tests/support/deliveries.ts";
import { eventually } from "#tests/support/eventually.ts";
import { exampleDispute } from "#tests/support/examples.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { type Poison, poisonOf, unknownForAWhile } from "#tests/support/stream-records.ts";
import { Told } from "#tests/support/told.ts";

const StreamName = "tallystick-local-payment-events";
const Archive = "tallystick-local-archive-123456789012";

let system: TestSystem;
let demo: ApiClient;
let told: Told;
let api: DataApi;
let warehouse: Warehouse;
let athena: AthenaApi;
let lake: Lake;
let both: BothEngines;
let payments: readonly string[];
let poison: readonly Poison[];

const migrations = [
  ...["0001-landing", "0002-columns", "0003-facts"],
  ...["0004-archive", "0005-grants", "0006-loads"],
];

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()) });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  told = new Told(system.endpoints);
  const address = { workgroup: "tallystick-local-warehouse", database: "warehouse" };
  api = new DataApi(new RedshiftDataClient(awsClient(system.endpoints)), address);
  warehouse = new Warehouse(api, { stream: StreamName, archive: `s3://${Archive}/events/` });
  const questions = { workgroup: "tallystick-local-questions", database: "tallystick_local_lake" };
  athena = new AthenaApi(new AthenaClient(awsClient(system.endpoints)), questions);
  lake = new Lake(athena);
  both = new BothEngines(warehouse, lake, system.endpoints);
  payments = [
    await pay("4242424242424242"),
    await pay("4000000000000002"),
    await pay("5555555555554444", "EUR"),
    await refunded(await pay("4242424242424242")),
  ];
  expect(await warehouse.migrate()).toEqual(migrations);
  await allIsTold();
});
afterAll(async () => {
  told?.stop();
  await system?.stop();
});

const pay = async (number: string, currency = "USD"): Promise<string> =>
  (await demo.payWithCard({ number }, { amount: 20_00, currency })).body.id;

async function refunded(payment: string): Promise<string> {
  const answer = await demo.send("POST", `/v1/payments/${payment}/refunds`, {
    body: { amount: 5_00 },
    headers: { "idempotency-key": `refund-${payment}` },
  });
  expect(answer.statusCode).toBe(201);
  return payment;
}

const allJournalIsTold = () =>
  eventually(async () =>
    checkJournalTold(await told.records(), await told.recorded()).length === 0 ? true : undefined,
  );
const allIsTold = () => eventually(async () => ((await told.findings()).length === 0 ? true : undefined));

const noDifferences = () => Object.fromEntries(reports().map(({ name }) => [name, undefined]));

const count = async (table: string): Promise<number> =>
  Number((await warehouse.ask(`SELECT count(*) FROM ${table}`)).rows[0]?.[0]);

const balancesOfLedger = async () => balancesOf(await told.records());

const answers = () => answersOf(warehouse);

test("the warehouse is the ledger to the cent, per account, and knows each payment as it stands", async () => {
  await warehouse.load();
  expect(await storedBalances(warehouse)).toEqual(await balancesOfLedger());
  const { rows } = await warehouse.ask(
    "SELECT payment, state, captured, refunded FROM finance.payments ORDER BY created_at",
  );
  expect(rows).toEqual([
    [payments[0], "captured", 20_00, 0],
    [payments[1], "declined", 0, 0],
    [payments[2], "captured", 20_00, 0],
    [payments[3], "captured", 20_00, 5_00],
  ]);
  const zero = await warehouse.ask(
    "SELECT currency, sum(moved), sum(held) FROM finance.entries GROUP BY currency ORDER BY 1",
  );
  expect(zero.rows).toEqual([
    ["EUR", "0", "0"],
    ["USD", "0", "0"],
  ]);
  expect((await warehouse.ask("SELECT merchant, amount FROM finance.refunds")).rows).toEqual([
    ["mer_demo", 5_00],
  ]);
  expect(await count("finance.gaps")).toBe(0);
});

describe("archive and lake", () => {
  const bucket = (name: string): string => `tallystick-local-${name}-123456789012`;
  const ofArchive = async () => linesIn(await objectsIn(s3, bucket("archive"), "events/"));
  let s3: S3Client;
  let directory: string;
  let sent: readonly string[];
  let events: readonly StreamedEvent[];
  beforeAll(async () => {
    s3 = new S3Client(awsClient(system.endpoints));
    sent = await told.texts();
    events = sent.flatMap((text) => {
      const read = parseStreamed(text);
      return read.ok ? [read.event] : [];
    });
    directory = mkdtempSync(join(tmpdir(), "tallystick-lake-"));
    await both.deliver();
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test("the archive has each record of the stream word by word, and no other", async () => {
    const archived = await ofArchive();
    expect(archived.toSorted()).toEqual(sent.toSorted());
    expect(archived.length).toBeGreaterThan(20);
  });

  test("nobody deletes from the archive, and what landed is copied", async () => {
    const [object] = await objectsIn(s3, bucket("archive"), "events/");
    const named = { Bucket: bucket("archive"), Key: object?.key };
    const { VersionId, ObjectLockMode, ReplicationStatus } = await s3.send(new HeadObjectCommand(named));
    expect([ObjectLockMode, ReplicationStatus]).toEqual(["GOVERNANCE", "REPLICA"]);
    await expect(s3.send(new DeleteObjectCommand({ ...named, VersionId }))).rejects.toThrow("object lock");
    const landed = await s3.send(new HeadObjectCommand({ ...named, Bucket: bucket("archive-landing") }));
    expect([landed.VersionId, landed.ReplicationStatus]).toEqual([VersionId, "COMPLETED"]);
  });

  test("the lake has each event as columns: as many, and the same sums to the cent", async () => {
    const files = (await objectsIn(s3, bucket("lake"))).map(({ key, body }, index) => {
      expect(key).toMatch(/^events\/day=\d{4}-\d\d-\d\d\/.*\.parquet$/);
      const file = join(directory, `${index}.parquet`);
      writeFileSync(file, body);
      return file;
    });
    expect(await askParquet(files, "SELECT id FROM files ORDER BY id")).toEqual(
      events.map(({ id }) => ({ id })).toSorted(({ id: one }, { id: other }) => (one < other ? -1 : 1)),
    );
    const sums = await askParquet(
      files,
      `SELECT leg.account AS account, leg.side AS side, sum(leg.amount)::varchar AS amount
       FROM (SELECT unnest(record.legs) AS leg FROM files) GROUP BY ALL ORDER BY ALL`,
    );
    expect(new Map(sums.map(({ account, side, amount }) => [`${account} ${side}`, Number(amount)]))).toEqual(
      legsSummed(events),
    );
    const captured = await askParquet(
      files,
      `SELECT data.currency AS currency, sum(data.amount_captured)::varchar AS captured FROM files
       WHERE type = 'payment.captured' GROUP BY ALL ORDER BY ALL`,
    );
    expect(captured).toEqual([
      { currency: "EUR", captured: "2000" },
      { currency: "USD", captured: "4000" },
    ]);
  });
});

describe("the lake", () => {
  test("has each report that the warehouse has, and says the same of it", async () => {
    expect([...lakeReports().keys()]).toEqual(reports().map(({ name }) => name));
    expect(await both.differences()).toEqual(noDifferences());
  });

  test("is the ledger to the cent, per account and currency", async () => {
    const { rows } = await lake.ask(lakeReports().get("balances")?.sql ?? "", between);
    const balances = rows.map(
      ([of, account, , balance, held]) => [`${of} ${account}`, [`${balance}`, `${held}`]] as const,
    );
    expect(new Map(balances)).toEqual(await balancesOfLedger());
    const sums = Map.groupBy(rows, ([, , currency]) => currency);
    expect([...sums.keys()].toSorted()).toEqual(["EUR", "USD"]);
    for (const [, list] of sums) expect(list.reduce((sum, row) => sum + Number(row[3]), 0)).toBe(0);
  });

  test("has nothing of a time in which there was nothing", async () => {
    for (const [, { sql }] of lakeReports())
      expect((await lake.ask(sql, { since: "2020-01-01", until: "2020-01-02" })).rows).toEqual([]);
  });

  test("answers the questions that are kept with the estate", async () => {
    const client = new AthenaClient(awsClient(system.endpoints));
    const { NamedQueryIds } = await client.send(
      new ListNamedQueriesCommand({ WorkGroup: "tallystick-local-questions" }),
    );
    const { NamedQueries = [] } = await client.send(new BatchGetNamedQueryCommand({ NamedQueryIds }));
    const kept = new Map(NamedQueries.map(({ Name, QueryString = "" }) => [Name, QueryString]));
    expect([...kept.keys()].toSorted()).toEqual(["approval-rates", "payment-history", "payments"]);
    const stand = await athena.ask(
      `select payment, state, captured_minor from (${kept.get("payments")}) as p`,
    );
    const { rows } = await warehouse.ask(
      "SELECT payment, state, captured FROM finance.payments ORDER BY payment",
    );
    expect(stand.rows.toSorted()).toEqual(rows);
    const rates = await athena.ask(kept.get("approval-rates") ?? "");
    expect(rates.rows.map(([, ...rest]) => rest)).toEqual([
      ["alpha", "EUR", 1, 100],
      ["alpha", "USD", 3, 66.67],
    ]);
    const named = (kept.get("payment-history") ?? "")
      .replace("?", ":from")
      .replace("?", ":to")
      .replace("?", ":id");
    const history = await athena.ask(named, { from: "2026-01-01", to: "2100-01-01", id: payments[3] ?? "" });
    expect(history.rows.map(([, , type]) => type)).toEqual(
      (await told.published()).filter(({ data }) => data.id === payments[3]).map(({ type }) => type),
    );
  });
});

test("what comes twice, and in another order, is counted once", async () => {
  const before = await answers();
  const lakeBefore = await both.ofLake();
  const events = [...(await told.published()), ...(await told.recorded())].toReversed();
  await told.send(events.map((event) => JSON.stringify(event)));
  await warehouse.load();
  await warehouse.load();
  expect(await answers()).toEqual(before);
  await both.deliver();
  expect(await both.ofLake()).toEqual(lakeBefore);
});

test("what no schema knows is parked with its reason, and holds nothing up; disputes are passed over", async () => {
  const [event] = await told.published();
  const [record] = await told.recorded();
  if (event === undefined || record === undefined) throw new Error("nothing was told");
  poison = poisonOf(event, record);
  const dispute = JSON.stringify(disputeEventOf(undefined, exampleDispute()));
  await told.send([...poison.map(({ text }) => text), dispute]);
  const late = await pay("4242424242424242");
  await eventually(async () => {
    await warehouse.load();
    const { rows } = await warehouse.ask("SELECT state FROM finance.payments WHERE payment = :payment", {
      payment: late,
    });
    return rows[0]?.[0] === "captured" ? true : undefined;
  });
  const { rows } = await warehouse.ask("SELECT reason FROM finance.parked ORDER BY reason");
  expect(rows.flat()).toEqual(poison.map(({ reason }) => reason).toSorted());
  await allJournalIsTold();
  expect(await both.differences()).toEqual(noDifferences());
});

test("an outcome that nobody knew for a while is one in both", async () => {
  await told.send(unknownForAWhile());
  expect(await both.differences()).toEqual(noDifferences());
  const { rows } = await lake.ask(lakeReports().get("unknown-outcomes")?.sql ?? "", between);
  expect(rows).toEqual([["alpha", "USD", 2, 1, 90, 90]]);
});

describe("an empty warehouse", () => {
  let before: readonly unknown[];
  beforeAll(async () => {
    // The payment of before was captured; its records of the journal may still be on their way.
    await allJournalIsTold();
    await warehouse.load();
    before = await answers();
  });

  test("that two fill from the stream at once gives the same answers, as if one had", async () => {
    await forget(api);
    const made = await Promise.all([warehouse.migrate(), warehouse.migrate()]);
    expect(made.flat().toSorted()).toEqual(migrations);
    await Promise.all([warehouse.load(), warehouse.load()]);
    expect(await answers()).toEqual(before);
  });

  test("that is filled from the archive alone gives the same answers, and goes on with the stream", async () => {
    // No line of text: COPY leaves it out.
    await told.send(["a\0b"]);
    await both.deliver();
    const sent = await told.texts();
    const today = Date.now();
    const days = [today - 86_400_000, today].map((at) => new Date(at).toISOString().slice(0, 10));
    const rebuild = async () => {
      let [lines, leftOut] = [0, 0];
      for (const day of days) {
        const rebuilt = await warehouse.rebuild(day);
        [lines, leftOut] = [lines + rebuilt.lines, leftOut + rebuilt.leftOut];
      }
      return { lines, leftOut };
    };
    await forget(api);
    await warehouse.migrate();
    expect(await rebuild()).toEqual({ lines: sent.length - 1, leftOut: 1 });
    expect(await answers()).toEqual(before);
    const parked = await warehouse.ask(
      "SELECT reason FROM finance.parked WHERE shard_id = 'archive' ORDER BY 1",
    );
    expect(parked.rows).toHaveLength(poison.length + 1);
    expect(parked.rows[0]?.[0]).toMatch(/^COPY leaves line \d+ of an object out: Invalid null byte/);
    await Promise.all([rebuild(), rebuild()]);
    expect((await warehouse.ask("SELECT count(*) FROM finance.parked")).rows).toEqual([[poison.length + 1]]);
    await warehouse.load();
    expect(await answers()).toEqual(before);
    expect(await count("landing.archived_lines")).toBe(0);
  });

  test("cannot be filled from what is no day", async () => {
    for (const day of ["2026-11-26' OR ''='", "of 2026-11-26"])
      await expect(warehouse.rebuild(day)).rejects.toThrow("write it as 2026-11-26");
  });
});

test("the function loads, as the warehouse's owner, and fills a day from the archive", async () => {
  const lambda = new LambdaClient(awsClient(system.endpoints));
  const tablePrefix = "tallystick-local-";
  const before = await answers();
  await api.execute("DELETE FROM finance.payments");
  await api.execute("DELETE FROM finance.payment_events");
  const today = new Date().toISOString().slice(0, 10);
  const rebuilt = await load(lambda, tablePrefix, today);
  expect(rebuilt.made).toEqual([]);
  expect(rebuilt.lines).toBeGreaterThan(20);
  expect(await answers()).toEqual(before);
  expect(await load(lambda, tablePrefix)).toEqual({ made: [] });
  expect(await load(lambda, tablePrefix, "2020-01-01")).toEqual({ made: [], lines: 0, leftOut: 0 });
  await expect(load(lambda, tablePrefix, "2026-02-30")).rejects.toThrow(/day/);
  lambda.destroy();
});

describe("reports", () => {
  test.each(reports().map(({ name, sql }) => [name, sql]))(
    "%s answers something of this day",
    async (_, sql) => {
      const { columns, rows } = await warehouse.ask(sql ?? "", between);
      expect(columns.length).toBeGreaterThan(2);
      expect(rows.length).toBeGreaterThan(0);
      const never = { since: "2020-01-01", until: "2020-01-02" };
      expect((await warehouse.ask(sql ?? "", never)).rows).toEqual([]);
    },
  );

  test("count each decided payment once: two approved in dollars, one declined", async () => {
    const { sql = "" } = reports().find(({ name }) => name === "approval-rates") ?? {};
    const { rows } = await warehouse.ask(sql, between);
    expect(rows.filter(([, , currency]) => currency === "EUR")).toEqual([
      ["alpha", "mastercard", "EUR", 1, 1, "100.0"],
    ]);
    expect(rows.filter(([, , currency]) => currency === "USD")).toEqual([
      ["alpha", "visa", "USD", 4, 3, "75.0"],
    ]);
  });
});

describe("a statement that cannot be carried out", () => {
  test("says why, and which it was", async () => {
    const failed = warehouse.ask("SELECT nothing FROM finance.payments");
    await expect(failed).rejects.toThrow(StatementFailed);
    await expect(failed).rejects.toThrow(/column "nothing" does not exist[\s\S]*SELECT nothing/);
  });

  test("undoes all that came with it", async () => {
    const before = await count("finance.parked");
    const broken = api.transact(["DELETE FROM finance.parked", "INSERT INTO finance.nowhere VALUES (1)"]);
    await expect(broken).rejects.toThrow(/finance\.nowhere/);
    expect(await count("finance.parked")).toBe(before);
  });
});
