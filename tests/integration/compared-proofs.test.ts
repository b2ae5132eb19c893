import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { marshall } from "@aws-sdk/util-dynamodb";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { foldsByShard } from "#adapters/dynamodb/fold-store.ts";
import { foldKey, journalPartition } from "#adapters/dynamodb/keys.ts";
import { SettlementStore } from "#adapters/dynamodb/settlement-store.ts";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import type { Book } from "#core/ledger/account.ts";
import { acquirerAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import type { Currency } from "#core/money/currency.ts";
import { proveMessage } from "#core/proof/archive-proof.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { Told } from "#tests/support/told.ts";

const root = join(import.meta.dirname, "../..");
const dayMs = 86_400_000;
const mer = "mer_demo" as Book;
const usd = "USD" as Currency;
const receivable = acquirerAccount(mer, 1100, "alpha", usd);
const onItsWay = acquirerAccount(mer, 1050, "alpha", usd);

let stateDirectory: string;
let system: TestSystem;
let told: Told;
let books: Client;
let dynamoDb: DynamoDBClient;
let redshift: RedshiftDataClient;

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-compared-"));
  system = await startTestSystem({ plan: impatient(committedPlan()), pods: true, stateDirectory });
  told = new Told(system.endpoints);
  dynamoDb = new DynamoDBClient(awsClient(system.endpoints));
  redshift = new RedshiftDataClient(awsClient(system.endpoints));
  books = new Client(system.endpoints.postgres);
  await books.connect();
});
afterAll(async () => {
  told?.stop();
  dynamoDb?.destroy();
  redshift?.destroy();
  await books?.end();
  await system?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** As a person at a terminal runs it. */
async function run(...words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...words, "--state-directory", stateDirectory], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const [printed, complained] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  await ended;
  return printed + complained;
}
const prove = () => run("cli/main.ts", "archive", "prove");
const load = () => run("cli/warehouse/main.ts", "load");

const allIsTold = () => eventually(async () => ((await told.findings()).length === 0 ? true : undefined));

test("a proof says that the ledger is the books, record by record, and that nothing was loaded to be compared", async () => {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  await demo.payWithCard({ number: "4242424242424242" }, { amount: 20_00, currency: "USD" });
  await demo.payWithCard({ number: "4242424242424242" }, { amount: 30_00, currency: "EUR" });
  await allIsTold();
  const records = (await told.records()).length;
  expect(records).toBeGreaterThan(0);
  const text = await prove();
  expect(text).toMatch(/^proven: proofs\//m);
  expect(text).toMatch(
    new RegExp(`^ledger = books: ${records} records and [1-9]\\d* balances of one book, as of \\d{4}-`, "m"),
  );
  expect(text).toContain("books = warehouse: not compared: it was never loaded");
  expect(text).not.toContain("WRONG BOOKS");
});

test("books that are behind are waited for, by whoever proves and not by who posts to them", async () => {
  const number = async () =>
    (await books.query("SELECT coalesce(max(number), 0) AS is FROM books.proofs")).rows[0].is;
  const before = await number();
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  await demo.payWithCard({ number: "4242424242424242" }, { amount: 40_00, currency: "USD" });
  await allIsTold();
  const sqs = new SQSClient(awsClient(system.endpoints));
  const { QueueUrl } = await sqs.send(
    new GetQueueUrlCommand({ QueueName: "tallystick-local-journal-files" }),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: proveMessage }));
  sqs.destroy();
  // The folds have been read by then, and what they count is still on its way.
  await sleep(4_000);
  expect(await number()).toBe(before);
  await system.deliver();
  await eventually(async () => ((await number()) > before ? true : undefined), 30_000);
  const { rows } = await books.query(
    "SELECT statement::jsonb AS says FROM books.proofs ORDER BY number DESC LIMIT 1",
  );
  expect(rows[0].says.compared.ledger.records).toBe((await told.records()).length);
  expect(rows[0].says.findings).toEqual([]);
}, 90_000);

/** A day that the warehouse will have to its end. */
const dayBefore = () => {
  const at = (Math.floor((Date.now() - 15 * 60_000) / dayMs) - 1) * dayMs;
  return {
    at,
    day: new Date(at).toISOString().slice(0, 10),
    next: new Date(at + dayMs).toISOString().slice(0, 10),
  };
};

