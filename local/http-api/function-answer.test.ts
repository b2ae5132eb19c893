import { expect, test } from "vitest";
import { answerOf } from "./function-answer.ts";

test("a result with a status is an answer, its headers lower-case and its cookies apart", () => {
  const answer = answerOf(
    JSON.stringify({
      statusCode: 201,
      headers: { "Content-Type": "application/json", "Retry-After": 5, "X-Flag": true },
      cookies: ["a=1; HttpOnly", "b=2"],
      body: '{"id":"pay_1"}',
    }),
  );
  expect(answer).toEqual({
    statusCode: 201,
    headers: [
      ["content-type", "application/json"],
      ["retry-after", "5"],
      ["x-flag", "true"],
      ["set-cookie", "a=1; HttpOnly"],
      ["set-cookie", "b=2"],
    ],
    body: '{"id":"pay_1"}',
  });
});

test.each([
  ['{"hello":"world"}', '{"hello":"world"}'],
  ['"text"', '"text"'],
  ["null", "null"],
  ["[1]", "[1]"],
])("a result %s without a status is a JSON body of its own", (payload, body) => {
  expect(answerOf(payload)).toEqual({
    statusCode: 200,
    headers: [["content-type", "application/json"]],
    body,
  });
});

test("a body without a content type is plain text, and no body has none", () => {
  expect(answerOf('{"statusCode":200,"body":"hi"}')?.headers).toEqual([
    ["content-type", "text/plain; charset=utf-8"],
  ]);
  expect(answerOf('{"statusCode":204}')).toEqual({ statusCode: 204, headers: [], body: "" });
  expect(answerOf('{"statusCode":204,"headers":null,"body":null,"cookies":null}')).toEqual({
    statusCode: 204,
    headers: [],
    body: "",
  });
});

test("a base64 body is decoded", () => {
  const answer = answerOf('{"statusCode":200,"body":"iVAA/w==","isBase64Encoded":true}');
  expect(answer?.body).toEqual(Buffer.from([0x89, 0x50, 0x00, 0xff]));
});

test("headers of the connection are the gateway's own", () => {
  const answer = answerOf(
    '{"statusCode":200,"headers":{"Content-Length":"999","Transfer-Encoding":"chunked","ETag":"1"}}',
  );
  expect(answer?.headers).toEqual([["etag", "1"]]);
});

test.each([
  ["a status that is no number", { statusCode: "200" }],
  ["a status that HTTP does not have", { statusCode: 99 }],
  ["a fraction", { statusCode: 200.5 }],
  ["a body that is no text", { statusCode: 200, body: { a: 1 } }],
  ["headers that are a list", { statusCode: 200, headers: ["a"] }],
  ["a header that is an object", { statusCode: 200, headers: { a: { b: 1 } } }],
  ["a header with a line break", { statusCode: 200, headers: { a: "b\r\nset-cookie: c" } }],
  ["a header name with a space", { statusCode: 200, headers: { "a b": "c" } }],
  ["a cookie with a line break", { statusCode: 200, cookies: ["a\nb"] }],
])("%s is malformed", (_what, result) => {
  expect(answerOf(JSON.stringify(result))).toBeUndefined();
});
