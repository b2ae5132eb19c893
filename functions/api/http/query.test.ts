import { describe, expect, test } from "vitest";
import { z } from "zod";
import { apiRequest, problemOf } from "#tests/support/requests.ts";
import { limit, readQuery } from "./query.ts";

const schema = z.strictObject({ limit, cursor: z.string().max(5).optional() });
const read = (query: Record<string, string>) => readQuery(apiRequest({ query }), schema);

describe("a limit", () => {
  test.each([
    ["1", 1],
    ["20", 20],
    ["99", 99],
    ["100", 100],
  ])("of %s is read", (text, size) => {
    expect(read({ limit: text }).limit).toBe(size);
  });

  test("is 20 when it is left out", () => {
    expect(read({})).toEqual({ limit: 20 });
  });

  test.each([
    "1000000",
    "101",
    "0",
    "00",
    "01",
    "-1",
    "+5",
    "5.0",
    "1e1",
    "0x10",
    " 5",
    "",
    "ten",
    "٥",
    // The gateway joins a repeated parameter by a comma.
    "5,10",
  ])("of %j is refused with 400", (text) => {
    const problem = problemOf(() => read({ limit: text }));
    expect(problem).toMatchObject({ code: "malformed_query", statusCode: 400 });
    expect(problem.details.errors).toEqual([
      { parameter: "limit", code: "wrong_format", detail: "A limit is a whole number from 1 to 100." },
    ]);
  });
});

test.each(["page", "Limit", "limit ", "__proto__", "constructor"])("the parameter %j is unknown", (name) => {
  const query = Object.fromEntries([[name, "1"]]);
  expect(problemOf(() => read(query))).toMatchObject({
    code: "malformed_query",
    statusCode: 400,
    details: { errors: [{ parameter: name, code: "unknown_parameter" }] },
  });
});

test("every parameter that is wrong is named", () => {
  const { details } = problemOf(() => read({ limit: "0", cursor: "too long", page: "1" }));
  expect(details.errors?.map(({ parameter, code }) => [parameter, code])).toEqual([
    ["limit", "wrong_format"],
    ["cursor", "wrong_format"],
    ["page", "unknown_parameter"],
  ]);
});
