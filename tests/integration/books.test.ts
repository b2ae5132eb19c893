import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { showStatement, showTrialBalance } from "#cli/books.ts";
import { closePeriod, showClosings } from "#cli/closing.ts";
import { today } from "#cli/days.ts";
import { showSafeguarding } from "#cli/finance.ts";
import { journalFilesOf } from "#cli/journal-queue.ts";
import { writeStatements } from "#cli/merchant-statement.ts";
import { listBreaks, noteBreak, showBreak, showFiles, showFlaws } from "#cli/settlement.ts";
import type { Book } from "#core/ledger/account.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { journalOf } from "#tests/support/folds.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { reconcilerPids } from "#tests/support/reconciler-process.ts";
import { flawsOf, linesOf, readFile } from "#tests/support/settlement-files.ts";
import { Told } from "#tests/support/told.ts";

const demoBook = "mer_demo" as Book;
const endOfTime = "2099-12-31";

let system: TestSystem;
let told: Told;
let pool: Pool;
let books: Books;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()), pods: true });
  told = new Told(system.endpoints);
  pool = new Pool({ connectionString: system.endpoints.postgres });
  books = new Books(pool);
});
afterAll(async () => {
  told?.stop();
  await pool?.end();
  await system?.stop();
});

const records = async (): Promise<number> =>
  Number((await pool.query("SELECT count(*) FROM books.records")).rows[0].count);

/** Balances by the books, as the journal folds to them. */
async function balances(): Promise<ReadonlyMap<string, object>> {
  const lines = await books.trialBalance(endOfTime);
  return new Map(
    lines
      .filter(({ book }) => book === demoBook)
      .map(({ account, currency, debits, credits, debitsHeld, creditsHeld }) => [
        account,
        {
          ...{ currency, debitsPosted: debits, creditsPosted: credits },
          ...{ debitsPending: debitsHeld, creditsPending: creditsHeld },
        },
      ]),
  );
}

async function pay(number: string, currency = "USD"): Promise<void> {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  await demo.payWithCard({ number }, { amount: 20_00, currency });
}

/** Everything that is told so far is delivered, and posted: the books are the journal. */
async function expectBooksToBeJournal(): Promise<number> {
  await eventually(async () => ((await told.findings()).length === 0 ? true : undefined));
  await system.deliver();
  const journal = await journalOf(system.endpoints, demoBook);
  await eventually(async () => ((await records()) === journal.length ? true : undefined));
  expect(await balances()).toEqual(fold(journal));
  expect((await pool.query("SELECT * FROM books.parked")).rows).toEqual([]);
  return journal.length;
}

test("what was paid is in the books, by way of the archive, and they are the journal", async () => {
  for (const number of ["4242424242424242", "4000000000000002", "4000000000005068"]) await pay(number);
  await pay("5555555555554444", "EUR");
  expect(await expectBooksToBeJournal()).toBeGreaterThan(4);
});

test("a reconciler that is killed is started again, and takes up what waits", async () => {
  const pid = await eventually(async () => reconcilerPids(system.endpoints)[0]);
  await pay("4242424242424242");
  process.kill(pid, "SIGKILL");
  await expectBooksToBeJournal();
  expect(reconcilerPids(system.endpoints)).not.toContain(pid);
});

