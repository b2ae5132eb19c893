import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { DeleteObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataApi, StatementFailed } from "#adapters/warehouse/data-api.ts";
import { reports, Warehouse } from "#adapters/warehouse/warehouse.ts";
import { holdArchive } from "#cli/archive.ts";
import { isOfLedger, parseStreamed, type StreamedEvent } from "#core/events/streamed.ts";
import { addCounters, type Counters, noCounters } from "#core/ledger/account.ts";
import { movements } from "#core/ledger/journal.ts";
import { checkJournalTold } from "#core/proof/events.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { askParquet, linesIn, objectsIn } from "#tests/support/deliveries.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { Told } from "#tests/support/told.ts";

const StreamName = "tallystick-local-payment-events";

let system: TestSystem;
let demo: ApiClient;
let told: Told;
let api: DataApi;
let warehouse: Warehouse;
let payments: readonly string[];

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()) });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  told = new Told(system.endpoints);
  const address = { workgroup: "tallystick-local-warehouse", database: "warehouse" };
  api = new DataApi(new RedshiftDataClient(awsClient(system.endpoints)), address);
  warehouse = new Warehouse(api, StreamName);
  payments = [
    await pay("4242424242424242"),
    await pay("4000000000000002"),
    await pay("5555555555554444", "EUR"),
    await refunded(await pay("4242424242424242")),
  ];
  expect(await warehouse.migrate()).toEqual(["0001-landing", "0002-columns", "0003-facts"]);
  await allIsTold();
});
afterAll(async () => {
  told?.stop();
  await system?.stop();
});

const pay = async (number: string, currency = "USD"): Promise<string> =>
  (await demo.payWithCard({ number }, { amount: 20_00, currency, description: "for Jane" })).body.id;

async function refunded(payment: string): Promise<string> {
  const answer = await demo.send("POST", `/v1/payments/${payment}/refunds`, {
    body: { amount: 5_00 },
    headers: { "idempotency-key": `refund-${payment}` },
  });
  expect(answer.statusCode).toBe(201);
  return payment;
}

const allIsTold = () => eventually(async () => ((await told.findings()).length === 0 ? true : undefined));

const count = async (table: string): Promise<number> =>
  Number((await warehouse.ask(`SELECT count(*) FROM ${table}`)).rows[0]?.[0]);

/** Balances by the journal as it is stored: debits positive, as text. */
async function balancesOfLedger(): Promise<ReadonlyMap<string, readonly [string, string]>> {
  const counters = new Map<string, Counters>();
  for (const record of await told.records())
    for (const [account, moved] of movements(record)) {
      const key = `${record.type === "resolution" ? record.resolution.book : record.entry.book} ${account}`;
      counters.set(key, addCounters(counters.get(key) ?? noCounters, moved));
    }
  return new Map(
    [...counters].map(([key, is]) => [
      key,
      [`${is.debitsPosted - is.creditsPosted}`, `${is.debitsPending - is.creditsPending}`],
    ]),
  );
}

async function balancesOfWarehouse(): Promise<ReadonlyMap<string, readonly [string, string]>> {
  const { rows } = await warehouse.ask("SELECT merchant, account, balance, held FROM finance.balances");
  return new Map(
    rows.map(([merchant, account, balance, held]) => [`${merchant} ${account}`, [`${balance}`, `${held}`]]),
  );
}

/** Everything that finance reads, in an order that does not depend on that of the stream. */
async function answers(): Promise<readonly unknown[]> {
  const asked = [
    "SELECT * FROM finance.payments ORDER BY payment",
    "SELECT * FROM finance.payment_events ORDER BY event_id",
    "SELECT event_id, part, place, account, moved, held FROM finance.entries ORDER BY event_id, part, place",
    "SELECT * FROM finance.refunds ORDER BY payment",
    "SELECT * FROM finance.fees ORDER BY entry",
  ];
  const tables = [];
  for (const sql of asked) tables.push((await warehouse.ask(sql)).rows);
  return tables;
}

