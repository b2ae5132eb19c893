import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { marshall } from "@aws-sdk/util-dynamodb";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { foldKey, journalPartition } from "#adapters/dynamodb/keys.ts";
import { foldsByShard } from "#adapters/dynamodb/fold-store.ts";
import { SettlementStore } from "#adapters/dynamodb/settlement-store.ts";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import type { Currency } from "#core/money/currency.ts";
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
    new RegExp(`^ledger = books: ${records} records and [1-9]\\d* balances of 1 books, as of \\d{4}-`, "m"),
  );
  expect(text).toContain("books = warehouse: not compared: it was never loaded");
  expect(text).not.toContain("WRONG BOOKS");
});
