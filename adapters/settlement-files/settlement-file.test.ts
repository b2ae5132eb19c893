import { describe, expect, test } from "vitest";
import {
  camtOf,
  capture,
  csvOf,
  flawsOf,
  linesOf,
  readFile,
  statementOf,
} from "#tests/support/settlement-files.ts";
import { readSettlementFile } from "./settlement-file.ts";

const csv = csvOf(statementOf(capture));

describe("a file's name says what it is", () => {
  test.each(["alpha.csv", "ALPHA.CSV", "2030/alpha-2030-06-15.csv"])("%s is a CSV", async (name) => {
    expect(linesOf(await readFile(name, csv))).toMatchObject([{ place: 2, reference: "alpha_1" }]);
  });

  test.each(["a.camt053.xml", "A.CAMT053.XML"])("%s is a statement", async (name) => {
    expect(linesOf(await readFile(name, camtOf(statementOf(capture), "EUR")))).toHaveLength(2);
  });

  test.each(["alpha.xml", "alpha", "", "alpha.csv.gz", "camt053.xml"])("'%s' is refused", async (name) => {
    expect(flawsOf(await readFile(name, csv))).toEqual([
      {
        ...{ place: 1, text: name, endsFile: true },
        reason: "the file's name ends with none of .csv, .camt053.xml, .camt054.xml, .ach",
      },
    ]);
  });
});

test.each([
  ["a.csv", csv.repeat(3)],
  ["a.camt053.xml", camtOf(statementOf(capture), "EUR")],
  ["a.csv", "no header\n"],
  ["a.ach", "no record\n"],
  ["a.camt053.xml", "<no/>"],
])("who stops reading %s, or has to, closes what brings it", async (name, content) => {
  let isClosed = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new TextEncoder().encode(content);
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of readSettlementFile(chunks(), name)) break;
  expect(isClosed).toBe(true);
});
