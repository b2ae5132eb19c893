import { expect, test } from "vitest";
import { flawed } from "./line.ts";

const textOf = (text: string): string => {
  const read = flawed(1, "a reason", text);
  return read.ok ? "" : read.flaw.text;
};

test("a flaw says where, why, and whether reading goes on", () => {
  expect(flawed(3, "a reason", "text")).toEqual({
    ok: false,
    flaw: { place: 3, reason: "a reason", text: "text", endsFile: false },
  });
  expect(flawed(3, "a reason", "text", { endsFile: true })).toMatchObject({ flaw: { endsFile: true } });
});

test.each([
  { what: "a long text", text: "x".repeat(2_000_000), kept: "x".repeat(1_000) },
  {
    what: "a character that the cut goes through",
    text: `${"x".repeat(999)}😀`,
    kept: `${"x".repeat(999)}\ufffd`,
  },
  { what: "what PostgreSQL cannot keep", text: "a\0b\ud800c", kept: "a\ufffdb\ufffdc" },
  {
    what: "a card number",
    text: "paid by 4242424242424242, thanks",
    kept: "paid by 424242******4242, thanks",
  },
  {
    what: "a card number that the cut goes through",
    text: `${" ".repeat(990)}4242424242424242`,
    kept: `${" ".repeat(990)}424242****`,
  },
])("$what is not kept as it is", ({ text, kept }) => {
  expect(textOf(text)).toBe(kept);
});
