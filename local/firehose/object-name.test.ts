import { expect, test } from "vitest";
import { objectKeyOf } from "./object-name.ts";

const uuid = "b4703fd4-5536-44bc-824f-61fa623ac116";
const at = new Date("2026-01-05T23:07:09.999Z");
const keyOf = (prefix: string, extension = "") =>
  objectKeyOf({ deliveryName: "events", prefix, extension }, at, uuid);
const suffix = `events-1-2026-01-05-23-07-09-${uuid}`;

test.each([
  ["events/day=!{timestamp:yyyy-MM-dd}/", "events/day=2026-01-05/"],
  ["!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:HH'h'mm''}/", "2026/01/23h07'/"],
  ["a/!{firehose:random-string}/", "a/b4703fd4553/"],
  // Without an expression the hour follows, and no slash before it.
  ["", "2026/01/05/23/"],
  ["legacy", "legacy2026/01/05/23/"],
])("the prefix %j is evaluated by the arrival (UTC): %j", (prefix, evaluated) => {
  expect(keyOf(prefix)).toBe(`${evaluated}${suffix}`);
});

test("an object is called after its delivery, its version and its time, and has the extension that it was given", () => {
  expect(keyOf("e/!{timestamp:yyyy}/", ".json.gz")).toBe(`e/2026/${suffix}.json.gz`);
});

test("what does not fit has a place that names its kind, and what fits has none", () => {
  const prefix = "unfit/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/";
  const errorType = "format-conversion-failed" as const;
  expect(objectKeyOf({ deliveryName: "events", prefix, extension: "", errorType }, at, uuid)).toBe(
    `unfit/format-conversion-failed/day=2026-01-05/${suffix}`,
  );
  expect(() => keyOf(prefix)).toThrow("!{firehose:error-output-type} cannot stand in the prefix");
});

test.each([
  ["!{timestamp:yyyy-'W'ww}", "ww of the time"],
  ["!{partitionKeyFromQuery:merchant}/", "!{partitionKeyFromQuery:merchant} cannot stand"],
])("the prefix %j is refused and not written as it stands", (prefix, because) => {
  expect(() => keyOf(prefix)).toThrow(because);
});
