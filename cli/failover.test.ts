import { afterEach, expect, test, vi } from "vitest";
import { storeConnection } from "./connection.ts";
import { startFailover } from "./failover.ts";

const untouched = { send: () => Promise.reject(new Error("AWS was asked")) };
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const word = { by: "me", reason: "it is lost", evidence: "INC-1", since: inMs(-3_600_000) };

test.each([
  [{ ...word, by: undefined }, /say --by whom/],
  [{ ...word, segments: "many" }, /--segments is a whole number from 1 to 40/],
  [{ ...word, segments: "41" }, /--segments/],
  [{ ...word, since: undefined }, /say --since when .* replication was last known to be whole/],
  [{ ...word, since: "yesterday" }, /--since is a time/],
  [{ ...word, since: "2026-01-31T12:00:00" }, /--since is a time/],
  [{ ...word, since: inMs(60_000) }, /--since is in the future/],
  [{ ...word, since: "2016-01-31T12:00:00Z" }, /--since is more than 30 days ago/],
])("a failover that is typed as %o is refused before anything is asked of AWS", async (typed, refusal) => {
  await expect(startFailover(untouched, typed, () => undefined)).rejects.toThrow(refusal);
});

afterEach(() => vi.unstubAllEnvs());

test("a stage on AWS without a region is refused, with what to set", () => {
  vi.stubEnv("AWS_REGION", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  expect(() => storeConnection(".local", "production")).toThrow("set AWS_REGION to the region of production");
});
