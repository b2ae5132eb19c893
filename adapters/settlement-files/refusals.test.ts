import { describe, expect, test } from "vitest";
import {
  camtOf,
  capture,
  flawsOf,
  inPieces,
  linesOf,
  readFile,
  statementOf,
} from "#tests/support/settlement-files.ts";
import { readSettlementFile } from "./settlement-file.ts";

const name = "a-EUR.camt053.xml";
const read = (content: string | Uint8Array, sizes?: number[]) => readFile(name, content, sizes);
const whole = camtOf(statementOf(capture), "EUR");
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const document = whole.slice(declaration.length);

/** The only thing that is read of the file. */
async function refusalOf(content: string | Uint8Array): Promise<string> {
  const reads = await read(content);
  expect(linesOf(reads)).toEqual([]);
  expect(flawsOf(reads)).toMatchObject([{ place: 1, endsFile: true }]);
  return flawsOf(reads)[0]?.reason ?? "";
}

describe("a DOCTYPE refuses the document", () => {
  const doctype = "the file has a DOCTYPE";

  test("whose entities would grow to a billion", async () => {
    const entities = Array.from(
      { length: 9 },
      (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`,
    ).join("");
    const bomb = `<!DOCTYPE Document [<!ENTITY l0 "ha">${entities}]>`;
    expect(await refusalOf(declaration + bomb + document.replace("alpha_1", "&l9;"))).toContain(doctype);
  });

  test("that names a file of ours, or an address", async () => {
    for (const source of ["file:///etc/passwd", "http://localhost/x"]) {
      const entity = `<!DOCTYPE Document [<!ENTITY x SYSTEM "${source}">]>`;
      expect(await refusalOf(declaration + entity + document.replace("alpha_1", "&x;"))).toContain(doctype);
    }
    expect(
      await refusalOf(`${declaration}<!DOCTYPE Document SYSTEM "http://localhost/x.dtd">${document}`),
    ).toContain(doctype);
  });

  test("that never ends", async () => {
    expect(
      await refusalOf(`${declaration}<!DOCTYPE Document [${"<!ENTITY a 'b'>".repeat(10_000)}`),
    ).toContain("longer than 65536");
  });

  test("and so does an entity without one", async () => {
    expect(await refusalOf(whole.replace("alpha_1", "&x;"))).toContain("no well-formed XML");
  });
});

describe("what is not UTF-8 is refused", () => {
  test("UTF-16, with its mark and without", async () => {
    const utf16 = (text: string): Buffer => Buffer.from(text.replace("UTF-8", "UTF-16"), "utf16le");
    expect(await refusalOf(utf16(`\ufeff${whole}`))).toBe("the file is not UTF-8");
    expect(await refusalOf(utf16(whole))).toBe("the file is not UTF-8");
    expect(await refusalOf(utf16(`\ufeff${whole}`).swap16())).toBe("the file is not UTF-8");
  });

  test.each(["ISO-8859-1", "utf-16", "US-ASCII", "windows-1252"])(
    "what says that it is %s",
    async (encoding) => {
      expect(await refusalOf(whole.replace("UTF-8", encoding))).toContain(`says that it is ${encoding}`);
    },
  );

  test("but utf-8 in small letters", async () => {
    expect(linesOf(await read(whole.replace("UTF-8", "utf-8")))).toHaveLength(2);
  });

  test("a byte of Latin-1, where it stands, with the entries before it", async () => {
    const [one, other] = [capture, { ...capture, reference: "alphä_2" }];
    const reads = await read(Buffer.from(camtOf(statementOf(one, other), "EUR"), "latin1"));
    expect(linesOf(reads).map(({ reference }) => reference)).toEqual(["alpha_1"]);
    expect(flawsOf(reads)).toMatchObject([
      {
        place: 2,
        reason: "the file is not UTF-8",
        text: expect.stringMatching(/^<Ntry>.*12\.34/),
        endsFile: true,
      },
    ]);
  });
});

describe("what is no statement is refused", () => {
  // biome-ignore format: a table is read in rows
  test.each([
    ["an empty file",          "",                                                     "it was cut off"],
    ["blanks",                 " \n ",                                                 "it was cut off"],
    ["a text",                 "settlement_date,acquirer",                             "no well-formed XML"],
    ["another document",       "<html></html>",                                        'the document is html of ""'],
    ["no namespace",           document.replace(/ xmlns="[^"]*"/, ""),                 "and no camt.053"],
    ["another message",        whole.replace("camt.053.001.08", "pain.001.001.03"),    "and no camt.053"],
    ["what its name denies",   whole.replace("camt.053", "camt.054"),                  "the file's name says camt.053, and the document is camt.054"],
    ["an unknown version",     whole.replace("001.08", "001.12"),                      "version 12 of camt.053 is not read"],
    ["another element",        whole.replaceAll("BkToCstmrStmt", "BkToCstmrAcctRpt"),  "holds BkToCstmrAcctRpt, and no BkToCstmrStmt"],
    ["no statement",           whole.replace(/<Stmt>.*<\/Stmt>/s, ""),                 "the file holds no statement"],
    ["an entry elsewhere",     whole.replaceAll("Stmt>", "Rpt>").replaceAll("BkToCstmrRpt", "BkToCstmrStmt"), "an entry is outside of all statements"],
    ["a tag that is not closed", whole.replace("</Ntry>", ""),                         "no well-formed XML"],
    ["a bare ampersand",       whole.replace("alpha_1", "a & b"),                      "something in it never ends"],
    ["an entity of nobody",    whole.replace("alpha_1", "a &b; c"),                    "no well-formed XML"],
    ["an attribute twice",     whole.replace('Ccy="EUR"', 'Ccy="EUR" Ccy="USD"'),      "no well-formed XML"],
    ["an unknown prefix",      whole.replace("<GrpHdr>", "<x:GrpHdr>"),                "no well-formed XML"],
  ])("%s", async (_what, content, reason) => {
    expect(await refusalOf(content)).toContain(reason);
  });

  test("something behind the document, after its lines", async () => {
    const reads = await read(`${whole}<more/>`);
    expect(linesOf(reads)).toHaveLength(2);
    expect(flawsOf(reads)).toMatchObject([{ place: 3, endsFile: true }]);
  });
});

test.each([65_536, 1_000, 7])(
  "a text that is a little too long is refused, in pieces of %i bytes too",
  async (size) => {
    const reads = await read(whole.replace("alpha_1", "a".repeat(65_600)), [size]);
    expect(flawsOf(reads)).toMatchObject([
      { place: 1, reason: expect.stringContaining("longer than 65536"), endsFile: true },
    ]);
    expect(linesOf(reads)).toEqual([]);
  },
);

describe("in bounded memory", () => {
  /** What is read of a document that goes on like this for ever, and how many megabytes of it are taken. */
  async function endless(start: string, repeated: string) {
    let taken = 0;
    const megabyte = new TextEncoder().encode(repeated.repeat(Math.ceil(2 ** 20 / repeated.length)));
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield* inPieces(start, [start.length]);
      for (; taken < 100; taken += 1) yield megabyte;
    }
    const reads = [];
    for await (const one of readSettlementFile(chunks(), name)) reads.push(one);
    return { taken, reasons: flawsOf(reads).map(({ reason }) => reason) };
  }
  const statement = whole.slice(0, whole.indexOf("<Ntry>"));
  const long = "a text or a tag is longer than 65536 characters";
  const large = "an entry, or what precedes all, is longer than 1048576";

  test.each([
    ["a text", `${statement}<Ntry><Amt>`, "9", long],
    ["CDATA", `${statement}<Ntry><Amt><![CDATA[`, "9", long],
    ["a comment", `${statement}<!--`, "x", long],
    ["an instruction", `${statement}<?x `, "x", long],
    ["a tag's name", `${statement}<`, "x", long],
    ["an attribute", `${statement}<Ntry x="`, "x", long],
    ["attributes", `${statement}<Ntry `, "x='' ", long],
    ["blanks before the document", declaration, " ", long],
    ["blanks behind it", whole, "\n", long],
    ["elements within each other", statement, "<x>", "more than 32 elements are within each other"],
    ["elements of one entry", `${statement}<Ntry>`, "<x/>", large],
    ["texts of one entry", `${statement}<Ntry><x>`, `${"9".repeat(60_000)}<![CDATA[9]]>`, large],
    ["balances", statement, "<Bal><Amt>1.00</Amt></Bal>", large],
  ])("%s without end", async (_what, start, repeated, reason) => {
    const { taken, reasons } = await endless(start, repeated);
    expect(reasons[0]).toContain(reason);
    expect(reasons).toHaveLength(1);
    expect(taken).toBeLessThan(3);
  });
});
