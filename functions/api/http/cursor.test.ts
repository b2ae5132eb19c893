import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemOf } from "#tests/support/requests.ts";
import { cursorOf, positionOf } from "./cursor.ts";

const scope = "payments of mer_demo";
const position = "2026-03-01T12:00:00.000Z#pay_9b9tk4vw5fsbzwtrhqmn4dx7x9";

test("a cursor leads back to its position", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (text) => {
      expect(positionOf(scope, cursorOf(scope, text))).toBe(text);
    }),
  );
});

test("a cursor does not show its position, and fits into a URL as it is", () => {
  expect(cursorOf(scope, position)).toMatch(/^[A-Za-z0-9_-]{40,200}$/);
});

describe("a cursor is refused with 400", () => {
  const cursor = cursorOf(scope, position);

  test.each([
    ["of another merchant", cursorOf("payments of mer_other", position)],
    ["of another list", cursorOf("refunds of mer_demo", position)],
    ["whose position is its own, without a digest", Buffer.from(position).toString("base64url")],
    ["with another position behind its digest", `${cursor.slice(0, -4)}AAAA`],
    ["cut short", cursor.slice(0, -1)],
    ["made longer", `${cursor}A`],
    ["padded", `${cursor}=`],
    ["with white space", ` ${cursor}`],
    ["in other letters", cursor.toUpperCase()],
    ["empty", ""],
    ["that is a number", "1000000"],
    ["that is no base64", "%%%"],
  ])("%s", (_name, forged) => {
    expect(problemOf(() => positionOf(scope, forged))).toMatchObject({
      code: "malformed_query",
      statusCode: 400,
      details: { errors: [{ parameter: "cursor", code: "wrong_format" }] },
    });
  });

  test("with any one character changed", () => {
    const index = fc.nat({ max: cursor.length - 1 });
    const letter = fc.constantFrom(..."ABCXYZabcxyz0189-_");
    fc.assert(
      fc.property(index, letter, (at, other) => {
        const forged = cursor.slice(0, at) + other + cursor.slice(at + 1);
        fc.pre(forged !== cursor);
        expect(problemOf(() => positionOf(scope, forged)).statusCode).toBe(400);
      }),
    );
  });
});
