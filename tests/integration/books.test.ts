import { readdirSync, readFileSync } from "node:fs";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { showStatement, showTrialBalance } from "#cli/books.ts";
import type { Book } from "#core/ledger/account.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { journalOf } from "#tests/support/folds.ts";
import { impatient } from "#tests/support/impatient.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
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

/** The reconciler's process, found by whom it calls. */
function reconcilerPid(): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [command, environment] = ["cmdline", "environ"].map((file) =>
        readFileSync(`/proc/${pid}/${file}`, "utf8"),
      );
      const isIt = command?.startsWith(process.execPath) && command.includes("reconciler/main.ts");
      if (isIt && environment?.includes(`AWS_ENDPOINT_URL=${system.endpoints.aws.endpoint}\0`))
        return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

test("what was paid is in the books, by way of the archive, and they are the journal", async () => {
  for (const number of ["4242424242424242", "4000000000000002", "4000000000005068"]) await pay(number);
  await pay("5555555555554444", "EUR");
  expect(await expectBooksToBeJournal()).toBeGreaterThan(4);
});

test("a reconciler that is killed is started again, and takes up what waits", async () => {
  const pid = await eventually(async () => reconcilerPid());
  await pay("4242424242424242");
  process.kill(pid, "SIGKILL");
  await expectBooksToBeJournal();
  expect(reconcilerPid()).not.toBe(pid);
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
