import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Read } from "#core/settlement/line.ts";
import type { ReturnLine } from "#core/settlement/return-line.ts";
import {
  flawsOf,
  inPieces,
  linesOf,
  readAll,
  readFile,
  sizesOfPieces,
} from "#tests/support/settlement-files.ts";
import { readReturns } from "./nacha.ts";

const read = (content: string | Uint8Array, sizes = [65_536]): Promise<Read<ReturnLine>[]> =>
  readAll(readReturns(inPieces(content, sizes)));

/** One returned payment, as a bank would say it: an entry and its addendum. */
interface Returned {
  readonly reason: string;
  readonly cents: number;
  readonly side: "credit" | "debit";
  readonly account: string;
  readonly bank: string;
}

const one: Returned = {
  reason: "R01",
  cents: 12_345,
  side: "credit",
  account: "987654321",
  bank: "09140060",
};
const other: Returned = { ...one, reason: "R03", cents: 5, side: "debit", account: "77" };

const digits = (value: number | bigint, length: number): string => `${value}`.padStart(length, "0");
const traceOf = (n: number): string => `09100001${digits(n, 7)}`;
const originalOf = (n: number): string => `12104288${digits(n, 7)}`;

const entryOf = ({ side, bank, account, cents }: Returned, n: number): string =>
  `6${side === "credit" ? "21" : "26"}${bank}6${account.padEnd(17)}${digits(cents, 10)}${"order-1001".padEnd(15)}${"Paul Jones".padEnd(22)}  1${traceOf(n)}`;

const addendumOf = ({ reason, bank }: Returned, n: number): string =>
  `799${reason}${originalOf(n)}      ${bank}${"".padEnd(44)}${traceOf(n)}`;

/** Records of a file with one batch of these. */
function recordsOf(returned: readonly Returned[]): string[] {
  const hash = digits(returned.reduce((sum, { bank }) => sum + BigInt(bank), 0n) % 10n ** 10n, 10);
  const sumOf = (side: string): string =>
    digits(
      returned.reduce((sum, { cents, side: its }) => sum + (its === side ? cents : 0), 0),
      12,
    );
  const count = returned.length * 2;
  const sums = `${hash}${sumOf("debit")}${sumOf("credit")}`;
  return [
    `101 091400606 6910001343006150306A094101${"FIRST BANK".padEnd(23)}${"TALLYSTICK".padEnd(23)}${"".padEnd(8)}`,
    `5200${"TALLYSTICK".padEnd(36)}1234567890PPDPAYOUT    300615300615   1091000010000001`,
    ...returned.flatMap((it, at) => [entryOf(it, at + 1), addendumOf(it, at + 1)]),
    `8200${digits(count, 6)}${sums}1234567890${"".padEnd(25)}091000010000001`,
    `9000001${digits(1, 6)}${digits(count, 8)}${sums}${"".padEnd(39)}`,
  ];
}

const fileOf = (records: readonly string[]): string => records.map((line) => `${line}\n`).join("");
const records = recordsOf([one, other]);
const whole = fileOf(records);

/** The file with one of its records changed; `from` must be in it. */
function changed(at: number, from: string, to: string): string {
  expect(records[at]).toContain(from);
  return fileOf(records.map((line, n) => (n === at ? line.replace(from, to) : line)));
}

const returns: fc.Arbitrary<Returned> = fc.record(
  {
    reason: fc.constantFrom("R01", "R02", "R29", "R85"),
    cents: fc.integer({ min: 0, max: 9_999_999_999 }),
    side: fc.constantFrom("credit", "debit"),
    account: fc.stringMatching(/^[0-9]{1,17}$/),
    bank: fc.stringMatching(/^[0-9]{8}$/),
  },
  { noNullPrototype: true },
);

