import { describe, expect, test } from "vitest";
import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { notificationsOf } from "#local/acquirers/camt054.ts";
import { balance, documentOf } from "#tests/support/camt-documents.ts";
import {
  capture,
  flawsOf,
  inPieces,
  linesOf,
  readAll,
  settledOn,
  statementOf,
} from "#tests/support/settlement-files.ts";
import { readBankFile } from "./settlement-file.ts";

const read = (xml: string, name = "a.camt053.xml", sizes = [7]) =>
  readAll(readBankFile(inPieces(xml, sizes), name));

interface Said {
  readonly amount?: string;
  readonly indicator?: string;
  readonly reference?: string;
  readonly booked?: string;
  readonly words?: string;
  readonly details?: string;
  readonly more?: string;
}

/** An entry of an account in euros. */
const entryOf = ({ amount = "12.34", indicator = "CRDT", ...more }: Said = {}): string =>
  `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${indicator}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
  <BookgDt><Dt>${more.booked ?? settledOn}</Dt></BookgDt><ValDt><Dt>2030-06-30</Dt></ValDt>
  <AcctSvcrRef>${more.reference ?? "r1"}</AcctSvcrRef><NtryDtls>${
    more.details ?? `<TxDtls><RmtInf><Ustrd>${more.words ?? "alpha 2030-06-14"}</Ustrd></RmtInf></TxDtls>`
  }</NtryDtls>${more.more ?? ""}</Ntry>`;

const one = async (said: Said): Promise<BankMovement | undefined> => {
  const reads = await read(documentOf(entryOf(said)));
  expect(flawsOf(reads)).toEqual([]);
  return linesOf(reads)[0];
};
const paysOf = async (words: string) => (await one({ words }))?.pays;
const alpha = { acquirer: "alpha", settledOn: "2030-06-14" };

describe("an entry of our account", () => {
  test("is read with the bank's reference, the day of booking, its sign, and what was written to it", async () => {
    expect(await one({ more: "<AddtlNtryInf>SEPA CREDIT</AddtlNtryInf>" })).toEqual({
      ...{
        place: 1,
        reference: "r1",
        bookedOn: settledOn,
        currency: "EUR",
        amount: 12_34n,
        party: undefined,
      },
      ...{ words: "alpha 2030-06-14 SEPA CREDIT", pays: alpha },
    });
    expect(await one({ indicator: "DBIT" })).toMatchObject({ amount: -12_34n });
  });

  test("names who is on the other side, in either version of the message", async () => {
    const parties = `<RltdPties><Dbtr><Nm>Alpha Ltd</Nm></Dbtr><Cdtr><Pty><Nm>Us</Nm></Pty></Cdtr></RltdPties>`;
    const details = `<TxDtls>${parties}</TxDtls>`;
    expect(await one({ details })).toMatchObject({ party: "Alpha Ltd", words: "", pays: undefined });
    expect(await one({ details, indicator: "DBIT" })).toMatchObject({ party: "Us" });
  });

  test("of several parts is each part, with its own words", async () => {
    const part = (amount: string, words: string) =>
      `<TxDtls><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>${words}</Ustrd></RmtInf></TxDtls>`;
    const details = part("12.00", "alpha 2030-06-14") + part("0.34", "beta 2030-06-14");
    const reads = await read(documentOf(entryOf({ details })));
    expect(linesOf(reads)).toMatchObject([
      { place: 1, amount: 12_00n, pays: alpha },
      { place: 1, amount: 34n, pays: { acquirer: "beta" } },
    ]);
  });

  test.each([
    ["alpha 2030-06-14", alpha],
    ["PAYOUT ALPHA 2030-06-14, REF 9", alpha],
    ["alpha 2030-06-14 again: alpha 2030-06-14", alpha],
    ["alpha 2030-06-14 and 2030-06-15", undefined],
    ["alpha 2030-06-14, beta 2030-06-14", undefined],
    ["alpha 2030-06-14, alpha 2030-06-15", undefined],
    ["alpha 2030-02-30", undefined],
    ["alpha 2030-06-144", undefined],
    ["alpha", undefined],
    ["2030-06-14", undefined],
    ["", undefined],
  ])("that says %j pays %o", async (words, pays) => {
    expect(await paysOf(words)).toEqual(pays);
  });

  test("keeps of a card number six and four digits", async () => {
    expect((await one({ words: "card 4242424242424242" }))?.words).not.toContain("4242424242424242");
  });

  test.each<[string, Said, string]>([
    ["has no reference", { reference: "" }, "no reference of the bank's"],
    ["has a reference that nobody can read", { reference: "r\u200b1" }, "nobody can see"],
    ["was booked on no day", { booked: "2030-02-30" }, "the day of booking"],
    ["moves nothing", { amount: "0.00" }, "moves nothing"],
    ["is beyond all money", { amount: "10000000000000.01" }, "is beyond"],
  ])("that %s is a flaw, and what is around it is read", async (_what, said, reason) => {
    const reads = await read(documentOf(entryOf() + entryOf(said) + entryOf({ reference: "r3" })));
    expect(linesOf(reads).map(({ place, reference }) => [place, reference])).toEqual([
      [1, "r1"],
      [3, "r3"],
    ]);
    expect(flawsOf(reads)).toMatchObject([
      { place: 2, reason: expect.stringContaining(reason), endsFile: false },
    ]);
  });

  test("that is not booked yet is a flaw; entries that its balances do not come to end the file", async () => {
    const pending = entryOf().replace("BOOK", "PDNG");
    expect(flawsOf(await read(documentOf(pending)))).toMatchObject([
      { reason: expect.stringContaining("BOOK") },
    ]);
    const statement = balance("OPBD", "0.00") + balance("CLBD", "12.35") + entryOf();
    expect(flawsOf(await read(documentOf(statement)))).toMatchObject([{ endsFile: true }]);
  });
});

test("what the sandbox's bank tells is read as it was paid", async () => {
  for (const [kind, amount] of [
    ["capture", 12_32n],
    ["refund", -12_36n],
  ] as const) {
    const [file] = notificationsOf(statementOf({ ...capture, kind }));
    expect(file?.name).toBe(`alpha-${settledOn}-EUR.camt054.xml`);
    const reads = await read(file?.content ?? "", file?.name);
    expect(reads).toEqual([
      {
        ok: true,
        line: {
          ...{
            place: 1,
            reference: `bank-alpha-${settledOn}-EUR`,
            bookedOn: settledOn,
            currency: "EUR",
            amount,
          },
          ...{ party: "alpha", words: `alpha ${settledOn}`, pays: { acquirer: "alpha", settledOn } },
        },
      },
    ]);
  }
  // A day that comes to nothing is not paid.
  expect(notificationsOf(statementOf({ ...capture, cost: 1_234 }))).toEqual([]);
});

test("a file whose name says that it is no statement is refused", async () => {
  const reads = await read("settlement_date", "a.csv");
  expect(flawsOf(reads)).toMatchObject([{ endsFile: true, reason: expect.stringContaining(".camt054.xml") }]);
});