describe("a day of an acquirer", () => {
  const bucket = "tallystick-local-inbound-123456789012";
  const url = () => system.endpoints.postgres ?? "";
  /** An acquirer closes this day at its desk, and leaves its files. */
  async function close(): Promise<string> {
    const date = new Date().toISOString().slice(0, 10);
    const answer = await fetch(`${system.endpoints.acquirers[0]}/sandbox/settlements`, {
      method: "POST",
      body: JSON.stringify({ date }),
    });
    expect(answer.status).toBe(200);
    return `alpha/alpha-${date}.csv`;
  }
  const isRead = (key: string, count: number) =>
    eventually(async () => {
      const files = await new Settlement(pool).files(50);
      const read = files.filter((file) => file.key === key && file.readAt !== undefined);
      return read.length === count ? read : undefined;
    });

  test("is matched with the books: all that was captured and given back, and nothing else", async () => {
    await expectBooksToBeJournal();
    const key = await close();
    const [file] = await isRead(key, 1);
    const { rows } = await pool.query(
      "SELECT count(*)::int, count(settled_on)::int AS settled FROM settlement.expected WHERE acquirer = 'alpha'",
    );
    expect(rows).toEqual([{ count: file?.lines, settled: file?.lines }]);
    expect(file).toMatchObject({ flaws: 0 });
    expect(await listBreaks(url(), true)).toBe("there has been no break");
    expect(await showFiles(url())).toContain(key);
  });

  test("that says other than the books has breaks, which people see and decide", async () => {
    const key = await close();
    const s3 = new S3Client(awsClient(system.endpoints));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const [header = "", first = "", second = ""] = (await Body?.transformToString())?.split("\r\n") ?? [];
    const otherDay = (line: string) => line.replace(/^\d{4}-\d\d-\d\d/, "2026-01-01");
    const lines = [header, otherDay(first), "no,line", otherDay(second).replace(/pay_\w{4}/, "pay_0000"), ""];
    const named = { Bucket: bucket, Key: "alpha/again.csv" };
    await s3.send(new PutObjectCommand({ ...named, Body: lines.join("\r\n") }));
    s3.destroy();
    const [file] = await isRead(named.Key, 1);
    expect(file).toMatchObject({ lines: 2, flaws: 1 });
    expect(await showFlaws(url(), named.Key)).toMatch(/^3 +/m);
    const open = await listBreaks(url(), false);
    expect(open).toMatch(/^brk_1 +duplicate +alpha +2000 +USD +pay_\w{26}:capture:1 +0 d$/m);
    expect(open).toMatch(/^1 lines that the books do not know wait/m);
    const decided = await noteBreak(url(), "brk_1", "resolved", { by: "lee", reason: "they take it back" });
    expect(decided).toMatch(/closed +2.*decided\n[\s\S]*lee resolved: they take it back$/);
    await expect(noteBreak(url(), "brk_1", "resolved", { by: "lee", reason: "again" })).rejects.toThrow(
      "brk_1: it is closed",
    );
    await expect(noteBreak(url(), "brk_1", "assigned", { by: "lee" })).rejects.toThrow("--to kim");
    await expect(showBreak(url(), "12")).rejects.toThrow('"12" is no break');
  });
});

test("operations read the trial balance and an account's statement from a terminal", async () => {
  const url = system.endpoints.postgres ?? "";
  const balance = await showTrialBalance(url, undefined);
  expect(balance).toMatch(/USD: debits (\d+), credits \1, balanced/);
  const receivable = "mer_demo:1100:alpha:USD";
  const [line] = (await books.trialBalance(endOfTime)).filter(({ account }) => account === receivable);
  const statement = await showStatement(url, receivable, {
    merchant: undefined,
    since: undefined,
    until: undefined,
  });
  expect(statement.split("\n").at(-1)).toMatch(
    new RegExp(`je_pay_.*capture.* ${(line?.debits ?? 0n) - (line?.credits ?? 0n)}$`),
  );
  await expect(showTrialBalance(url, "yesterday")).rejects.toThrow("write it as 2026-11-26");
  await expect(
    showStatement(url, "acc_lena", { merchant: undefined, since: undefined, until: undefined }),
  ).rejects.toThrow("say whose account acc_lena is");
});

test("finance takes statements and safeguarding from the books, and looks at their queue before it closes a period", async () => {
  const url = system.endpoints.postgres ?? "";
  const { text: safe, isWell } = await showSafeguarding(url, undefined, false);
  expect(safe).toMatch(/^USD: owed .*: covered to 1\d\d\.\d\d %\n +all accounts: .*, balanced$/m);
  expect(isWell).toBe(true);
  const out = new PassThrough();
  const [, xml] = await Promise.all([
    writeStatements(url, { merchant: demoBook, date: today(), to: "-", currency: "EUR" }, out).then(() =>
      out.end(),
    ),
    text(out),
  ]);
  const reads = await readFile("mer_demo.camt053.xml", xml);
  expect(flawsOf(reads)).toEqual([]);
  const pending = (await books.trialBalance(endOfTime)).find(
    ({ account }) => account === "mer_demo:2100:EUR",
  );
  expect(linesOf(reads).reduce((sum, { gross }) => sum + gross, 0n)).toBe(
    (pending?.credits ?? 0n) - (pending?.debits ?? 0n),
  );
  const store = { client: awsClient(system.endpoints), tablePrefix: "tallystick-local-" };
  expect(await journalFilesOf(store)).toEqual([]);
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const closed = await closePeriod(url, () => journalFilesOf(store), {
    ...{ "up-to": yesterday, by: "lee", anyway: "a break of a file that the test left" },
  });
  expect(closed).toContain(`the books are closed up to ${yesterday}`);
  expect(await showClosings(url)).toMatch(/ lee /);
});
