import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { texts } from "#tests/support/arbitraries/values.ts";
import type { Book } from "../ledger/account.ts";
import {
  operationKey,
  type PaymentId,
  parsePaymentId,
  parseRefundId,
  paymentIdOf,
  refundIdOf,
  sagaEntryId,
} from "./ids.ts";

const idOf = (book: string, route: string, idempotencyKey: string) =>
  paymentIdOf({ book: book as Book, route, idempotencyKey });

const id = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9" as PaymentId;

describe("a payment's id", () => {
  test("is the same for ever: this one was computed once, by another program", () => {
    // SHA-256 of ["mer_demo","POST /v1/payments","order-1001"]
    expect(idOf("mer_demo", "POST /v1/payments", "order-1001")).toBe(id);
  });

  test("is an id, and the same each time, for any request", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), texts, (book, route, key) => {
        const first = idOf(book, route, key);
        expect(first).toMatch(/^pay_[0123456789abcdefghjkmnpqrstvwxyz]{26}$/);
        expect(parsePaymentId(first)).toBe(first);
        expect(idOf(book, route, key)).toBe(first);
      }),
    );
  });

  // biome-ignore format: a table is read in rows
  const lookalikes: { trick: string; one: [string, string, string]; other: [string, string, string] }[] = [
    { trick: "another book",                one: ["mer_demo", "POST /v1/payments", "k"],  other: ["mer_other", "POST /v1/payments", "k"] },
    { trick: "another route",               one: ["mer_demo", "POST /v1/payments", "k"],  other: ["mer_demo", "POST /v1/payouts", "k"] },
    { trick: "another key",                 one: ["mer_demo", "POST /v1/payments", "k"],  other: ["mer_demo", "POST /v1/payments", "K"] },
    { trick: "a letter that changed sides", one: ["mer_demo", "POST /v1/paymentsk", ""],  other: ["mer_demo", "POST /v1/payments", "k"] },
    { trick: "parts that changed places",   one: ["mer_demo", "a", "b"],                  other: ["mer_demo", "b", "a"] },
    { trick: "a separator in the key",      one: ["mer_demo", "a", "b#c"],                other: ["mer_demo", "a#b", "c"] },
    { trick: "quotes and commas",           one: ["mer_demo", 'a","b', "c"],              other: ["mer_demo", "a", 'b","c'] },
    { trick: "a backslash before a quote",  one: ["mer_demo", 'a\\","b', "c"],            other: ["mer_demo", "a\\", 'b","c'] },
    { trick: "an escape spelled out",       one: ["mer_demo", "a", "\\n"],                other: ["mer_demo", "a", "\n"] },
    { trick: "two lone surrogates",         one: ["mer_demo", "a", "\ud800"],             other: ["mer_demo", "a", "\ud801"] },
    { trick: "a NUL",                       one: ["mer_demo", "a\0", "b"],                other: ["mer_demo", "a", "\0b"] },
  ];

  test.each(lookalikes)("differs for $trick", ({ one, other }) => {
    expect(idOf(...one)).not.toBe(idOf(...other));
  });

  test("differs wherever the request differs, with any characters that could pass for separators", () => {
    const tricky = fc.string({
      unit: fc.constantFrom('"', ",", "\\", "[", "]", "#", ":", "a"),
      maxLength: 4,
    });
    const requests = fc.tuple(tricky, tricky, tricky);

    fc.assert(
      fc.property(requests, requests, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(idOf(...one)).not.toBe(idOf(...other));
      }),
    );
  });

  test.each([
    { text: "", flaw: "is empty" },
    { text: "pay_", flaw: "has no tail" },
    { text: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x", flaw: "is a character short" },
    { text: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x99", flaw: "is a character long" },
    { text: "pay_9B9TK4VW5FSBZWTRHQMN4DX7X9", flaw: "is in upper case" },
    { text: "tok_9b9tk4vw5fsbzwtrhqmn4dx7x9", flaw: "is a token's" },
    { text: " pay_9b9tk4vw5fsbzwtrhqmn4dx7x9", flaw: "starts with a space" },
    { text: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9\n", flaw: "ends with a line break" },
    { text: "mer_demo#pay_9b9tk4vw5fsbzwtrhqmn4dx7x9", flaw: "carries a book" },
    ...["i", "l", "o", "u"].map((letter) => ({
      text: `pay_${letter}b9tk4vw5fsbzwtrhqmn4dx7x9`,
      flaw: `has an ${letter}, which Crockford leaves out`,
    })),
  ])("is not what $flaw", ({ text }) => {
    expect(parsePaymentId(text)).toBeUndefined();
  });
});

test("an acquirer is asked under a key that names payment, operation and attempt", () => {
  expect(operationKey(id, "authorize")).toBe(`${id}:authorize:1`);
  expect(operationKey(id, "refund", 2)).toBe(`${id}:refund:2`);
  expect(operationKey(id, "reversal")).toBe(`${id}:reversal:1`);
});

test("a saga's entries are named by payment, kind and number", () => {
  expect(sagaEntryId(id, "authorize")).toBe(`je_${id}.authorize.1`);
  expect(sagaEntryId(id, "refund", 2)).toBe(`je_${id}.refund.2`);
});

describe("a refund's id", () => {
  const request = (payment: PaymentId, idempotencyKey: string) =>
    refundIdOf({ book: "mer_demo" as Book, route: `POST /v1/payments/${payment}/refunds`, idempotencyKey });

  test("is the same for the same request, and another one for another payment or key", () => {
    const other = "pay_00000000000000000000000000" as PaymentId;
    expect(request(id, "k")).toBe(request(id, "k"));
    expect(new Set([request(id, "k"), request(id, "K"), request(other, "k")]).size).toBe(3);
  });

  test("is read back, and a payment's is none", () => {
    expect(parseRefundId(request(id, "k"))).toBe(request(id, "k"));
    expect(parseRefundId(id)).toBeUndefined();
    expect(parsePaymentId(request(id, "k"))).toBeUndefined();
  });
});
