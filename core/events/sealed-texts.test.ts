import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payments } from "#tests/support/arbitraries/payments.ts";
import { examplePayment, noon } from "#tests/support/examples.ts";
import { fixedEventId } from "./event-id.ts";
import { noTexts, openTexts, sealTexts, textKeyFor } from "./sealed-texts.ts";

const textKey = randomBytes(32).toString("base64url");
const written = { ...examplePayment(), description: "for Jane Doe", metadata: { to: "Jane", at: "home" } };
const id = fixedEventId(written.id, 2, noon);
const another = fixedEventId(written.id, 3, noon);

test("whatever was written opens as it was, with its own key, for its own event", () => {
  fc.assert(
    fc.property(payments, ({ reference = null, description = null, metadata, ...rest }) => {
      const payment = { ...rest, metadata, ...(reference !== null && { reference }) };
      const whole = { ...payment, ...(description !== null && { description }) };
      const sealed = sealTexts(whole, textKey, id);
      expect(openTexts(sealed, textKey, id)).toEqual({ reference, description, metadata });
    }),
  );
});

describe("a seal", () => {
  const sealed = sealTexts(written, textKey, id);

  test("is the same whenever it is made, in whatever order a table gives what was written", () => {
    expect(sealTexts({ ...written, metadata: { at: "home", to: "Jane" } }, textKey, id)).toBe(sealed);
  });

  test("is another one for another event, though it hides the same", () => {
    const other = sealTexts(written, textKey, another);
    expect(other.slice(0, 16)).not.toBe(sealed.slice(0, 16));
    expect(openTexts(other, textKey, another)).toEqual(openTexts(sealed, textKey, id));
  });

  test("shows nothing of what it hides", () => {
    const bytes = Buffer.from(sealed, "base64url").toString("latin1");
    for (const word of ["Jane", "order-1001", "reference"]) expect(bytes).not.toContain(word);
  });

  const changedTag = Buffer.from(sealed, "base64url").map(
    (byte, at, all) => byte ^ (at === all.length - 1 ? 1 : 0),
  );

  test.each([
    ["another key", sealed, randomBytes(32).toString("base64url"), id],
    ["another event", sealed, textKey, another],
    ["a changed text", `${sealed[0] === "A" ? "B" : "A"}${sealed.slice(1)}`, textKey, id],
    ["a changed tag", Buffer.from(changedTag).toString("base64url"), textKey, id],
    ["a part of it", sealed.slice(0, 20), textKey, id],
    ["a key that is none", sealed, "k", id],
    ["nothing", "", textKey, id],
  ])("does not open with %s", (_what, text, key, event) => {
    expect(openTexts(text, key, event)).toBeUndefined();
  });
});

describe("a key", () => {
  const random = (bytes: number) => Buffer.alloc(bytes, 7);

  test("is 256 bits, for a payment on which somebody wrote", () => {
    for (const text of [{ reference: "r" }, { description: "d" }, { metadata: { a: "b" } }]) {
      const { textKey: key = "" } = textKeyFor({ metadata: {}, ...text }, random);
      expect(Buffer.from(key, "base64url")).toHaveLength(32);
    }
  });

  test("is not there where nothing was written: there is nothing to hide, and nothing to store", () => {
    expect(textKeyFor({ metadata: {} }, random)).toEqual({});
    expect(noTexts).toEqual({ reference: null, description: null, metadata: {} });
  });
});