describe("a return file", () => {
  test("gives a line for each payment that came back", async () => {
    expect(await read(whole)).toEqual([
      {
        ok: true,
        line: {
          ...{ place: 3, originalTrace: "121042880000001", reason: "R01", amount: 12_345n, sent: "credit" },
          accountLast4: "4321",
        },
      },
      {
        ok: true,
        line: {
          place: 5,
          originalTrace: "121042880000002",
          reason: "R03",
          amount: 5n,
          sent: "debit",
          accountLast4: "77",
        },
      },
    ]);
  });

  test("gives them however it comes in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(returns, { maxLength: 5 }), sizesOfPieces, async (returned, sizes) => {
        const lines = linesOf(await read(fileOf(recordsOf(returned)), sizes));
        expect(lines).toMatchObject(returned.map(({ reason, cents }) => ({ reason, amount: BigInt(cents) })));
      }),
    );
  });

  test("that was cut off gives the lines before the cut, and a flaw", async () => {
    // What its control record has behind the credits is blank, and may be missing.
    const needed = whole.trimEnd().length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: needed - 1 }), async (length) => {
        const [reads, complete] = [await read(whole.slice(0, length)), await read(whole)];
        expect(complete.slice(0, linesOf(reads).length)).toEqual(reads.filter(({ ok }) => ok));
        expect(flawsOf(reads.slice(-1))).toMatchObject([{ endsFile: true }]);
      }),
    );
  });

  test.each([
    ["with CR LF", whole.replaceAll("\n", "\r\n")],
    ["without its last end of line", whole.slice(0, -1)],
    ["filled up to ten records", `${whole}${`${"9".repeat(94)}\n`.repeat(3)}`],
    ["without the blanks at the end of records", whole.replaceAll(/ +$/gm, "")],
    ["with empty lines at its end", `${whole}\n\n`],
  ])("%s says the same", async (_what, content) => {
    expect(await read(content)).toEqual(await read(whole));
  });

  test("of so many that its hash has more than ten digits keeps the last ten", async () => {
    const many = Array.from({ length: 120 }, () => ({ ...one, bank: "99999999" }));
    const reads = await read(fileOf(recordsOf(many)));
    expect([linesOf(reads).length, flawsOf(reads)]).toEqual([120, []]);
  });

  test("without returns says nothing", async () => {
    expect(await read(fileOf(recordsOf([])))).toEqual([]);
  });
});

describe("what its control records say has to be what was read", () => {
  test.each([
    [
      "the entries of the batch",
      changed(6, "8200000004", "8200000005"),
      7,
      "of the batch says entries and addenda 5, and 4 were read",
    ],
    [
      "the hash of the batch",
      changed(6, "0018280120", "0018280121"),
      7,
      "of the batch says entry hash 18280121, and 18280120 were read",
    ],
    [
      "the debits of the batch",
      changed(6, "000000000005", "000000000006"),
      7,
      "of the batch says debits 6, and 5 were read",
    ],
    [
      "the credits of the batch",
      changed(6, "000000012345", "000000012346"),
      7,
      "of the batch says credits 12346, and 12345 were read",
    ],
    ["the number of the batch", changed(6, "091000010000001", "091000010000002"), 7, "under another number"],
    ["the batches", changed(7, "9000001", "9000002"), 8, "of the file says batches 2, and 1 were read"],
    [
      "the entries of the file",
      changed(7, "00000004", "00000003"),
      8,
      "of the file says entries and addenda 3, and 4 were read",
    ],
    [
      "the hash of the file",
      changed(7, "0018280120", "9018280120"),
      8,
      "of the file says entry hash 9018280120",
    ],
    [
      "the debits of the file",
      changed(7, "000000000005", "00000000000x"),
      8,
      "of the file says debits in no number, and 5 were read",
    ],
    [
      "the credits of the file",
      changed(7, "000000012345", "000000012344"),
      8,
      "of the file says credits 12344",
    ],
  ])("%s", async (_what, content, place, reason) => {
    const reads = await read(content);
    expect(linesOf(reads)).toHaveLength(2);
    expect(flawsOf(reads)).toMatchObject([
      { place, reason: expect.stringContaining(reason), endsFile: true },
    ]);
  });
});

