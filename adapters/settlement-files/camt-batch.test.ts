import { describe, expect, test } from "vitest";
import { documentOf, entryOf } from "#tests/support/camt-documents.ts";
import { flawsOf, linesOf, readFile } from "#tests/support/settlement-files.ts";

const read = (content: string) => readFile("a-EUR.camt053.xml", content);

describe("a batch", () => {
  const part = (amount: string, n: number, more = ""): string =>
    `<TxDtls><Refs><AcctSvcrRef>p${n}</AcctSvcrRef><EndToEndId>k${n}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>${more}</TxDtls>`;
  const batch = (amount: string, ...parts: readonly string[]): string =>
    documentOf(entryOf(amount, "CRDT", `<NtryDtls>${parts.join("")}</NtryDtls>`));

  test("gives a line for each part", async () => {
    const lines = linesOf(await read(batch("6.00", part("1.00", 1), part("2.00", 2), part("3.00", 3))));
    expect(
      lines.map(({ place, reference, operationKey, gross }) => [place, reference, operationKey, gross]),
    ).toEqual([
      [1, "p1", "k1", 100n],
      [1, "p2", "k2", 200n],
      [1, "p3", "k3", 300n],
    ]);
  });

  test("of version 2 has its amounts in AmtDtls, with the entry's sign", async () => {
    const old = (amount: string, n: number) =>
      part(amount, n).replace(
        /<Amt.*<\/CdtDbtInd>/,
        `<AmtDtls><TxAmt><Amt Ccy="EUR">${amount}</Amt></TxAmt></AmtDtls>`,
      );
    const xml = batch("3.00", old("1.00", 1), old("2.00", 2));
    expect(linesOf(await read(xml)).map(({ gross }) => gross)).toEqual([100n, 200n]);
  });

  test.each([
    [
      "does not add up",
      batch("6.00", part("1.00", 1), part("2.00", 2)),
      "come to 300 minor units, and the entry to 600",
    ],
    [
      "of one part is another amount",
      batch("6.00", part("1.00", 1)),
      "come to 100 minor units, and the entry to 600",
    ],
    [
      "has a part without an amount",
      batch("3.00", part("3.00", 1), "<TxDtls/>"),
      "a part of the entry has no amount in EUR",
    ],
    [
      "has a part in another currency",
      batch("3.00", part("3.00", 1), part("1.00", 2).replace("EUR", "USD")),
      "has no amount in EUR",
    ],
    [
      "has a part whose amount is none",
      batch("3.00", part("3.00", 1), part("x", 2)),
      'a part of the entry: the amount, "x"',
    ],
  ])("that %s is a flaw, and gives no line", async (_what, xml, reason) => {
    const reads = await read(xml);
    expect(reads).toMatchObject([{ ok: false, flaw: { place: 1, reason: expect.stringContaining(reason) } }]);
  });

  test("of one part in a foreign currency is booked as the entry says", async () => {
    const reads = await read(batch("6.00", part("7.00", 1).replace("EUR", "USD")));
    expect(linesOf(reads)).toMatchObject([{ currency: "EUR", gross: 600n, operationKey: "k1" }]);
  });

  test("with NOTPROVIDED for a key has none", async () => {
    expect(linesOf(await read(batch("1.00", part("1.00", 1).replace("k1", "NOTPROVIDED"))))).toMatchObject([
      { operationKey: undefined },
    ]);
  });

  test("of more than 50,000 parts is not kept, and the next entry is read", async () => {
    const parts = `<NtryDtls>${'<TxDtls><Amt Ccy="EUR">1</Amt></TxDtls>'.repeat(50_001)}</NtryDtls>`;
    const reads = await read(documentOf(entryOf("50001", "CRDT", parts) + entryOf("5.00", "CRDT")));
    expect(flawsOf(reads)).toMatchObject([{ place: 1, reason: "the entry has more parts than are read" }]);
    expect(linesOf(reads)).toMatchObject([{ place: 2, gross: 500n }]);
  });

  const charge = (amount: string, isIncluded: boolean, indicator = "DBIT"): string =>
    `<Chrgs><Rcrd><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${indicator}</CdtDbtInd><ChrgInclInd>${isIncluded}</ChrgInclInd></Rcrd></Chrgs>`;

  test.each([
    ["in it", charge("0.20", true), { gross: 620n, cost: 20n }],
    ["not in it", charge("0.20", false), { gross: 600n, cost: 0n }],
  ])("whose charge is %s says what was taken before it", async (_what, charged, amounts) => {
    expect(linesOf(await read(batch("6.00", part("6.00", 1, charged))))).toMatchObject([amounts]);
    expect(linesOf(await read(documentOf(entryOf("6.00", "CRDT", charged))))).toMatchObject([amounts]);
    const parts = `${charged}<NtryDtls>${part("6.00", 1)}</NtryDtls>`;
    expect(linesOf(await read(documentOf(entryOf("6.00", "CRDT", parts))))).toMatchObject([amounts]);
  });

  test("whose charge is given back, or belongs to no part, is a flaw", async () => {
    const back = await read(batch("6.00", part("6.00", 1, charge("0.20", true, "CRDT"))));
    expect(flawsOf(back)).toMatchObject([{ reason: expect.stringContaining("the cost is negative") }]);
    const parts = `${charge("0.20", true)}<NtryDtls>${part("2.00", 1)}${part("4.00", 2)}</NtryDtls>`;
    const whose = await read(documentOf(entryOf("6.00", "CRDT", parts)));
    expect(flawsOf(whose)).toMatchObject([
      { reason: expect.stringContaining("belong to none of its parts") },
    ]);
  });
});
