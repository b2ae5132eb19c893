import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Read, SettlementLine } from "#core/settlement/line.ts";
import { type Statement, totalsOf } from "#local/acquirers/statement.ts";
import { balance, documentOf, entryOf } from "#tests/support/camt-documents.ts";
import {
  camtLineOf,
  camtOf,
  capture,
  flawsOf,
  isCutOff,
  linesOf,
  readFile,
  settledOn,
  sizesOfPieces,
  statementOf,
  statements,
} from "#tests/support/settlement-files.ts";

const read = (content: string | Uint8Array, sizes?: number[]) =>
  readFile("a-EUR.camt053.xml", content, sizes);
const whole = camtOf(statementOf(capture), "EUR");
const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As lines: a currency's movements, and its cost as the last of them. */
function expectedOf(statement: Statement, currency: string): SettlementLine[] {
  const movements = statement.movements.filter((movement) => movement.currency === currency);
  const lines = movements.map((movement, at) => camtLineOf(movement, at + 1, statement.acquirer));
  const { cost = 0n } = totalsOf(movements)[0] ?? {};
  return cost === 0n ? lines : [...lines, costLine(statement.acquirer, currency, lines.length + 1, cost)];
}

const costLine = (acquirer: string, currency: string, place: number, cost: bigint): SettlementLine => ({
  ...{ place, kind: "cost", settledOn, acquirer, merchant: undefined, operationKey: undefined },
  ...{ reference: `${acquirer}-${settledOn}-${currency}/${place}`, dispute: undefined },
  ...{ currency: currency as SettlementLine["currency"], gross: 0n, cost, occurredAt: undefined },
});

/** Without the line and column that the XML parser names: of a text outside of all elements, where its piece began or ended. */
const placeless = (read: Read): Read =>
  read.ok ? read : { ...read, flaw: { ...read.flaw, reason: read.flaw.reason.replace(/[0-9]+:[0-9]+/, "") } };

const as054 = (xml: string): string =>
  xml
    .replace("camt.053.001", "camt.054.001")
    .replaceAll("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
    .replaceAll("Stmt>", "Ntfctn>")
    .replaceAll(/<Bal>.*?<\/Bal>/gs, "");

describe("a statement of the sandbox", () => {
  test("gives the lines that were written into it, however it comes in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(statements, sizesOfPieces, async (statement, sizes) => {
        for (const { currency } of totalsOf(statement.movements)) {
          const lines = expectedOf(statement, currency).map((line) => ({ ok: true, line }));
          expect(await read(camtOf(statement, currency), sizes)).toEqual(lines);
        }
      }),
    );
  });

  test("that was cut off anywhere gives the lines before the cut, and a flaw", async () => {
    await fc.assert(
      fc.asyncProperty(statements, fc.nat(), sizesOfPieces, async (statement, n, sizes) => {
        const bytes = encoded(camtOf(statement, statement.movements[0]?.currency ?? ""));
        // Behind the document's last tag is one end of line.
        const [cut, complete] = [bytes.subarray(0, n % (bytes.length - 1)), await read(bytes)];
        const reads = await read(cut, sizes);
        expect(complete.slice(0, reads.length - 1)).toEqual(reads.slice(0, -1));
        expect(isCutOff(reads)).toBe(true);
      }),
    );
  });

  test("that is broken in one byte gives the same reads, however it comes in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        statements,
        fc.nat(),
        fc.nat(255),
        sizesOfPieces,
        async (statement, n, byte, sizes) => {
          const bytes = encoded(camtOf(statement, statement.movements[0]?.currency ?? ""));
          bytes[n % bytes.length] = byte;
          expect((await read(bytes, sizes)).map(placeless)).toEqual((await read(bytes)).map(placeless));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("says the net of the day by its lines", async () => {
    const lines = linesOf(
      await read(camtOf(statementOf(capture, { ...capture, kind: "refund", cost: 5 }), "EUR")),
    );
    expect(lines.reduce((sum, { gross, cost }) => sum + gross - cost, 0n)).toBe(-7n);
  });
});

