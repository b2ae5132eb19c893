import { describe, expect, test } from "vitest";
import { apiRequest, problemOf } from "#tests/support/requests.ts";
import { preferenceOf } from "./prefer.ts";

const prefer = (header: string) => preferenceOf(apiRequest({ headers: { prefer: header } }));

test("without the header the caller waits 10 seconds", () => {
  expect(preferenceOf(apiRequest())).toEqual({ respondAsync: false, waitMs: 10_000 });
});

describe("Prefer (RFC 7240)", () => {
  test.each([
    ["wait=1", 1_000],
    ["wait=25", 25_000],
    ["wait=07", 7_000],
    ["Wait=5", 5_000],
    ["wait = 5", 5_000],
    ["  wait=5  ", 5_000],
    ["wait=5, wait=9", 5_000],
    ["handling=lenient, wait=5", 5_000],
    ["return=minimal; wait=5", 5_000],
  ])("%j waits %i ms", (header, waitMs) => {
    expect(prefer(header)).toEqual({ respondAsync: false, waitMs });
  });

  test.each(["respond-async", "Respond-Async", "respond-async, wait=10", "wait=10; respond-async", "wait=0"])(
    "%j does not wait",
    (header) => {
      expect(prefer(header)).toEqual({ respondAsync: true });
    },
  );

  test.each(["", "return=minimal", "handling=strict", "waiting=100", "wait-for=100", "x-respond-async"])(
    "%j says nothing about waiting",
    (header) => {
      expect(prefer(header)).toEqual({ respondAsync: false, waitMs: 10_000 });
    },
  );

  test.each([
    "wait=26",
    "wait=100",
    "wait=-1",
    "wait=1.5",
    "wait=1e1",
    "wait=",
    "wait",
    "wait=ten",
    "wait=5=6",
    "respond-async, wait=60",
  ])("%j is refused with 400", (header) => {
    expect(problemOf(() => prefer(header))).toMatchObject({ code: "malformed_header", statusCode: 400 });
  });
});
