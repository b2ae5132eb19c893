import { expect, test } from "vitest";
import { parseSchedule } from "./expression.ts";
import { InvalidExpression } from "./expression-error.ts";

/** The next times after a start, as ISO text without milliseconds. */
function times(text: string, start: string, count: number, timeZone?: string): string[] {
  const schedule = parseSchedule(text, timeZone);
  const startMs = Date.parse(start);
  const found: string[] = [];
  let nowMs = startMs;
  for (let index = 0; index < count; index += 1) {
    const next = schedule.next(nowMs, startMs);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(".000Z", "Z"));
    nowMs = next;
  }
  return found;
}

test.each([
  // The examples of EventBridge's own documentation come first.
  ["cron(0 10 * * ? *)", "2026-01-01T10:00:00Z", ["2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"]],
  ["cron(15 12 * * ? *)", "2026-01-01T00:00:00Z", ["2026-01-01T12:15:00Z"]],
  ["cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", ["2026-01-05T18:00:00Z"]],
  ["cron(0 8 1 * ? *)", "2026-01-15T00:00:00Z", ["2026-02-01T08:00:00Z", "2026-03-01T08:00:00Z"]],
  ["cron(0/15 * * * ? *)", "2026-01-01T00:50:00Z", ["2026-01-01T01:00:00Z", "2026-01-01T01:15:00Z"]],
  ["cron(0/10 * ? * MON-FRI *)", "2026-01-02T23:50:00Z", ["2026-01-05T00:00:00Z"]],
  ["cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T17:50:00Z", ["2026-01-02T17:55:00Z", "2026-01-05T08:00:00Z"]],
  ["cron(0 9 ? * 2#1 *)", "2026-01-01T00:00:00Z", ["2026-01-05T09:00:00Z", "2026-02-02T09:00:00Z"]],
  ["cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"]],
  ["cron(0 0 ? * 6L *)", "2026-01-01T00:00:00Z", ["2026-01-30T00:00:00Z"]],
  // 15 August 2026 is a Saturday, and 1 November 2026 a Sunday.
  ["cron(0 0 15W 8 ? 2026)", "2026-01-01T00:00:00Z", ["2026-08-14T00:00:00Z"]],
  ["cron(0 0 1W 11 ? 2026)", "2026-01-01T00:00:00Z", ["2026-11-02T00:00:00Z"]],
  ["cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z"]],
  ["cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00Z", []],
  ["rate(5 minutes)", "2026-01-01T00:00:30Z", ["2026-01-01T00:05:30Z", "2026-01-01T00:10:30Z"]],
  ["rate(1 hour)", "2026-01-01T00:00:00Z", ["2026-01-01T01:00:00Z"]],
  ["rate(2 days)", "2026-01-01T00:00:00Z", ["2026-01-03T00:00:00Z"]],
  ["at(2026-03-01T09:00:00)", "2026-01-01T00:00:00Z", ["2026-03-01T09:00:00Z"]],
  ["at(2025-03-01T09:00:00)", "2026-01-01T00:00:00Z", []],
])("%s after %s comes at %j", (text, start, expected) => {
  expect(times(text, start, Math.max(1, expected.length))).toEqual(expected);
});

test("a schedule keeps to the clocks of its zone, in winter and in summer", () => {
  const start = "2026-03-28T00:00:00Z";
  expect(times("cron(0 9 * * ? *)", start, 2, "Europe/Berlin")).toEqual([
    "2026-03-28T08:00:00Z",
    "2026-03-29T07:00:00Z",
  ]);
  expect(times("at(2026-07-01T09:00:00)", start, 1, "America/New_York")).toEqual(["2026-07-01T13:00:00Z"]);
});

test("a time that the clocks skip does not come, and one that they show twice comes once", () => {
  expect(times("cron(30 2 * * ? *)", "2026-03-28T12:00:00Z", 1, "Europe/Berlin")).toEqual([
    "2026-03-30T00:30:00Z",
  ]);
  expect(times("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", 2, "Europe/Berlin")).toEqual([
    "2026-10-25T00:30:00Z",
    "2026-10-26T01:30:00Z",
  ]);
});

test.each([
  "every day",
  "cron(0 10 * * *)",
  "cron(0 10 * * * *)",
  "cron(0 10 ? * ? *)",
  "cron(60 10 * * ? *)",
  "cron(0 10 * FOO ? *)",
  "cron(0 10 ? * 2#6 *)",
  "rate(0 minutes)",
  "rate(1 minutes)",
  "rate(5 minute)",
  "rate(5 seconds)",
  "at(tomorrow)",
])("%s is refused", (text) => {
  expect(() => parseSchedule(text)).toThrow(InvalidExpression);
});

test("a zone that does not exist is refused", () => {
  expect(() => parseSchedule("cron(0 9 * * ? *)", "Europe/Atlantis")).toThrow(InvalidExpression);
});
