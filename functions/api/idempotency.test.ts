import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apiRequest, problemOf } from "#tests/support/requests.ts";
import { fingerprintOf, idempotencyKeyOf } from "./idempotency.ts";

describe("an Idempotency-Key", () => {
  const keyOf = (header: string) => idempotencyKeyOf(apiRequest({ headers: { "idempotency-key": header } }));

  test.each([
    [
      "quoted, as the IETF draft has it",
      '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
      "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ],
    ["bare", "8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["of one character", "k", "k"],
    ["of 255 characters", "k".repeat(255), "k".repeat(255)],
    ["of 255 characters in quotes", `"${"k".repeat(255)}"`, "k".repeat(255)],
    ["with white space around it", "  k-1\t", "k-1"],
    [
      "with every other printable character",
      "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
      "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
    ],
    ["in upper case, which is another key than in lower", "K-1", "K-1"],
  ])("is read %s", (_name, header, key) => {
    expect(keyOf(header)).toBe(key);
  });

  test("is the same key quoted and bare", () => {
    const bare = fc.stringMatching(/^[!#-+\--~]{1,255}$/);
    fc.assert(
      fc.property(bare, (key) => {
        expect([keyOf(key), keyOf(`"${key}"`)]).toEqual([key, key]);
      }),
    );
  });

  test.each([
    ["left out", {}],
    ["empty", { "idempotency-key": "" }],
    ["white space", { "idempotency-key": " \t" }],
    ["under a name that the gateway never passes on", { "Idempotency-Key": "k-1" }],
  ])("is missing when it is %s", (_name, headers: Record<string, string>) => {
    expect(problemOf(() => idempotencyKeyOf(apiRequest({ headers })))).toMatchObject({
      code: "idempotency_key_missing",
      statusCode: 400,
    });
  });

  test.each([
    ["two keys, which the gateway joins by a comma", "k-1,k-2"],
    ["two quoted keys", '"k-1", "k-2"'],
    ["a comma in quotes, which might be two keys as well", '"k,1"'],
    ["a comma alone", ","],
    ["256 characters", "k".repeat(256)],
    ["256 characters in quotes", `"${"k".repeat(256)}"`],
    ["a space inside", "k 1"],
    ["a space inside quotes", '" k-1"'],
    ["a NUL", "k\u00001"],
    ["a line break", "k\n1"],
    ["DEL", "k\u007F"],
    ["letters beyond ASCII", "schlüssel"],
    ["empty quotes", '""'],
    ["one quote", '"'],
    ["a quote that is never closed", '"k-1'],
    ["a quote that was never opened", 'k-1"'],
    ["a quote inside", 'k"1'],
    ["a quote inside quotes", '"k"1"'],
    ["an escaped quote", '"k\\"1"'],
    ["parameters behind the quotes", '"k-1";v=2'],
  ])("is malformed with %s", (_name, header) => {
    expect(problemOf(() => keyOf(header))).toMatchObject({
      code: "idempotency_key_malformed",
      statusCode: 400,
    });
  });
});

describe("a fingerprint", () => {
  const request = {
    amount: 100n,
    currency: "USD",
    method: { type: "card", token: "tok_1" },
    capture: "automatic",
    reference: "order-1",
    metadata: { a: "1", b: "2" },
  };

  test("is 128 bits, base64url", () => {
    expect(fingerprintOf(request)).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  test("does not depend on the order of properties, at any depth", () => {
    const reordered = {
      metadata: { b: "2", a: "1" },
      reference: "order-1",
      capture: "automatic",
      method: { token: "tok_1", type: "card" },
      currency: "USD",
      amount: 100n,
    };
    expect(Object.keys(reordered)).not.toEqual(Object.keys(request));
    expect(fingerprintOf(reordered)).toBe(fingerprintOf(request));
  });

  test.each([
    ["another amount", { amount: 101n }],
    ["another currency", { currency: "EUR" }],
    ["another token", { method: { type: "card", token: "tok_2" } }],
    ["another way to capture", { capture: "manual" }],
    ["another reference", { reference: "order-2" }],
    ["no reference", { reference: undefined }],
    ["a description", { description: "order-1" }],
    ["another value in the metadata", { metadata: { a: "1", b: "3" } }],
    ["another key in the metadata", { metadata: { a: "1", c: "2" } }],
    ["one key less in the metadata", { metadata: { a: "1" } }],
    ["values swapped between keys", { metadata: { a: "2", b: "1" } }],
    ["no metadata", { metadata: {} }],
    ["upper case", { reference: "ORDER-1" }],
  ])("is another one for %s", (_name, change) => {
    expect(fingerprintOf({ ...request, ...change })).not.toBe(fingerprintOf(request));
  });

  test("cannot be led to take one field for another by what a field holds", () => {
    expect(fingerprintOf({ a: '1","b":"2' })).not.toBe(fingerprintOf({ a: "1", b: "2" }));
  });

  test("of any two requests is the same exactly when they say the same", () => {
    const said = fc.dictionary(fc.constantFrom("a", "b", "1", "2"), fc.constantFrom("x", "y"), {
      noNullPrototype: true,
    });
    const canonical = (map: Record<string, string>) => JSON.stringify(Object.entries(map).toSorted());
    fc.assert(
      fc.property(said, said, (one, other) => {
        const same = canonical(one) === canonical(other);
        expect(fingerprintOf({ metadata: one }) === fingerprintOf({ metadata: other })).toBe(same);
      }),
    );
  });
});
