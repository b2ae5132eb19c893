import { expect, test } from "vitest";
import { csvOf } from "./csv.ts";

test("a table is lines of fields, in quotes where they need some", () => {
  const rows = [
    ["plain", 12, null],
    ['say "so", twice', -3.5, true],
    ["two\nlines", 0, false],
  ];
  expect(csvOf({ columns: ["text", "number", "other"], rows })).toBe(
    'text,number,other\r\nplain,12,\r\n"say ""so"", twice",-3.5,true\r\n"two\nlines",0,false\r\n',
  );
});

test("a spreadsheet carries nothing out: what looks like a formula is text, and a negative number is a number", () => {
  const rows = [["=1+1"], ["@x"], ["+49"], ["-cmd"], ["-12"]];
  expect(csvOf({ columns: ["c"], rows })).toBe("c\r\n'=1+1\r\n'@x\r\n'+49\r\n'-cmd\r\n-12\r\n");
});
