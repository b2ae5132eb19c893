import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Currency } from "#core/money/currency.ts";
import { currencies } from "#tests/support/arbitraries/values.ts";
import { schemaFaults } from "#tests/support/camt-schema.ts";
import { flawsOf, linesOf, readFile } from "#tests/support/settlement-files.ts";
import { type AccountDay, type AccountEntry, camt053Of, closingOf, type StatementHead } from "./camt.ts";

const payment = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9";
const head: StatementHead = {
  ...{ merchant: "mer_demo", day: "2030-06-15", currency: "USD" },
  createdAt: Date.UTC(2030, 5, 16, 1),
};
const captured: AccountEntry = {
  ...{ eventId: "evt_9b9tk4vw5fsbzwtrhqmn4dx7x9", entry: `je_${payment}.capture.1`, side: "credit" },
  ...{ amount: 12_34n, against: ["1100"] },
};
const refunded: AccountEntry = {
  ...{ ...captured, entry: `je_${payment}.refunded.1`, side: "debit", amount: 2_00n },
};

/** Of a dispute's id, with which its entries end. */
const tail = "4x7x99b9tk4vw5fsbzwtrhqmnd";
const settled = `je_${payment}.settle.1`;

type Entries = readonly AccountEntry[];
const sumOf = (entries: Entries, side: AccountEntry["side"]) => {
  const those = entries.filter((each) => each.side === side);
  return { entries: those.length, sum: those.reduce((sum, { amount }) => sum + amount, 0n) };
};
const dayOf = (code: string, opening: bigint, entries: Entries): AccountDay => ({
  ...{ code, opening, credits: sumOf(entries, "credit"), debits: sumOf(entries, "debit") },
});