describe("a pair of records that is no return is a flaw, and the next is read", () => {
  test.each([
    ["a notification of change", changed(3, "799R01", "798C01"), 'of type "98"'],
    ["a reason that is none", changed(3, "799R01", "799X01"), 'the reason, "X01"'],
    ["no original trace", changed(3, originalOf(1), "               "), "the original trace number"],
    ["another trace", changed(3, traceOf(1), traceOf(9)), "another trace number"],
  ])("%s", async (_what, content, reason) => {
    const reads = await read(content);
    expect(flawsOf(reads)).toMatchObject([
      { place: 3, reason: expect.stringContaining(reason), endsFile: false },
    ]);
    expect(linesOf(reads)).toMatchObject([{ place: 5 }]);
  });

  test("an entry without its addendum, and an addendum without its entry", async () => {
    const [header = "", batch = "", entry = "", addendum = "", ...rest] = records;
    const without = flawsOf(await read(fileOf([header, batch, entry, ...rest])));
    expect(without[0]).toMatchObject({
      place: 3,
      reason: expect.stringContaining("no return addendum"),
      endsFile: false,
    });
    const twice = flawsOf(await read(fileOf([header, batch, entry, addendum, addendum, ...rest])));
    expect(twice[0]).toMatchObject({ place: 5, reason: "the addendum belongs to no entry", endsFile: false });
  });
});

describe("what is no return file is refused", () => {
  test.each([
    ["a short record", changed(2, "Paul", "Pau"), 3, "the record has 93 characters"],
    ["a character that is not ASCII", changed(2, "Paul", "Paül"), 3, "some that are not ASCII"],
    ["other records", changed(0, "094101", "080101"), 1, "not of 94 characters"],
    ["a record out of its place", fileOf(records.slice(1)), 1, 'a record of type "5" cannot stand here'],
    [
      "an entry outside of a batch",
      fileOf([records[0] ?? "", ...records.slice(2)]),
      2,
      'a record of type "6" cannot stand here',
    ],
    ["a batch in a batch", fileOf([...records.slice(0, 2), ...records.slice(1)]), 3, 'a record of type "5"'],
    ["a second file behind it", whole + whole, 9, "something stands behind the file's control record"],
    ["a code of no transaction", changed(2, "621", "699"), 3, 'the entry\'s code, "99"'],
    ["an amount that is none", changed(2, "0000012345", "00000123.5"), 3, "bank or amount is no number"],
    ["nothing", "", 1, "it was cut off"],
    ["a line without end", "1".repeat(100_000), 1, "the record has 65536 characters"],
  ])("%s", async (_what, content, place, reason) => {
    const flaws = flawsOf(await read(content));
    expect(flaws.at(-1)).toMatchObject({ place, reason: expect.stringContaining(reason), endsFile: true });
  });
});

describe("of people and accounts", () => {
  test("a flaw shows four characters, and no name", async () => {
    const [header = "", batch = "", entry = "", , ...rest] = records;
    const texts = flawsOf(await read(fileOf([header, batch, entry, ...rest]))).map(({ text }) => text);
    expect(texts[0]).toContain("*****4321        0000012345order-1001     **********************");
    for (const text of texts) expect(text).not.toMatch(/98765432|Paul/);
  });

  test("a record that is too short is not shown: nobody knows what stands where", async () => {
    const [flaw] = flawsOf(await read(changed(2, "0000012345", "")));
    expect(flaw).toMatchObject({ place: 3, text: "6…" });
  });

  test("what a bank says in words is not shown", async () => {
    const said = changed(3, "".padEnd(44), "of Paul Jones, 987654321".padEnd(44)).replace("799R01", "798C01");
    for (const { text } of flawsOf(await read(said))) expect(text).not.toMatch(/Paul|12345678/);
  });
});

test("as a settlement file, each return is a flaw for a person: there are no payouts yet", async () => {
  const reads = await readFile("bank-2030-06-15.ach", whole);
  expect(flawsOf(reads)).toMatchObject([
    {
      ...{ place: 3, endsFile: false, reason: expect.stringContaining("there are no payouts yet") },
      text: "R01 of 121042880000001, 12345 cents, account …4321",
    },
    { place: 5, endsFile: false },
  ]);
  expect(linesOf(reads)).toEqual([]);
});
