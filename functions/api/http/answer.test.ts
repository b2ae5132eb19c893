import { expect, test } from "vitest";
import { created, found } from "./answer.ts";

test("an answer holds the very text that is sent, and sent again", () => {
  expect(created({ id: "pay_1", amount: 100 }, { etag: '"1"' })).toEqual({
    statusCode: 201,
    json: '{"id":"pay_1","amount":100}',
    headers: { etag: '"1"' },
  });
  expect(found(["a", null])).toEqual({ statusCode: 200, json: '["a",null]' });
});

test("sums beyond 2^53 are written as the integers that they are", () => {
  expect(found({ debits: 2n ** 53n + 1n, credits: -(10n ** 20n), none: 0n }).json).toBe(
    '{"debits":9007199254740993,"credits":-100000000000000000000,"none":0}',
  );
});
