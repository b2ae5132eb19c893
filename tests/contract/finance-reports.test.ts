import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { largeFrom, showLarge, showSafeguarding } from "#cli/finance.ts";
import { showBreakAges } from "#cli/settlement.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { acquirerAccount, type ChartCode, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type Leg } from "#core/ledger/entry.ts";
import type { Currency } from "#core/money/currency.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { eur, paymentId, usd } from "#tests/support/breaks.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { captured, dayOf, heldAndCaptured, line, postedAs, refunded } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

let server: SettledBooks["server"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];

beforeAll(async () => {
  ({ server, books, settlement } = await startSettledBooks());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(server.owner));

const today = dayOf(noon);
const shop = "mer_shop" as Book;
const of = (code: Exclude<ChartCode, 1050 | 1100>, book = demo, currency: Currency = usd) =>
  systemAccount(book, code, currency);
const at = (party: 1050 | 1100, book = demo) => acquirerAccount(book, party, "alpha", usd);

describe("safeguarding", () => {
  const lines = (text: string): readonly string[] => text.replaceAll(/ {2,}/g, " | ").split("\n");
  const show = async (date = today) => {
    const { text, isWell } = await showSafeguarding(server.url, date, false);
    return { lines: lines(text), isWell };
  };

  test("holds what is owed, by currency and account, against what banks, transit and acquirers have", async () => {
    await books.post([
      postedAs("je_1", [debit(at(1100), 100n, usd), credit(of(2100), 97n, usd), credit(of(4000), 3n, usd)]),
      postedAs("je_2", [debit(of(1000), 40n, usd), debit(at(1050), 10n, usd), credit(at(1100), 50n, usd)]),
      postedAs("je_3", [
        debit(of(2100), 60n, usd),
        credit(of(2110), 30n, usd),
        credit(of(2120), 10n, usd),
        credit(of(2200), 20n, usd),
      ]),
      postedAs("je_4", [debit(of(1000), 5n, usd), credit(of(2000), 5n, usd)]),
      // What is neither: fees, what lacks and is in suspense, and a merchant's own accounts.
      postedAs("je_5", [debit(of(1900), 7n, usd), credit(of(4000), 7n, usd)]),
      postedAs("je_6", [debit("acc_a" as AccountId, 9n, usd), credit("acc_b" as AccountId, 9n, usd)]),
      postedAs("je_7", [debit(of(1000, demo, eur), 1n, eur), credit(of(2110, demo, eur), 1n, eur)]),
      // Not yet.
      captured(1, 1_000n, usd, noon + day),
    ]);
    expect(await show()).toEqual({
      isWell: true,
      lines: [
        `Safeguarding at the end of ${today} (UTC)`,
        "",
        "CURRENCY | CODE | ACCOUNT | OWED | HELD | OVERDRAWN",
        "EUR | 1000 | bank | 0.01 EUR",
        "EUR | 2110 | merchant_available | 0.01 EUR",
        "USD | 1000 | bank | 0.45 USD",
        "USD | 1050 | settlement_in_transit | 0.10 USD",
        "USD | 1100 | acquirer_receivable | 0.50 USD",
        "USD | 2000 | customer_wallet | 0.05 USD",
        "USD | 2100 | merchant_pending | 0.37 USD",
        "USD | 2110 | merchant_available | 0.30 USD",
        "USD | 2120 | merchant_reserve | 0.10 USD",
        "USD | 2200 | payouts_in_transit | 0.20 USD",
        "",
        "EUR: owed 0.01 EUR, held 0.01 EUR (at banks 0.01 EUR, in transit 0.00 EUR, at acquirers 0.00 EUR): covered to 100.00 %",
        " | all accounts: debits 0.01 EUR, credits 0.01 EUR, balanced",
        "USD: owed 1.02 USD, held 1.05 USD (at banks 0.45 USD, in transit 0.10 USD, at acquirers 0.50 USD): covered to 102.94 %",
        " | all accounts: debits 2.31 USD, credits 2.31 USD, balanced",
      ],
    });
  });

  test("names what is short, and what one merchant has overdrawn pays no other; what we owe an acquirer counts against us", async () => {
    await books.post([
      postedAs("je_1", [debit(of(1000), 100n, usd), credit(of(2110), 100n, usd)]),
      postedAs("je_2", [debit(of(2110, shop), 30n, usd), credit(at(1100, shop), 30n, usd)], noon, {
        book: shop,
      }),
    ]);
    const { lines: shown, isWell } = await show();
    expect(isWell).toBe(false);
    expect(shown).toContain("USD | 1100 | acquirer_receivable | -0.30 USD");
    expect(shown).toContain("USD | 2110 | merchant_available | 1.00 USD | 0.30 USD");
    expect(shown.find((text) => text.startsWith("USD: "))).toBe(
      "USD: owed 1.00 USD, held 0.70 USD (at banks 1.00 USD, in transit 0.00 USD, at acquirers -0.30 USD): SHORT BY 0.30 USD, covered to 70.00 %",
    );
    const csv = await showSafeguarding(server.url, today, true);
    expect(csv).toEqual({
      isWell: false,
      text: [
        "day,currency,owed,overdrawn,held,bank,in_transit,acquirers,coverage_percent,shortfall,debits,credits",
        `${today},USD,100,30,70,100,0,-30,70.00,30,130,130`,
      ].join("\r\n"),
    });
  });

  test("counts as owed what came and nobody knows whose it is", async () => {
    await books.post([postedAs("je_1", [debit(of(1000), 40n, usd), credit(of(1900), 40n, usd)])]);
    const { lines: shown, isWell } = await show();
    expect(isWell).toBe(true);
    expect(shown).toContain("USD | 1900 | suspense | 0.40 USD");
    expect(shown.find((text) => text.startsWith("USD: "))).toContain("owed 0.40 USD, held 0.40 USD");
  });

  test("of what is short by the least is never covered to 100.00 %, and of less than nothing not at all", async () => {
    await books.post([
      postedAs("je_1", [
        debit(of(1000), 99_999n, usd),
        debit(of(5100), 1n, usd),
        credit(of(2110), 100_000n, usd),
      ]),
      postedAs("je_2", [
        debit(of(5100, demo, eur), 7n, eur),
        credit(of(1000, demo, eur), 2n, eur),
        credit(of(2110, demo, eur), 5n, eur),
      ]),
    ]);
    const { lines: shown } = await show();
    expect(shown.at(-2)).toContain("SHORT BY 0.01 USD, covered to 99.99 %");
    expect(shown.at(-4)).toContain("SHORT BY 0.07 EUR, covered to 0.00 %");
  });

  test("says when nothing is owed, when nothing is there, and when debits are not credits", async () => {
    expect(await show()).toEqual({ lines: [`nothing is in the books up to ${today}`], isWell: true });
    await books.post([postedAs("je_1", [debit(of(1000), 1n, usd), credit(of(4000), 1n, usd)])]);
    expect((await show()).lines.at(-2)).toMatch(/: nothing is owed$/);
    await server.owner.query("UPDATE books.days SET debits = debits + 1 WHERE debits > 0");
    const wrong = await show();
    expect(wrong.lines.at(-1)).toBe(" | all accounts: debits 0.02 USD, credits 0.01 USD, NOT BALANCED");
    expect(wrong.isWell).toBe(false);
    await expect(showSafeguarding(server.url, "2026-02-30", false)).rejects.toThrow('--date "2026-02-30"');
  });
});

describe("large payments", () => {
  const wallet = "acc_zoe" as AccountId;
  const other = "acc_max" as AccountId;
  const sales = "acc_sales_usd" as AccountId;
  /** Of a dispute's id. */
  const tail = paymentId(1).slice("pay_".length);
  const named = (n: number, kind: string, legs: readonly Leg[]): LedgerEvent =>
    postedAs(`je_${paymentId(n)}.${kind}`, legs);
  const paid = (n: number, from: AccountId, amount: bigint) =>
    named(n, "transfer.1", [debit(from, amount, usd), credit(sales, amount, usd)]);
  const payout = (id: string, amount: bigint) =>
    postedAs(id, [debit(of(2110), amount, usd), credit(of(2200), amount, usd)]);
  /** A payment's settlement, its chargeback and its return, and what the acquirer and its bank paid for it. */
  const settledAndDisputed = (n: number, amount: bigint): readonly LedgerEvent[] => [
    named(n, "settle.1", [debit(of(2100), amount, usd), credit(of(2110), amount, usd)]),
    named(n, `chargeback.${tail}`, [
      debit(of(2110), amount + 15_00n, usd),
      credit(at(1100), amount, usd),
      credit(of(4200), 15_00n, usd),
    ]),
    named(n, `chargeback_won.${tail}`, [debit(at(1100), amount, usd), credit(of(2110), amount, usd)]),
    postedAs(settlementEntryId(1), [
      debit(at(1050), amount - 1_00n, usd),
      debit(of(5000), 1_00n, usd),
      credit(at(1100), amount, usd),
    ]),
    postedAs(settlementEntryId(2), [debit(of(1000), amount, usd), credit(at(1050), amount, usd)]),
  ];
  const show = async (over: string | undefined, more: object = {}): Promise<readonly string[]> => {
    const options = { since: today, until: today, currency: "USD", over, csv: true, ...more };
    return (await showLarge(server.url, options)).split("\r\n").slice(1);
  };

  test("are captures, refunds, payments from wallets and payouts of the threshold or more, whoever took a fee of them", async () => {
    await books.post([
      named(1, "capture.1", [
        debit(at(1100), 100_00n, usd),
        credit(of(2100), 97_00n, usd),
        credit(of(4000), 3_00n, usd),
      ]),
      refunded(2, 150_00n),
      paid(3, wallet, 200_00n),
      named(4, "refunded.1", [debit(sales, 120_00n, usd), credit(wallet, 120_00n, usd)]),
      payout("je_payout_1", 300_00n),
      captured(5, 99_99n),
      captured(6, 100_00n, eur),
      captured(7, 100_00n, usd, noon + day),
      // Of a hold, what it was posted with: not what was held, nor what was released.
      ...heldAndCaptured(8, 130_00n, 110_00n),
      // The payout's end is no other one.
      postedAs("je_confirmed_1", [debit(of(2200), 300_00n, usd), credit(of(1000), 300_00n, usd)]),
      // No payment, and no payout: what a merchant books by itself, and what is released.
      postedAs("je_own", [debit(wallet, 900_00n, usd), credit(other, 900_00n, usd)]),
      // What settlement and disputes post of payments that were counted when they were captured.
      ...settledAndDisputed(9, 900_00n),
    ]);
    expect(await show("100")).toEqual([
      `${today},mer_demo,payout,mer_demo,USD,30000,1,je_payout_1`,
      `${today},mer_demo,transfer,acc_zoe,USD,20000,1,${paymentId(3)}`,
      `${today},mer_demo,refund,mer_demo,USD,15000,1,${paymentId(2)}`,
      `${today},mer_demo,refund,acc_zoe,USD,12000,1,${paymentId(4)}`,
      `${today},mer_demo,capture,mer_demo,USD,11000,1,${paymentId(8)}`,
      `${today},mer_demo,capture,mer_demo,USD,10000,1,${paymentId(1)}`,
    ]);
  });

  test("are also those below it that one party moved in one day and that together come to it", async () => {
    await books.post([
      ...[1, 2].map((n) => paid(n, wallet, 40_00n)),
      paid(3, wallet, 20_00n),
      // Of others, of another day, and of another kind: none comes to it.
      ...[4, 5].map((n) => paid(n, other, 49_99n)),
      captured(6, 60_00n),
      captured(7, 60_00n, usd, noon + day),
      refunded(8, 60_00n),
      // A large one does not count with the small ones.
      payout("je_payout_1", 100_00n),
      payout("je_payout_2", 1n),
    ]);
    expect(await show("100", { until: dayOf(noon + day) })).toEqual([
      `${today},mer_demo,transfer,acc_zoe,USD,10000,3,${[1, 2, 3].map(paymentId).join(" ")}`,
      `${today},mer_demo,payout,mer_demo,USD,10000,1,je_payout_1`,
    ]);
  });

  test("are shown to a person with five of their payments, and how many more there are", async () => {
    await books.post(Array.from({ length: 7 }, (_, n) => captured(n + 1, 2_000_00n)));
    const options = { since: today, until: today, currency: "USD", csv: false };
    const text = await showLarge(server.url, options);
    expect(text).toMatch(/^Payments of 10000\.00 USD or more, from 2026-03-01 to 2026-03-01/);
    expect(text.split("\n").at(-1)).toMatch(/14000\.00 USD +7 +(pay_\d{26} ){5}and 2 more$/);
    expect(await showLarge(server.url, { ...options, over: "14000.01" })).toContain(
      "none, and none below it",
    );
  });

  test.each<[string, object, string]>([
    ["no day", { since: undefined }, "say since which day"],
    ["what is no day", { since: "2026-02-30" }, '--since "2026-02-30" is no day'],
    ["days the wrong way round", { until: "2026-01-01" }, "is before --since"],
    ["no currency", { currency: undefined }, "say in which currency"],
    ["what is no currency", { currency: "usd" }, '--currency "usd" is none of ISO 4217'],
    ["a currency without a threshold", { currency: "SEK" }, "nothing is said of SEK: say --over"],
    ["what is no amount", { over: "1.234" }, '--over "1.234" is no amount of USD'],
    ["nothing", { over: "0" }, "more than nothing"],
  ])("of %s are refused, with what to say", async (_what, more, says) => {
    await expect(show(undefined, more)).rejects.toThrow(says);
  });

  test("have thresholds in their currency's own units", () => {
    expect([largeFrom.USD, largeFrom.JPY, largeFrom.CHF]).toEqual([1_000_000n, 2_000_000n, 1_500_000n]);
  });
});

describe("open breaks", () => {
  async function bring(n: number, gross: bigint, now: number): Promise<void> {
    const file = await settlement.begin(
      { bucket: "inbound", key: `alpha/${n}.csv`, version: "1", acquirer: "alpha" },
      new Date(now),
    );
    await settlement.take(file, [line(1, n, gross)], new Date(now));
    await settlement.finish(file, new Date(now));
  }

  test("are summed up by acquirer and kind, with the age of the oldest, also in business days", async () => {
    expect(await showBreakAges(server.url)).toBe("no break is open");
    await books.post([captured(1, 100n), captured(2, 100n), captured(3, 100n)]);
    await bring(1, 90n, noon);
    await bring(2, 80n, noon + day);
    await bring(3, 150n, noon + 2 * day);
    // 1 March 2026 is a Sunday.
    const text = await showBreakAges(server.url, noon + 8 * day);
    expect(text.replaceAll(/ {2,}/g, " | ").split("\n")).toEqual([
      "ACQUIRER | KIND | OPEN | AMOUNT | CURRENCY | OLDEST | BUSINESS DAYS",
      "alpha | under | 2 | 30 | USD | 8 d | 6",
      "alpha | over | 1 | 50 | USD | 6 d | 4",
    ]);
    await new Settlement(server.owner).note(1, {
      ...{ at: new Date(noon), who: "kim", act: "resolved", words: "theirs" },
    });
    expect(await showBreakAges(server.url, noon + 8 * day)).toMatch(/under +1 +20 +USD +7 d +5/);
  });

  test("are counted for whoever is to be called, with what was parked and what of files could not be taken", async () => {
    expect(await settlement.standing()).toEqual({ openBreaks: 0, oldest: undefined, parked: 0, flaws: 0 });
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring(1, 90n, noon);
    await bring(2, 90n, noon + day);
    await books.park("a line", "no schema");
    await settlement.refuse(1, { place: 2, reason: "a", text: "", endsFile: false });
    await settlement.refuse(1, { place: 3, reason: "a", text: "", endsFile: false });
    expect(await settlement.standing()).toEqual({
      ...{ openBreaks: 2, oldest: new Date(noon), parked: 1, flaws: 2 },
    });
    await new Settlement(server.owner).note(1, {
      ...{ at: new Date(noon), who: "kim", act: "resolved", words: "theirs" },
    });
    expect(await settlement.standing()).toMatchObject({ openBreaks: 1, oldest: new Date(noon + day) });
  });
});