describe("is read", () => {
  test.each([
    ["behind a byte order mark", `\ufeff${whole}`],
    ["without a declaration", whole.replace(/<\?xml.*\?>\n/, "")],
    ["under a prefix", whole.replaceAll(/<(\/?)([A-Z])/g, "<$1x:$2").replace("xmlns=", "xmlns:x=")],
    ["with texts as CDATA", whole.replaceAll(/>([^<>\s]+)</g, "><![CDATA[$1]]><")],
    [
      "with comments in it",
      whole.replaceAll("<Amt", "<!-- an amount --><Amt").replace("12.34<", "12<!-- . -->.34<"),
    ],
    ["with five digits behind the point", whole.replaceAll(/(\.[0-9]{2})</g, "$1000<")],
    ["with elements of others", whole.replace("<Ntry>", '<Ntry><o:Amt xmlns:o="urn:o" Ccy="USD">9</o:Amt>')],
    [
      "as version 2, whose state is a text",
      whole
        .replace("053.001.08", "053.001.02")
        .replaceAll(/<Sts>\s*<Cd>BOOK<\/Cd>\s*<\/Sts>/g, "<Sts>BOOK</Sts>"),
    ],
  ])("%s", async (_what, content) => {
    expect(await read(content)).toEqual(await read(whole));
  });

  test.each(["08", "02"])("as a notification, camt.054.001.%s", async (version) => {
    const state = version === "02" ? "<Sts>BOOK</Sts>" : "<Sts><Cd>BOOK</Cd></Sts>";
    const xml = as054(whole)
      .replace(".08", `.${version}`)
      .replaceAll(/<Sts>.*?<\/Sts>/gs, state);
    expect(await readFile("a.camt054.xml", xml)).toEqual(await read(whole));
  });

  test("in several statements, whose entries are counted through", async () => {
    const xml = documentOf(entryOf("1.00", "CRDT"), entryOf("2.00", "CRDT") + entryOf("3.00", "CRDT"));
    expect(linesOf(await read(xml)).map(({ place, gross }) => [place, gross])).toEqual([
      [1, 100n],
      [2, 200n],
      [3, 300n],
    ]);
  });

  test("who services the account is the acquirer, before whoever gave the code", async () => {
    const xml = whole.replace(
      "</Acct>",
      "<Svcr><FinInstnId><BICFI>ALPHDEFF</BICFI></FinInstnId></Svcr></Acct>",
    );
    expect(linesOf(await read(xml)).map(({ acquirer }) => acquirer)).toEqual(["ALPHDEFF", "ALPHDEFF"]);
  });

  test("a moment in another zone is of its day in UTC, and one without a zone is nobody's", async () => {
    const dates = (value: string, booking: string) =>
      documentOf(
        entryOf("1.00", "CRDT", `<BookgDt><DtTm>${booking}</DtTm></BookgDt>`).replace(
          "<Dt>2030-06-15</Dt>",
          `<DtTm>${value}</DtTm>`,
        ),
      );
    const one = linesOf(await read(dates("2030-06-16T01:00:00+02:00", "2030-06-15T12:00:00+00:00")));
    expect(one).toMatchObject([{ settledOn: "2030-06-15", occurredAt: Date.UTC(2030, 5, 15, 12) }]);
    const other = linesOf(await read(dates("2030-06-16T01:00:00", "2030-06-15T12:00:00")));
    expect(other).toMatchObject([{ settledOn: "2030-06-16", occurredAt: undefined }]);
  });
});

describe("an entry that is no line is a flaw, and the next is read", () => {
  const good = entryOf("5.00", "CRDT");
  test.each([
    ["is pending", entryOf("1.00", "CRDT").replace("BOOK", "PDNG"), 'not booked (BOOK), but "PDNG"'],
    [
      "has the state of another version",
      entryOf("1.00", "CRDT").replace(/<Sts>.*<\/Sts>/, "<Sts>BOOK</Sts>"),
      "not booked",
    ],
    ["has no amount", entryOf("1.00", "CRDT").replace(/<Amt.*<\/Amt>/, ""), "the amount is missing"],
    ["has an unknown currency", entryOf("1.00", "CRDT").replace("EUR", "EUX"), 'the currency, "EUX"'],
    [
      "is in another currency than its account",
      entryOf("1.00", "CRDT").replace("EUR", "USD"),
      "in USD, and its account in EUR",
    ],
    ["has more digits than its currency", entryOf("1.005", "CRDT"), 'the amount, "1.005", is none of EUR'],
    ["has a negative amount", entryOf("-1.00", "CRDT"), 'the amount, "-1.00"'],
    ["has a comma", entryOf("1,00", "CRDT"), 'the amount, "1,00"'],
    ["has no sign", entryOf("1.00", "PLUS"), 'neither CRDT nor DBIT, but "PLUS"'],
    ["has a sign that does not fit", entryOf("1.00", "DBIT"), "a capture cannot have a gross of -100"],
    ["is no movement of cards", entryOf("1.00", "CRDT").replace("MCRD", "RCDT"), "it has PMNT/RCDT/POSC"],
    [
      "has no code",
      entryOf("1.00", "CRDT").replace(/<BkTxCd>.*<\/BkTxCd>/, ""),
      "it has no code of ISO 20022",
    ],
    ["gives costs back", entryOf("1.00", "CRDT").replace("POSC", "CHRG"), "the cost is negative"],
    [
      "has no reference",
      entryOf("1.00", "CRDT").replace(/<AcctSvcrRef>.*<\/AcctSvcrRef>/, ""),
      "the reference is missing",
    ],
    ["has no day", entryOf("1.00", "CRDT").replace(/<ValDt>.*<\/ValDt>/, ""), "the day of settlement"],
  ])("which %s", async (_what, bad, reason) => {
    const reads = await read(documentOf(bad + good));
    expect(flawsOf(reads)).toMatchObject([
      { place: 1, reason: expect.stringContaining(reason), endsFile: false },
    ]);
    expect(flawsOf(reads)[0]?.text).toMatch(/^<Ntry>.*<\/Ntry>$/);
    expect(linesOf(reads).map(({ place, gross }) => [place, gross])).toEqual([[2, 500n]]);
  });
});

