import { describe, expect, test } from "vitest";
import { z } from "zod";
import { apiRequest, jsonRequest, problemOf } from "#tests/support/requests.ts";
import { readBody } from "./body.ts";
import { amount, metadata, text } from "./fields.ts";

const schema = z.strictObject({
  amount,
  kind: z.enum(["one", "two"]).default("one"),
  method: z.strictObject({ type: z.literal("card"), token: z.string() }).optional(),
  reference: text(20).optional(),
  metadata: metadata.default({}),
});

const read = (body: string) => readBody(jsonRequest(body), schema);
const errorsOf = (body: string) => problemOf(() => read(body)).details.errors ?? [];

test("a body is what its schema makes of it, defaults included", () => {
  expect(read('{"amount":100}')).toEqual({ amount: 100n, kind: "one", metadata: {} });
});

describe("Content-Type", () => {
  const typed = (contentType: string) =>
    readBody(apiRequest({ headers: { "content-type": contentType }, body: '{"amount":100}' }), schema);

  test.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json; v=1",
    " application/json ",
  ])("%j is read", (contentType) => {
    expect(typed(contentType)).toMatchObject({ amount: 100n });
  });

  test.each([
    "",
    "text/plain",
    "text/json",
    "application/xml",
    "application/problem+json",
    "application/x-www-form-urlencoded",
    "application/json, application/json",
    "application/jsonp",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "application/json; charset=utf-8; charset=utf-7",
  ])("%j is refused with 415", (contentType) => {
    expect(problemOf(() => typed(contentType))).toMatchObject({
      code: "unsupported_media_type",
      statusCode: 415,
    });
  });

  test("that is missing is refused with 415", () => {
    const request = apiRequest({ body: '{"amount":100}' });
    expect(problemOf(() => readBody(request, schema)).statusCode).toBe(415);
  });
});

describe("Content-Encoding", () => {
  const encoded = (encoding: string) =>
    readBody(jsonRequest('{"amount":100}', { "content-encoding": encoding }), schema);

  test.each(["identity", "Identity"])("%s is read", (encoding) => {
    expect(encoded(encoding)).toMatchObject({ amount: 100n });
  });

  test.each(["gzip", "br", "deflate", "gzip, gzip", ""])("%j is refused with 415, unopened", (encoding) => {
    expect(problemOf(() => encoded(encoding)).statusCode).toBe(415);
  });
});

describe("a body that is not UTF-8", () => {
  const body = undefined;

  test("is refused with 400", () => {
    const request = apiRequest({ headers: { "content-type": "application/json" }, body });
    expect(problemOf(() => readBody(request, schema))).toMatchObject({
      code: "malformed_json",
      details: { detail: "The body is not valid UTF-8." },
    });
  });

  test("is refused with 415 when it never said that it was: a gzip bomb is not opened", () => {
    const gzip = { "content-type": "application/json", "content-encoding": "gzip" };
    expect(problemOf(() => readBody(apiRequest({ headers: gzip, body }), schema)).statusCode).toBe(415);
  });
});

test("what is not JSON is a 400, whatever the schema says", () => {
  expect(problemOf(() => read('{"amount":100,"amount":200}'))).toMatchObject({ code: "malformed_json" });
  expect(problemOf(() => read(""))).toMatchObject({ code: "malformed_json", statusCode: 400 });
});

describe("what breaks the schema is a 422 that points at each field", () => {
  test.each([
    ["null", [["", "wrong_type"]]],
    ["[]", [["", "wrong_type"]]],
    ["100", [["", "wrong_type"]]],
    ['"a"', [["", "wrong_type"]]],
    ["{}", [["/amount", "wrong_type"]]],
    ['{"amount":"100"}', [["/amount", "wrong_type"]]],
    ['{"amount":1.5}', [["/amount", "wrong_type"]]],
    ['{"amount":0}', [["/amount", "too_small"]]],
    ['{"amount":1000000000000001}', [["/amount", "too_big"]]],
    ['{"amount":1,"kind":"three"}', [["/kind", "not_allowed"]]],
    ['{"amount":1,"method":null}', [["/method", "wrong_type"]]],
    ['{"amount":1,"method":{"type":"cash","token":"t"}}', [["/method/type", "not_allowed"]]],
    ['{"amount":1,"reference":"a\\u0000"}', [["/reference", "forbidden_character"]]],
    ['{"amount":1,"reference":"\\ud800"}', [["/reference", "forbidden_character"]]],
    ['{"amount":1,"reference":"4242424242424242"}', [["/reference", "card_number"]]],
    ['{"amount":1,"metadata":{"a/b~c":""}}', [["/metadata/a~1b~0c", "too_small"]]],
    ['{"amount":1,"metadata":{"a\\u202e":"b"}}', [["/metadata/a\u202E", "forbidden_character"]]],
    ['{"amount":1,"metadata":{"a":"4242424242424242"}}', [["/metadata/a", "card_number"]]],
    ['{"amount":1,"__proto__":{}}', [["/__proto__", "unknown_property"]]],
    ['{"amount":1,"method":{"__proto__":{}}}', [["/method/__proto__", "unknown_property"]]],
    ['{"amount":1,"metadata":{"__proto__":"a"}}', [["/metadata/__proto__", "unknown_property"]]],
    ['{"amount":1,"constructor":{}}', [["/constructor", "unknown_property"]]],
    ['{"amount":1,"Amount":1}', [["/Amount", "unknown_property"]]],
    [
      '{"amount":0,"tip":1,"method":{"type":"card","token":"t","pin":1,"a/b":2},"reference":""}',
      [
        ["/amount", "too_small"],
        ["/method/pin", "unknown_property"],
        ["/method/a~1b", "unknown_property"],
        ["/reference", "too_small"],
        ["/tip", "unknown_property"],
      ],
    ],
  ])("%s", (body, errors) => {
    const problem = problemOf(() => read(body));
    expect(problem).toMatchObject({ code: "invalid_request", statusCode: 422 });
    expect(problem.details.errors?.map(({ pointer, code }) => [pointer, code])).toEqual(errors);
  });

  test("in words", () => {
    expect(errorsOf('{"amount":"100"}')).toEqual([
      {
        pointer: "/amount",
        code: "wrong_type",
        detail: "An amount is an integer of minor units, without fraction, exponent or quotes.",
      },
    ]);
  });

  test("up to 20 of them", () => {
    const unknown = Array.from({ length: 30 }, (_, n) => `"extra-${n}":1`).join(",");
    expect(errorsOf(`{"amount":1,${unknown}}`)).toHaveLength(20);
  });
});

test.each([
  ['{"amount":1,"metadata":{"4242424242424242":"a"}}', "/metadata", "card_number"],
  ['{"amount":1,"metadata":{"4242424242424242":""}}', "/metadata", "card_number"],
  ['{"amount":1,"4242424242424242":"a"}', "", "unknown_property"],
])("an answer to a card number in a key does not repeat it: %s", (body, pointer, code) => {
  const errors = errorsOf(body);
  expect(errors).toContainEqual(expect.objectContaining({ pointer, code }));
  expect(JSON.stringify(errors)).not.toContain("4242");
});
