import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Client, type Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { readMerchantDay } from "#adapters/books/merchant-money.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import type { AccountEntry } from "#adapters/statements/camt.ts";
import { type StatementOptions, writeStatements } from "#cli/merchant-statement.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import type { Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type Leg } from "#core/ledger/entry.ts";
import type { Currency } from "#core/money/currency.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";
import { type BooksServer, forgetBooks, startBooksServer } from "#tests/support/books-server.ts";
import { eur, paymentId, usd } from "#tests/support/breaks.ts";
import { schemaFaults } from "#tests/support/camt-schema.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { captured, dayOf, postedAs, refunded } from "#tests/support/settled.ts";
import { flawsOf, linesOf, readFile } from "#tests/support/settlement-files.ts";

let server: BooksServer;
let pool: Pool;
let books: Books;
let directory: string;

beforeAll(async () => {
  server = await startBooksServer();
  await migrateBooks(server.owner);
  pool = await server.reconciler();
  books = new Books(pool);
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await forgetBooks(server.owner);
  directory = mkdtempSync(join(tmpdir(), "tallystick-statements-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const today = dayOf(noon);
const jpy = "JPY" as Currency;

/** What a payment's settlement makes available of what was pending. */
const released = (n: number, amount: bigint, moved: number): LedgerEvent =>
  postedAs(
    `je_${paymentId(n)}.settle.1`,
    [debit(systemAccount(demo, 2100, usd), amount, usd), credit(systemAccount(demo, 2110, usd), amount, usd)],
    moved,
  );

/** What an authorization holds. */
const heldAs = (n: number, amount: bigint): LedgerEvent =>
  postedAs(
    `je_${paymentId(n)}.authorize.1`,
    [
      debit(acquirerAccount(demo, 1100, "alpha", usd), amount, usd),
      credit(systemAccount(demo, 2100, usd), amount, usd),
    ],
    noon,
    { state: "pending" },
  );

const write = (more: Partial<StatementOptions> = {}, out = new PassThrough(), now = noon + 9 * day) =>
  writeStatements(server.url, { merchant: demo, date: today, to: directory, ...more }, out, now);
const written = () => readdirSync(directory).toSorted();
const read = (name: string): string => readFileSync(join(directory, name), "utf8");
const nameIn = (currency: string): string => `${demo}-${today}-${currency}.camt053.xml`;

/** An account's balances as a document has them, by name and code. */
function balancesIn(xml: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const statement of xml.split("<Stmt>").slice(1)) {
    const name = /<Nm>(merchant_\w+)<\/Nm>/.exec(statement)?.[1] ?? "";
    for (const [, code, amount, sign] of statement.matchAll(
      /<Cd>(OPBD|CLBD)<\/Cd>[\s\S]*?<Amt Ccy="\w+">([\d.]+)<\/Amt>\s*<CdtDbtInd>(\w+)</g,
    ))
      found[`${name} ${code}`] = `${sign === "DBIT" ? "-" : ""}${amount}`;
  }
  return found;
}

describe("a merchant's statements of a day", () => {
  beforeEach(() =>
    books.post([
      captured(1, 100_00n, usd, noon - day),
      captured(2, 50_00n),
      refunded(2, 20_00n, noon + 1),
      released(1, 70_00n, noon + 2),
      captured(3, 500n, jpy, noon - 3 * day),
      captured(4, 7n, usd, noon + day),
      // What is only held is not booked.
      heldAs(6, 900n),
      postedAs("je_other", [
        debit(systemAccount(demo, 1900, eur), 3n, eur),
        credit(systemAccount(demo, 4000, eur), 3n, eur),
      ]),
      {
        ...captured(5, 999n, "GBP" as Currency),
        book: "mer_demo2",
        record: {
          ...captured(5, 999n).record,
          legs: captured(5, 999n, "GBP" as Currency).record.legs.map((leg) => ({
            ...leg,
            account: leg.account.replace("mer_demo", "mer_demo2"),
          })),
        },
      },
    ]),
  );

  test("are a document for each currency, whose balances are the books', and whose entries our own reader finds", async () => {
    expect((await write()).replaceAll(/ {2,}/g, " | ").split("\n")).toEqual([
      "FILE | ACCOUNT | OPENING | CLOSING | ENTRIES",
      `${nameIn("JPY")} | mer_demo:2110:JPY | 0 JPY | 0 JPY | 0`,
      `${nameIn("JPY")} | mer_demo:2100:JPY | 500 JPY | 500 JPY | 0`,
      `${nameIn("USD")} | mer_demo:2110:USD | 0.00 USD | 70.00 USD | 1`,
      `${nameIn("USD")} | mer_demo:2100:USD | 100.00 USD | 60.00 USD | 3`,
      "",
      `${today} is not closed: what is recorded late may still change it`,
    ]);
    expect(written()).toEqual([nameIn("JPY"), nameIn("USD")]);
    const xml = read(nameIn("USD"));
    expect(schemaFaults(xml)).toEqual([]);
    expect(balancesIn(xml)).toEqual({
      ...{ "merchant_available OPBD": "0.00", "merchant_available CLBD": "70.00" },
      ...{ "merchant_pending OPBD": "100.00", "merchant_pending CLBD": "60.00" },
    });
    const reads = await readFile(nameIn("USD"), xml);
    expect(linesOf(reads).map(({ kind, operationKey, gross }) => [kind, operationKey, gross])).toEqual([
      ["capture", paymentId(2), 50_00n],
      ["refund", paymentId(2), -20_00n],
    ]);
    // The two halves of what was released are no movement of cards, and are there all the same.
    expect(flawsOf(reads).map(({ place, reason, endsFile }) => [place, reason, endsFile])).toEqual([
      [1, "the entry is no movement of cards: it has PMNT/RCDT/BOOK", false],
      [4, "the entry is no movement of cards: it has PMNT/ICDT/BOOK", false],
    ]);
    expect(await readFile(nameIn("JPY"), read(nameIn("JPY")))).toEqual([]);
  });

  test("go on where those of the day before ended", async () => {
    await write();
    const before = balancesIn(read(nameIn("USD")));
    const next = dayOf(noon + day);
    await write({ date: next });
    const after = balancesIn(read(nameIn("USD").replace(today, next)));
    for (const account of ["merchant_available", "merchant_pending"])
      expect(after[`${account} OPBD`]).toBe(before[`${account} CLBD`]);
    expect(after["merchant_pending CLBD"]).toBe("60.07");
  });

  test("say whether they may still change", async () => {
    expect(await write({}, undefined, noon)).toContain(`${today} is not over: this is what the books have`);
    await server.owner.query("SELECT books.close($1, 'lee', 'test')", [today]);
    expect(await write()).toContain(`${today} is closed: this is what it stays`);
    expect(await write({ date: dayOf(noon + day) })).toContain("is not closed");
  });

  test("go to a stream, one currency at a time", async () => {
    const out = new PassThrough();
    const [answer] = await Promise.all([
      write({ to: "-", currency: "USD" }, out).finally(() => out.end()),
      text(out).then((xml) => expect(balancesIn(xml)["merchant_pending CLBD"]).toBe("60.00")),
    ]);
    expect(answer).toBe("");
    await expect(write({ to: "-" })).rejects.toThrow("say which --currency, JPY or USD");
    expect(written()).toEqual([]);
  });

  test.each<[string, Partial<StatementOptions>, string]>([
    ["nobody", { merchant: undefined }, "--merchant <mer_…>"],
    ["what is no merchant", { merchant: "demo" }, '--merchant "demo" is no merchant'],
    [
      "a merchant that the books do not know",
      { merchant: "mer_none" },
      "the books know no money of mer_none",
    ],
    ["no day", { date: undefined }, "--date 2026-11-26"],
    ["what is no day", { date: "2026-02-30" }, '--date "2026-02-30" is no day'],
    ["a day that is still to come", { date: "2026-12-31" }, "2026-12-31 is still to come"],
    ["a day before all", { date: "2020-01-01" }, "no money of mer_demo up to 2020-01-01"],
    ["a currency that it does not have", { currency: "EUR" }, "has nothing in EUR, only in JPY, USD"],
  ])("of %s are refused, and nothing is written", async (_what, options, says) => {
    await expect(write(options)).rejects.toThrow(says);
    expect(written()).toEqual([]);
  });
});

test("a payment's settlement, its chargeback and its return are in a statement under the payment, as what they are; what acquirers paid is none of the merchant's", async () => {
  const tail = paymentId(7).slice("pay_".length);
  const named = (kind: string, legs: readonly Leg[], after: number): LedgerEvent =>
    postedAs(`je_${paymentId(1)}.${kind}`, legs, noon + after);
  const [pending, available] = [systemAccount(demo, 2100, usd), systemAccount(demo, 2110, usd)];
  const [owed, coming] = [
    acquirerAccount(demo, 1100, "alpha", usd),
    acquirerAccount(demo, 1050, "alpha", usd),
  ];
  await books.post([
    captured(1, 50_00n),
    named("settle.1", [debit(pending, 50_00n, usd), credit(available, 50_00n, usd)], 1),
    named(
      `chargeback.${tail}`,
      [
        debit(available, 65_00n, usd),
        credit(owed, 50_00n, usd),
        credit(systemAccount(demo, 4200, usd), 15_00n, usd),
      ],
      2,
    ),
    named(`chargeback_won.${tail}`, [debit(owed, 50_00n, usd), credit(available, 50_00n, usd)], 3),
    postedAs(
      settlementEntryId(1),
      [
        debit(coming, 49_00n, usd),
        debit(systemAccount(demo, 5000, usd), 1_00n, usd),
        credit(owed, 50_00n, usd),
      ],
      noon + 4,
    ),
    postedAs(
      settlementEntryId(2),
      [debit(systemAccount(demo, 1000, usd), 49_00n, usd), credit(coming, 49_00n, usd)],
      noon + 5,
    ),
  ]);
  await write();
  const xml = read(nameIn("USD"));
  expect(schemaFaults(xml)).toEqual([]);
  const said = xml
    .split("<Ntry>")
    .slice(1)
    .map((entry) => {
      const of = (pattern: RegExp): string => pattern.exec(entry)?.[1] ?? "";
      return [
        of(/<Amt[^>]*>([\d.]+)/),
        of(/<CdtDbtInd>(\w+)/),
        of(/<SubFmlyCd>(\w+)/),
        of(/<Prtry>\s*<Cd>(\w+)/),
        of(/<EndToEndId>(\w+)/),
      ];
    });
  expect(said).toEqual([
    ["50.00", "CRDT", "BOOK", "settle", paymentId(1)],
    ["65.00", "DBIT", "UPCT", "chargeback", paymentId(1)],
    ["50.00", "CRDT", "CAJT", "chargeback_won", paymentId(1)],
    ["50.00", "CRDT", "POSC", "capture", paymentId(1)],
    ["50.00", "DBIT", "BOOK", "settle", paymentId(1)],
  ]);
  expect(balancesIn(xml)).toMatchObject({
    ...{ "merchant_available CLBD": "35.00", "merchant_pending CLBD": "0.00" },
  });
});

test("a statement of more entries than are read at once has them all, in the order in which they were recorded", async () => {
  const count = 2_300;
  const events = Array.from({ length: count }, (_, n) => captured(n + 1, BigInt(n + 1), usd, noon + n));
  await books.post(events.slice(1_500));
  await books.post(events.slice(0, 1_500));
  const query = vi.spyOn(Client.prototype, "query");
  try {
    await write({ currency: "USD" });
    const results = await Promise.all(
      query.mock.results.map(({ value }) => value as Promise<{ rows?: unknown[] }>),
    );
    // Of a cursor: never the whole day.
    expect(Math.max(...results.map((result) => result?.rows?.length ?? 0))).toBe(1_000);
  } finally {
    query.mockRestore();
  }
  const lines = linesOf(await readFile(nameIn("USD"), read(nameIn("USD"))));
  expect(lines.map(({ gross }) => gross)).toEqual(events.map((_, n) => BigInt(n + 1)));
});

test("what is posted while a statement is read is in none of it: balances and entries are of one moment", async () => {
  await books.post([captured(1, 100n)]);
  const client = new Client(server.url);
  await client.connect();
  try {
    const entries = await readMerchantDay(client, demo as Book, today, async ({ accounts, entriesOf }) => {
      await books.post([captured(2, 100n)]);
      const pending = accounts.find(({ code }) => code === "2100");
      expect(pending?.credits).toEqual({ entries: 1, sum: 100n });
      const all: AccountEntry[] = [];
      if (pending !== undefined) for await (const each of entriesOf(pending)) all.push(each);
      return all;
    });
    expect(entries).toMatchObject([
      { entry: `je_${paymentId(1)}.capture.1`, against: ["1100"], amount: 100n },
    ]);
  } finally {
    await client.end();
  }
});

test("a statement that breaks off leaves no file", async () => {
  await books.post([captured(1, 100n)]);
  const real = Client.prototype.query as (...args: unknown[]) => unknown;
  const query = vi.spyOn(Client.prototype, "query").mockImplementation(function (
    this: Client,
    ...args: unknown[]
  ) {
    if (String(args[0]).startsWith("FETCH")) return Promise.reject(new Error("gone"));
    return real.apply(this, args);
  } as typeof Client.prototype.query);
  try {
    await expect(write()).rejects.toThrow("gone");
  } finally {
    query.mockRestore();
  }
  expect(written()).toEqual([]);
});