describe("what a statement moves", () => {
  const statement = (opening: string, closing: string, entries = entryOf("5.00", "CRDT")): string =>
    opening + closing + entries;

  test.each([
    ["from an opening balance", statement(balance("OPBD", "1.00"), balance("CLBD", "6.00"))],
    ["from a previous closing balance", statement(balance("PRCD", "1.00"), balance("CLBD", "6.00"))],
    ["from a debt", statement(balance("OPBD", "1.00", "DBIT"), balance("CLBD", "4.00"))],
    [
      "without what is pending",
      statement(
        balance("OPBD", "0.00"),
        balance("CLBD", "5.00"),
        entryOf("5.00", "CRDT") + entryOf("9.00", "CRDT").replace("BOOK", "PDNG"),
      ),
    ],
    [
      "with what is no movement of cards",
      statement(
        balance("OPBD", "0.00"),
        balance("CLBD", "6.00"),
        entryOf("5.00", "CRDT") + entryOf("1.00", "CRDT").replace("MCRD", "RCDT"),
      ),
    ],
    ["is unknown without a closing balance", statement(balance("OPBD", "1.00"), "")],
  ])("%s", async (_what, inner) => {
    const reads = await read(documentOf(inner));
    expect([linesOf(reads).length, isCutOff(reads)]).toEqual([1, false]);
  });

  test.each([
    [
      "more than its entries",
      statement(balance("OPBD", "1.00"), balance("CLBD", "6.01")),
      "moves 501 minor units, and its entries come to 500",
    ],
    [
      "since a previous closing balance, more than its entries",
      statement(balance("PRCD", "1.00"), balance("CLBD", "7.00")),
      "moves 600 minor units",
    ],
    [
      "against its entries",
      statement(balance("OPBD", "6.00"), balance("CLBD", "1.00")),
      "moves -500 minor units",
    ],
    [
      "in two currencies",
      statement(balance("OPBD", "0.00").replace("EUR", "USD"), balance("CLBD", "5.00")),
      "moves nobody knows how many",
    ],
    [
      "what cannot be read",
      statement(balance("OPBD", "x"), balance("CLBD", "5.00")),
      "moves nobody knows how many",
    ],
  ])("%s ends the file", async (_what, inner, reason) => {
    const reads = await read(documentOf(inner, entryOf("7.00", "CRDT")));
    expect(linesOf(reads)).toMatchObject([{ gross: 500n }]);
    expect(flawsOf(reads)).toMatchObject([
      { place: 1, reason: expect.stringContaining(reason), endsFile: true },
    ]);
  });

  test("is reckoned for each statement by itself, as is whose it is", async () => {
    const second = statement(balance("OPBD", "6.00"), balance("CLBD", "11.00"));
    const xml = documentOf(statement(balance("OPBD", "1.00"), balance("CLBD", "6.00")), second);
    expect(await read(xml.replace(/DE1(?!.*DE1)/s, "DE2"))).toMatchObject([
      { ok: true, line: { place: 1, acquirer: "DE1" } },
      { ok: true, line: { place: 2, acquirer: "DE2" } },
    ]);
  });

  test("is not proven while an entry could not be read", async () => {
    const entries = entryOf("5.00", "CRDT") + entryOf("x", "CRDT");
    const reads = await read(
      documentOf(statement(balance("OPBD", "0.00"), balance("CLBD", "5.00"), entries)),
    );
    expect(flawsOf(reads)).toMatchObject([
      { place: 2, endsFile: false },
      { place: 2, endsFile: true },
    ]);
  });
});
