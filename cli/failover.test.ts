import { afterEach, expect, test, vi } from "vitest";
import { storeConnection } from "./connection.ts";
import { startFailover } from "./failover.ts";

const untouched = { send: () => Promise.reject(new Error("AWS was asked")) };
const word = { by: "me", reason: "it is lost", evidence: "INC-1" };

test.each([
  [{ ...word, by: undefined }, /say --by whom/],
  [{ ...word, segments: "many" }, /--segments is a whole number from 1 to 64/],
  [{ ...word, segments: "65" }, /--segments/],
  [{ ...word, since: "yesterday" }, /--since is a time/],
])("a failover that is typed as %o is refused before anything is asked of AWS", async (typed, refusal) => {
  await expect(startFailover(untouched, typed, () => undefined)).rejects.toThrow(refusal);
});

afterEach(() => vi.unstubAllEnvs());

test("a stage on AWS without a region is refused, with what to set", () => {
  vi.stubEnv("AWS_REGION", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  expect(() => storeConnection(".local", "production")).toThrow("set AWS_REGION to the region of production");
});
