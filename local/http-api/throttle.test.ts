import { expect, test } from "vitest";
import { TokenBucket } from "./throttle.ts";

function taken(bucket: TokenBucket, times: number, nowMs: number): number {
  return Array.from({ length: times }, () => bucket.take(nowMs)).filter(Boolean).length;
}

test("a bucket lets a burst through, then the rate", () => {
  const bucket = new TokenBucket(10, 3, 0);
  expect(taken(bucket, 5, 0)).toBe(3);
  expect(taken(bucket, 5, 99)).toBe(0);
  expect(taken(bucket, 5, 300)).toBe(3);
});

test("a bucket never holds more than its burst, however long nobody came", () => {
  const bucket = new TokenBucket(10, 3, 0);
  expect(taken(bucket, 5, 3_600_000)).toBe(3);
});

test("a clock that is set back gives nothing", () => {
  const bucket = new TokenBucket(1, 1, 10_000);
  expect(taken(bucket, 1, 10_000)).toBe(1);
  expect(taken(bucket, 1, 0)).toBe(0);
});

test("a burst of 0 closes the route", () => {
  expect(taken(new TokenBucket(10, 0, 0), 3, 60_000)).toBe(0);
});