async function* each<T>(...all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
async function written(
  of: StatementHead,
  ...accounts: readonly (readonly [AccountDay, Entries])[]
): Promise<string> {
  let text = "";
  for await (const piece of camt053Of(
    of,
    each(...accounts.map(([day, all]) => [day, each(...all)] as const)),
  ))
    text += piece;
  return text;
}
const read = (xml: string) => readFile("mer_demo.camt053.xml", xml);
const simple = (...entries: Entries) => written(head, [dayOf("2100", 5_00n, entries), entries]);

describe("a statement of a merchant's money", () => {
  test("says what was there before and behind the day, and each entry with its payment, sign and code", async () => {
    const xml = await simple(captured, refunded);
    expect(xml).toContain(`<Bal>
        <Tp>
          <CdOrPrtry>
            <Cd>OPBD</Cd>
          </CdOrPrtry>
        </Tp>
        <Amt Ccy="USD">5.00</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>`);
    expect(xml).toContain(`<Cd>CLBD</Cd>
          </CdOrPrtry>
        </Tp>
        <Amt Ccy="USD">15.34</Amt>`);
    expect(xml).toContain(`<AddtlNtryInf>je_${payment}.capture.1</AddtlNtryInf>`);
    expect(linesOf(await read(xml))).toMatchObject([
      { place: 1, kind: "capture", operationKey: payment, gross: 12_34n, settledOn: head.day },
      { place: 2, kind: "refund", operationKey: payment, gross: -2_00n, reference: refunded.eventId },
    ]);
    expect(flawsOf(await read(xml))).toEqual([]);
  });

  test("of a day on which nothing moved has balances alone; one that is overdrawn is a debit", async () => {
    const xml = await written(head, [dayOf("2110", -7n, []), []]);
    expect(xml.match(/<Amt Ccy="USD">0\.07<\/Amt>\n\s*<CdtDbtInd>DBIT</g)).toHaveLength(2);
    expect(schemaFaults(xml)).toEqual([]);
    expect(await read(xml)).toEqual([]);
  });

  test.each([
    ["JPY", "1234"],
    ["KWD", "1.234"],
    ["USD", "12.34"],
  ])("has as many decimals as ISO 4217 gives %s", async (currency, amount) => {
    const xml = await written({ ...head, currency: currency as Currency }, [
      dayOf("2100", 0n, [captured]),
      [captured],
    ]);
    expect(xml).toContain(`<Amt Ccy="${currency}">${amount}</Amt>`);
    expect(linesOf(await read(xml))).toMatchObject([{ gross: 12_34n, currency }]);
  });

  test.each<[string, Partial<AccountEntry>, string]>([
    ["a capture", {}, "PMNT/MCRD/POSC"],
    ["a refund", { entry: `je_${payment}.refunded.1`, side: "debit" }, "PMNT/MCRD/DAJT"],
    [
      "what a cardholder takes back",
      { entry: `je_${payment}.chargeback.${tail}`, side: "debit", against: ["1100", "4200"] },
      "PMNT/MCRD/UPCT",
    ],
    ["what a cardholder gives back", { entry: `je_${payment}.chargeback_won.${tail}` }, "PMNT/MCRD/CAJT"],
    ["what becomes available", { entry: settled, against: ["2100"] }, "PMNT/RCDT/BOOK"],
    ["what is no longer pending", { entry: settled, against: ["2110"], side: "debit" }, "PMNT/ICDT/BOOK"],
    ["what is kept in reserve", { against: ["2120"], side: "debit" }, "PMNT/ICDT/BOOK"],
    ["a payout", { against: ["2200"], side: "debit" }, "PMNT/ICDT/OTHR"],
    ["a payout that comes back", { against: ["1000"] }, "PMNT/RCDT/OTHR"],
    ["a loss that we bear", { against: ["5100"] }, "ACMT/MCOP/OTHR"],
    ["all else", { against: ["4000"], side: "debit" }, "ACMT/MDOP/OTHR"],
  ])("calls %s by ISO 20022's code", async (_what, more, code) => {
    const entry = { ...captured, ...more };
    const xml = await simple(entry);
    const [, domain, family, subFamily] =
      /<Domn>\s*<Cd>(\w+)<\/Cd>\s*<Fmly>\s*<Cd>(\w+)<\/Cd>\s*<SubFmlyCd>(\w+)</.exec(xml) ?? [];
    expect(`${domain}/${family}/${subFamily}`).toBe(code);
    expect(schemaFaults(xml)).toEqual([]);
  });

  test("of an entry that is of no payment says so, whatever it is called", async () => {
    const xml = await simple({ ...captured, entry: "je_<&\u0001>", against: ["5200"] });
    expect(xml).toContain("<EndToEndId>NOTPROVIDED</EndToEndId>");
    expect(xml).toContain("<AddtlNtryInf>je_&lt;&amp;\ufffd&gt;</AddtlNtryInf>");
    expect(schemaFaults(xml)).toEqual([]);
  });

  test.each<[string, AccountDay]>([
    ["another sum", { ...dayOf("2100", 0n, [captured]), credits: { entries: 1, sum: 12_35n } }],
    ["another number of entries", { ...dayOf("2100", 0n, [captured]), debits: { entries: 1, sum: 0n } }],
  ])("is broken off when the books have %s", async (_what, day) => {
    await expect(written(head, [day, [captured]])).rejects.toThrow("come to its balances");
  });
});

describe("our own reader", () => {
  const amounts = fc.oneof(fc.bigInt({ min: 1n, max: 500n }), fc.bigInt({ min: 1n, max: 10n ** 15n }));
  const entries = fc.array(
    fc.record({ side: fc.constantFrom("credit", "debit"), amount: amounts, n: fc.nat({ max: 9 }) }),
    { maxLength: 8 },
  );
  const entryOf = ({ side, amount, n }: { side: "credit" | "debit"; amount: bigint; n: number }) => ({
    ...{ eventId: `evt_${String(n).padStart(26, "0")}`, side, amount, against: ["1100"] },
    entry: `je_${payment}.${side === "credit" ? "capture" : "refunded"}.1`,
  });

  test("finds each entry and the balances that they come to, in every currency, and the schema's order", async () => {
    await fc.assert(
      fc.asyncProperty(
        currencies,
        fc.tuple(entries, entries),
        fc.bigInt({ min: -500n, max: 10n ** 15n }),
        async (currency, both, opening) => {
          const accounts = both.map((all, index) => all.map(entryOf).map((entry) => ({ ...entry, index })));
          const xml = await written(
            { ...head, currency: currency as Currency },
            ...accounts.map(
              (all, index) => [dayOf(index === 0 ? "2110" : "2100", opening, all), all] as const,
            ),
          );
          expect(schemaFaults(xml)).toEqual([]);
          const reads = await read(xml);
          expect(flawsOf(reads)).toEqual([]);
          expect(linesOf(reads).map(({ gross, reference }) => [gross, reference])).toEqual(
            accounts
              .flat()
              .map(({ side, amount, eventId }) => [side === "credit" ? amount : -amount, eventId]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test("refuses it when an amount or a balance is another one", async () => {
    const xml = await simple(captured, refunded);
    for (const [is, was] of [
      ["12.35", "12.34"],
      ["15.35", "15.34"],
      ["5.01", "5.00"],
    ] as const)
      expect(flawsOf(await read(xml.replaceAll(was, is))).at(-1)).toMatchObject({
        reason: expect.stringContaining("its entries come to"),
        endsFile: true,
      });
  });
});

test("what is owed at the end of a day is what was before, and what moved in it", () => {
  expect(closingOf(dayOf("2100", 5_00n, [captured, refunded]))).toBe(15_34n);
});

test("the schema's order is looked at: what is elsewhere, missing, double or too long is a fault", async () => {
  const xml = await simple(captured);
  const faults = (from: string | RegExp, to: string) => schemaFaults(xml.replace(from, to));
  expect(faults(/(<NtryRef>1<\/NtryRef>)(\s*<Amt.*<\/Amt>)/, "$2$1")).toEqual([
    expect.stringContaining("NtryRef behind Amt"),
  ]);
  expect(faults(/<BookgDt>[\s\S]*?<\/BookgDt>/, "")).toEqual([]);
  expect(faults(/<Sts>[\s\S]*?<\/Sts>/, "")).toEqual([expect.stringContaining("lacks Sts")]);
  expect(faults("<NtryRef>1</NtryRef>", "<NtryRef>1</NtryRef><NtryRef>2</NtryRef>")).toEqual([
    expect.stringContaining("NtryRef behind NtryRef"),
  ]);
  expect(faults(payment, `${payment}:capture:1`)).toEqual([expect.stringContaining("EndToEndId")]);
  expect(faults(' Ccy="USD"', "")).toEqual(["Amt: its currency"]);
});