test("the warehouse is the ledger to the cent, per account, and knows each payment as it stands", async () => {
  await warehouse.load();
  expect(await balancesOfWarehouse()).toEqual(await balancesOfLedger());
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
    const answer = await fetch(`${system.endpoints.aws.endpoint}/_deliver`, { method: "POST" });
    expect(answer.status).toBe(200);
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

  test("a day of the archive is held from a terminal, and outlasts whoever may end its lock", async () => {
    const connection = { client: awsClient(system.endpoints), tablePrefix: "tallystick-local-" };
    const [object] = await objectsIn(s3, bucket("archive"), "events/");
    const from = /day=([\d-]+)/.exec(object?.key ?? "")?.[1];
    const named = { Bucket: bucket("archive"), Key: object?.key };
    const { VersionId } = await s3.send(new HeadObjectCommand(named));
    const remove = new DeleteObjectCommand({ ...named, VersionId, BypassGovernanceRetention: true });
    const all = /: (\d+) of \1 objects of 1 days are held/;
    expect(await holdArchive(connection, "hold", { from })).toMatch(all);
    await expect(s3.send(remove)).rejects.toThrow("object lock");
    expect(await holdArchive(connection, "look", { from })).toMatch(all);
    expect(await holdArchive(connection, "lift", { from })).toMatch(/: 0 of \d+ objects/);
    expect(await holdArchive(connection, "look", { from })).toMatch(/: 0 of \d+ objects/);
  });

  test("what merchants wrote is in neither", async () => {
    expect((await ofArchive()).filter((text) => text.includes('"sealed"')).length).toBeGreaterThan(0);
    for (const name of ["archive", "archive-landing", "lake"])
      for (const { body } of await objectsIn(s3, bucket(name)))
        expect(Buffer.from(body).includes("Jane"), name).toBe(false);
    expect((await ofArchive()).join()).not.toContain("Jane");
  });

  test("the lake has each event as columns: as many, and the same sums to the cent", async () => {
    const objects = await objectsIn(s3, bucket("lake"));
    const files = objects.map(({ key, body }, index) => {
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
    const legs = events.filter(isOfLedger).flatMap(({ record }) => record.legs ?? []);
    const summed = new Map<string, number>();
    for (const { account, side, amount } of legs) {
      const key = `${account} ${side}`;
      summed.set(key, (summed.get(key) ?? 0) + amount);
    }
    expect(new Map(sums.map(({ account, side, amount }) => [`${account} ${side}`, Number(amount)]))).toEqual(
      summed,
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

test("what comes twice, and in another order, is counted once", async () => {
  const before = await answers();
  const events = [...(await told.published()), ...(await told.recorded())].toReversed();
  await told.kinesis.send(
    new PutRecordsCommand({
      StreamName,
      Records: events.map((event) => ({ PartitionKey: "again", Data: Buffer.from(JSON.stringify(event)) })),
    }),
  );
  await warehouse.load();
  await warehouse.load();
  expect(await answers()).toEqual(before);
});

test("what no schema knows is parked with its reason, and holds nothing up", async () => {
  const [event] = await told.published();
  const [record] = await told.recorded();
  const poison = [
    "no JSON",
    JSON.stringify({ ...event, type: "payout.sent" }),
    JSON.stringify({ ...event, schema: 2 }),
    JSON.stringify({ schema: 1, type: "payment.created" }),
    JSON.stringify({ ...event, created_at: "yesterday" }),
    JSON.stringify({ ...event, data: { ...event?.data, amount: "ten" } }),
    JSON.stringify({ ...record, record: { ...record?.record, legs: "none" } }),
    JSON.stringify({ schema: 1 }),
  ];
  await told.kinesis.send(
    new PutRecordsCommand({
      StreamName,
      Records: poison.map((text) => ({ PartitionKey: "poison", Data: Buffer.from(text) })),
    }),
  );
  const late = await pay("4242424242424242");
  await eventually(async () => {
    await warehouse.load();
    const { rows } = await warehouse.ask("SELECT state FROM finance.payments WHERE payment = :payment", {
      payment: late,
    });
    return rows[0]?.[0] === "captured" ? true : undefined;
  });
  const { rows } = await warehouse.ask("SELECT reason FROM finance.parked ORDER BY reason");
  expect(rows.flat()).toEqual([
    "it has no payment that can be read",
    "it has no record that can be read",
    "it has no type",
    "it is no JSON text",
    "it is of a later schema",
    "it lacks its id, book or time",
    "it lacks its id, book or time",
    "nobody knows the type payout.sent",
  ]);
});

test("an empty warehouse that reads the stream again gives the same answers", async () => {
  // The payment of before was captured; its records of the journal may still be on their way.
  await eventually(async () =>
    checkJournalTold(await told.records(), await told.recorded()).length === 0 ? true : undefined,
  );
  await warehouse.load();
  const before = await answers();
  for (const sql of [
    "DROP SCHEMA landing CASCADE",
    "DROP SCHEMA finance CASCADE",
    "DROP TABLE public.migrations",
    "DROP TABLE public.ingestion_places",
  ])
    await api.execute(sql);
  await warehouse.migrate();
  await warehouse.load();
  expect(await answers()).toEqual(before);
});

describe("reports", () => {
  const between = { since: "2020-01-01", until: "2100-01-01" };
  test.each(reports().map(({ name, sql }) => [name, sql]))(
    "%s answers something of this day",
    async (name, sql) => {
      const { columns, rows } = await warehouse.ask(sql ?? "", between);
      expect(columns.length).toBeGreaterThan(2);
      // Nobody was left in the dark here.
      if (name !== "unknown-outcomes") expect(rows.length).toBeGreaterThan(0);
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