test("what was recorded on a day that ended is the same in the warehouse; an account that is not is named until it is", async () => {
  const { at, day, next } = dayBefore();
  const ledger = new SettlementStore(
    dynamoDb,
    { payments: "tallystick-local-payments", ledger: "tallystick-local-ledger" },
    1 as Epoch,
  );
  await ledger.post({
    ...{ id: "je_settlement.900" as EntryId, book: mer, state: "posted", execution: "e" },
    ...{ effectiveAt: at, recordedAt: at + 1_000, forced: true },
    legs: [debit(onItsWay, 7_00n, usd), credit(receivable, 7_00n, usd)],
  });
  await allIsTold();
  await load();
  const warehouse = new DataApi(redshift, { workgroup: "tallystick-local-warehouse", database: "warehouse" });
  const change = (by: number) =>
    warehouse.execute(
      `UPDATE finance.entries SET moved = moved + ${by} WHERE account = '${onItsWay}' AND recorded_at < '${next}'`,
    );
  await change(1);
  const wrong = await prove();
  await change(-1);
  const range = `recorded from ${day} to before ${next}`;
  expect(wrong).toContain(`books = warehouse: 2 accounts of what was ${range}, of which 1 differ`);
  expect(wrong).toContain(
    `WRONG BOOKS  ${onItsWay}: the books have 700, the warehouse 701, of what was ${range}`,
  );

  const right = await prove();
  expect(right).toMatch(new RegExp(`books = warehouse: 2 accounts of what was ${range}$`, "m"));
  expect(right).not.toContain("WRONG BOOKS");
  expect(await prove()).toContain(`no day has come to its end in it since ${next}`);
});

test("a fold that is not the ledger's any more is found: how many records, and the account", async () => {
  const shards = await foldsByShard(dynamoDb, "tallystick-local-ledger", mer);
  const shard = shards.findIndex(({ lines }) => lines.has(onItsWay));
  const change = (by: number) =>
    dynamoDb.send(
      new UpdateItemCommand({
        TableName: "tallystick-local-ledger",
        Key: marshall(foldKey(journalPartition(mer, shard))),
        UpdateExpression: "SET #records = #records + :by, #lines.#line[0] = #lines.#line[0] + :by",
        ExpressionAttributeNames: {
          "#records": "records",
          "#lines": "lines",
          "#line": onItsWay.slice(mer.length),
        },
        ExpressionAttributeValues: marshall({ ":by": by }),
      }),
    );
  const records = (await told.records()).length;
  await change(-1);
  const text = await prove();
  await change(1);
  expect(text).toContain(
    `WRONG BOOKS  mer_demo: the ledger has ${records - 1} records, the books ${records}`,
  );
  expect(text).toContain(
    `WRONG BOOKS  ${onItsWay}: the ledger has debits 699, credits 0, the books debits 700, credits 0`,
  );
  expect(await run("cli/main.ts", "verify", "--since", new Date().toISOString().slice(0, 10))).toContain(
    `says that the books were wrong: ${onItsWay}: the ledger has`,
  );
});

test("books that balance, and that add up by themselves, and are not the ledger any more, are found", async () => {
  // As who owns the database could: the same amount more on both sides of one entry, and of its day.
  const change = (by: number) =>
    books.query(`BEGIN; ALTER TABLE books.postings DISABLE TRIGGER only_added;
      UPDATE books.postings SET amount = amount + ${by} WHERE event_id = (SELECT event_id FROM books.records WHERE entry = 'je_settlement.900');
      ALTER TABLE books.postings ENABLE TRIGGER only_added;
      UPDATE books.days SET debits = debits + ${by} WHERE account = '${onItsWay}';
      UPDATE books.days SET credits = credits + ${by} WHERE account = '${receivable}'
        AND booked_on = (SELECT booked_on FROM books.records WHERE entry = 'je_settlement.900'); COMMIT`);
  await change(1);
  const text = await prove();
  await change(-1);
  const wrong = text.split("\n").filter((line) => line.startsWith("WRONG BOOKS"));
  expect(wrong).toEqual([
    `WRONG BOOKS  ${onItsWay}: the ledger has debits 700, credits 0, the books debits 701, credits 0`,
    expect.stringMatching(
      `^WRONG BOOKS  ${receivable}: the ledger has debits \\d+, credits 700, the books debits \\d+, credits 701$`,
    ),
  ]);
  expect(await prove()).not.toContain("WRONG BOOKS");
});

test("a night costs a read of each book's folds and one of the merchants, however many records there are, and no write", async () => {
  const { merchants } = system.endpoints;
  // What moved last has settled by now: folds are read once.
  system.meter.reset();
  expect(await prove()).toContain("ledger = books: ");
  const billed = system.meter
    .totals()
    .filter(({ caller, service }) => caller === "tallystick-local-reconciler" && service === "dynamodb")
    .filter(({ unit }) => !unit.startsWith("bytes"))
    .map(({ action, resource, unit, quantity }) => [action, resource, unit, quantity]);
  const booksRead = Object.keys(merchants).length + 1;
  expect(new Set(billed)).toEqual(
    new Set([
      ["Scan", "tallystick-local-merchants", "read_units", 0.5],
      ["Query", "tallystick-local-ledger", "read_units", booksRead],
    ]),
  );
});
