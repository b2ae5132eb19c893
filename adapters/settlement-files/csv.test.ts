import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  capture,
  csvLineOf,
  csvOf,
  flawsOf,
  isCutOff,
  linesOf,
  readFile,
  sizesOfPieces,
  statementOf,
  statements,
} from "#tests/support/settlement-files.ts";

import { readSettlementFile } from "./settlement-file.ts";

const name = "alpha-2030-06-15.csv";
const read = (content: string | Uint8Array, sizes?: number[]) => readFile(name, content, sizes);
const whole = csvOf(statementOf(capture, { ...capture, reference: "alpha_2", kind: "refund", cost: 0 }));
const [header = "", first = "", second = ""] = whole.split("\r\n");
const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a CSV of the sandbox", () => {
  test("gives the lines that were written into it, however it comes in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(statements, sizesOfPieces, async (statement, sizes) => {
        const expected = statement.movements.map((movement, at) =>
          csvLineOf(movement, at + 2, statement.acquirer),
        );
        expect(await read(csvOf(statement), sizes)).toEqual(expected.map((line) => ({ ok: true, line })));
      }),
    );
  });

  test("that was cut off gives the lines before the cut, and a flaw unless it was cut between two lines", async () => {
    await fc.assert(
      fc.asyncProperty(statements, fc.nat(), async (statement, n) => {
        const bytes = encoded(csvOf(statement));
        const [cut, complete] = [bytes.subarray(0, n % bytes.length), await read(bytes)];
        const reads = await read(cut);
        expect(complete.slice(0, linesOf(reads).length)).toEqual(reads.filter(({ ok }) => ok));
        expect(isCutOff(reads)).toBe(cut.at(-1) !== 0x0a);
      }),
    );
  });
});

describe("a flaw of one line leaves the others as they are", () => {
  test.each([
    ["a quotation mark that is not closed", first.replace("alpha_1", '"alpha_1'), "is no CSV"],
    ["a field too few", first.replace(",alpha,", ","), "has 11 fields, and the header 12"],
    ["a field too many", `${first},`, "has 13 fields, and the header 12"],
    ["a wrong currency", first.replace("EUR", "EUX"), 'the currency, "EUX"'],
    ["an amount that is none", first.replace(",1234,", ",12.34,"), "gross is no integer"],
  ])("%s", async (_what, line, reason) => {
    const reads = await read(`${header}\r\n${line}\r\n${second}\r\n`);
    expect(flawsOf(reads)).toEqual([
      { place: 2, reason: expect.stringContaining(reason), text: line, endsFile: false },
    ]);
    expect(linesOf(reads).map(({ place, reference }) => [place, reference])).toEqual([[3, "alpha_2"]]);
  });

  test("bytes of Latin-1", async () => {
    const latin1 = Buffer.from(`${header}\n${first.replace("alpha_1", "alphä_1")}\n${second}\n`, "latin1");
    const reads = await read(latin1);
    expect(flawsOf(reads)).toMatchObject([{ place: 2, reason: "the line is not UTF-8", endsFile: false }]);
    expect(linesOf(reads)).toHaveLength(1);
  });
});

describe("is read", () => {
  test.each([
    ["behind a byte order mark", `\ufeff${whole}`],
    ["with line feeds alone", whole.replaceAll("\r\n", "\n")],
    ["with quotation marks around all", whole.replaceAll(/[^,\r\n]+/g, '"$&"')],
    [
      "with its columns in another order",
      whole
        .split("\r\n")
        .map((line) => line.split(",").toReversed().join(","))
        .join("\r\n"),
    ],
    ["with a column that nobody knows", whole.replaceAll("\r\n", ",more\r\n")],
  ])("%s", async (_what, content) => {
    expect(await read(content)).toEqual(await read(whole));
  });

  test("with empty lines, which count", async () => {
    expect(await read(`${header}\n\n${first}\n\n`)).toMatchObject([{ ok: true, line: { place: 3 } }]);
  });

  test("without lines: nothing moved", async () => {
    expect(await read(`${header}\r\n`)).toEqual([]);
  });
});

describe("a CSV is refused as a whole", () => {
  const utf16 = (text: string, mark: string): Uint8Array => Buffer.from(mark + text, "utf16le");
  test.each<[string, string | Uint8Array, string]>([
    ["that is empty", "", "the file is empty"],
    ["that lacks columns", whole.replace(",gross,cost", ""), "the header lacks gross, cost"],
    ["that has a column twice", whole.replace("dispute", "gross"), "the header lacks dispute"],
    [
      "that has a needed column twice",
      whole.replace("\r\n", ",net\r\n"),
      "the header has net more than once",
    ],
    ["in UTF-16", utf16(whole, "\ufeff"), "the file is not UTF-8"],
    ["in UTF-16 without its mark", utf16(whole, ""), "the header lacks"],
    ["with semicolons", whole.replaceAll(",", ";"), "the header lacks settlement_date"],
  ])("%s", async (_what, content, reason) => {
    expect(flawsOf(await read(content))).toMatchObject([
      { place: 1, reason: expect.stringContaining(reason), endsFile: true },
    ]);
    expect(linesOf(await read(content))).toEqual([]);
  });
});

describe("a line without end", () => {
  /** @returns how much was taken of a file that never ends. */
  async function takenOf(
    start: string,
  ): Promise<{ megabytes: number; reads: Awaited<ReturnType<typeof read>> }> {
    let megabytes = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield encoded(start);
      for (;;) {
        megabytes += 1;
        yield new Uint8Array(2 ** 20).fill(0x61);
      }
    }

    const reads = [];
    for await (const one of readSettlementFile(endless(), name)) reads.push(one);
    return { megabytes, reads };
  }

  test("is given up, and what was before it is read", async () => {
    const { megabytes, reads } = await takenOf(`${header}\n${first}\n`);
    expect(megabytes).toBe(1);
    expect(linesOf(reads)).toHaveLength(1);
    expect(flawsOf(reads)).toMatchObject([
      { place: 3, reason: "the line is longer than 65536 bytes", text: "a".repeat(1_000), endsFile: true },
    ]);
  });

  test("has as many bytes as are allowed, or one more", async () => {
    const long = (bytes: number) => read(`${header}\n${"x".repeat(bytes)}\n${first}\n`, [1_000]);
    expect(flawsOf(await long(65_536))).toMatchObject([{ endsFile: false }]);
    expect(flawsOf(await long(65_537))).toMatchObject([{ endsFile: true }]);
  });
});

test("an error of what brings the file is passed on", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield encoded(`${header}\n${first}\n`);
    throw new Error("the connection is gone");
  }

  const reads = readSettlementFile(broken(), name);
  expect(await reads.next()).toMatchObject({ value: { ok: true } });
  await expect(reads.next()).rejects.toThrow("the connection is gone");
});
