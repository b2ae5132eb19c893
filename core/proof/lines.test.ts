import fc from "fast-check";
import { expect, test } from "vitest";
import { firstChange } from "./lines.ts";
import { leafHash } from "./merkle.ts";

const hashesOf = (lines: readonly string[]): Buffer =>
  Buffer.concat(lines.map((line) => leafHash(Buffer.from(line))));
const changeOf = (before: readonly string[], after: readonly string[]) =>
  firstChange(hashesOf(before), hashesOf(after));

const lines = ["a", "b", "c", "d"];

test.each<[string, readonly string[], ReturnType<typeof firstChange>]>([
  ["the same", lines, undefined],
  ["one changed", ["a", "x", "c", "d"], { kind: "changed", line: 2 }],
  ["the last one changed", ["a", "b", "c", "x"], { kind: "changed", line: 4 }],
  ["one put in", ["a", "x", "b", "c", "d"], { kind: "put_in", line: 2 }],
  ["one put behind the end", ["a", "b", "c", "d", "x"], { kind: "put_in", line: 5 }],
  ["one taken out", ["a", "c", "d"], { kind: "taken_out", line: 2, lines: 1 }],
  ["two taken out", ["a", "d"], { kind: "taken_out", line: 2, lines: 2 }],
  ["cut off", ["a", "b"], { kind: "taken_out", line: 3, lines: 2 }],
  ["all gone", [], { kind: "taken_out", line: 1, lines: 4 }],
  ["changed and put in", ["a", "x", "y", "c2", "d"], { kind: "changed", line: 2 }],
])("%s", (_, after, change) => {
  expect(changeOf(lines, after)).toEqual(change);
});

test.each<[string, readonly string[], readonly string[], ReturnType<typeof firstChange>]>([
  ["taken out", ["a", "a", "b", "c"], ["a", "b", "c"], { kind: "taken_out", line: 2, lines: 1 }],
  ["changed, and one put behind it", ["a", "b"], ["a", "a", "x"], { kind: "changed", line: 2 }],
])("a line that is like the one before it, and %s", (_, before, after, change) => {
  expect(changeOf(before, after)).toEqual(change);
});

test("whatever was done to lines, the first place where they differ is named, and no other", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const at = before.findIndex((line, index) => line !== after[index]);
      const first = at === -1 ? Math.min(before.length, after.length) : at;
      const isSame = JSON.stringify(before) === JSON.stringify(after);
      expect(changeOf(before, after)?.line).toBe(isSame ? undefined : first + 1);
    }),
  );
});
