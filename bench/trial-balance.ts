import { spawnSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";
import type { Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type Leg } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import { startPostgres } from "#local/postgres/server.ts";

/**
 * A trial balance of so many captures: by the books, which have to be posted first and are asked then, and by `ledger`,
 * `hledger` and `beancount`, which read a journal of the same each time; those that are not installed (Debian: ledger,
 * hledger, beancount) are left out. No randomness. `node bench/trial-balance.ts [payments]`.
 */
const payments = Number(process.argv[2] ?? 500_000);
const batchMax = 500;
const toolMsMax = 600_000;
const usd = "USD" as Currency;
const merchants = 20;
const start = Date.UTC(2026, 2, 1);

const bookOf = (n: number): Book => `mer_bench_${n % merchants}` as Book;
function legsOf(n: number): readonly Leg[] {
  const [book, amount] = [bookOf(n), BigInt(1_000 + (n % 5_000))];
  const fee = amount / 30n;
  return [
    debit(acquirerAccount(book, 1100, "alpha", usd), amount, usd),
    credit(systemAccount(book, 2100, usd), amount - fee, usd),
    credit(systemAccount(book, 4000, usd), fee, usd),
  ];
}
const momentOf = (n: number): number => start + (n % 28) * 86_400_000;
const eventOf = (n: number): LedgerEvent =>
  ledgerEventOf(
    entryRecord({
      ...{
        id: `je_pay_${String(n).padStart(26, "0")}.capture.1` as EntryId,
        book: bookOf(n),
        state: "posted",
      },
      ...{ legs: legsOf(n), effectiveAt: momentOf(n), recordedAt: momentOf(n) + n, execution: "bench" },
    }),
  );

const say = (what: string, ms: number, more = ""): void =>
  console.log(`${what.padEnd(52)} ${(ms / 1_000).toFixed(2).padStart(8)} s  ${more}`);

async function byBooks(): Promise<void> {
  const server = await startPostgres(join(directory, "postgres"), {
    databaseName: "books",
    userName: "owner",
  });
  const owner = new Client(server.url);
  await owner.connect();
  await migrateBooks(owner);
  const books = new Books(owner);
  let began = performance.now();
  for (let from = 0; from < payments; from += batchMax)
    await books.post(
      Array.from({ length: Math.min(batchMax, payments - from) }, (_, index) => eventOf(from + index)),
    );
  const posting = performance.now() - began;
  say(
    "the books: posted, 500 in a statement",
    posting,
    `${Math.round((payments / posting) * 1_000)} entries/s`,
  );
  began = performance.now();
  const lines = await books.trialBalance("2026-03-31");
  say("the books: the trial balance, asked", performance.now() - began, `${lines.length} accounts`);
  const sum = lines.reduce((total, { debits, credits }) => total + debits - credits, 0n);
  if (sum !== 0n) throw new Error(`it comes to ${sum}`);
  await owner.end();
  await server.child.stop();
}

const nameOf = (account: string): string => {
  const [book = "", code = ""] = account.split(":");
  const kind = code.startsWith("1") ? "Assets" : code.startsWith("2") ? "Liabilities" : "Income";
  return `${kind}:${book.replaceAll("_", "-").replace("mer", "Mer")}:C${code}`;
};
const dayOf = (n: number): string => new Date(momentOf(n)).toISOString().slice(0, 10);
const amountIn = ({ side, amount }: Leg): string => {
  const digits = String(amount).padStart(3, "0");
  return `${side === "debit" ? "" : "-"}${digits.slice(0, -2)}.${digits.slice(-2)} USD`;
};

function* plainText(isBeancount: boolean): Generator<string> {
  if (isBeancount)
    for (let n = 0; n < merchants; n += 1)
      for (const { account } of legsOf(n)) yield `2026-01-01 open ${nameOf(account)} USD\n`;
  for (let n = 0; n < payments; n += 1)
    yield `${dayOf(n)} ${isBeancount ? `* "capture ${n}"` : `capture ${n}`}\n${legsOf(n)
      .map((leg) => `  ${nameOf(leg.account)}  ${amountIn(leg)}\n`)
      .join("")}\n`;
}

function byTool(what: string, command: string, args: readonly string[]): void {
  const began = performance.now();
  const { error, status, stdout, signal } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: toolMsMax,
    maxBuffer: 2 ** 28,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
    console.log(`${what}: not installed`);
    return;
  }
  const ended = status === 0 ? `${stdout.trim().split("\n").length} lines` : `ended with ${signal ?? status}`;
  say(what, performance.now() - began, ended);
}

const directory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
console.log(
  `${payments.toLocaleString("en")} captures; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}\n`,
);
try {
  await byBooks();
  const [journal, beans] = ["journal.ledger", "journal.beancount"].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  await pipeline(Readable.from(plainText(false)), createWriteStream(journal));
  await pipeline(Readable.from(plainText(true)), createWriteStream(beans));
  byTool("ledger: reads the journal, and balances", "ledger", ["-f", journal, "balance", "--flat"]);
  byTool("hledger: reads the journal, and balances", "hledger", ["-f", journal, "balance", "--flat"]);
  byTool("beancount: reads the journal, and balances", "bean-query", [
    beans,
    "SELECT account, sum(position) GROUP BY account",
  ]);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
