import { expect, test } from "vitest";
import type { Retrier } from "./machine.ts";
import { RetryCounts } from "./retry.ts";

const retrier: Retrier = {
  errorEquals: ["Busy"],
  intervalSeconds: 1,
  maxAttempts: 3,
  backoffRate: 2,
  maxDelaySeconds: undefined,
  jitter: "NONE",
};

function delays(retriers: readonly Retrier[], errors: readonly string[], random = 0.25): unknown[] {
  const counts = new RetryCounts();
  return errors.map((error) => counts.next(retriers, { error, cause: undefined }, () => random));
}

const busy = (times: number): string[] => new Array(times).fill("Busy");

test.each<[string, Partial<Retrier>, (number | undefined)[]]>([
  ["doubles the interval until its attempts are used up", {}, [1_000, 2_000, 4_000, undefined]],
  ["grows by its own rate", { intervalSeconds: 3, backoffRate: 1.5 }, [3_000, 4_500, 6_750, undefined]],
  ["never waits longer than MaxDelaySeconds", { maxDelaySeconds: 3 }, [1_000, 2_000, 3_000, undefined]],
  ["draws a delay up to the interval with full jitter", { jitter: "FULL" }, [250, 500, 1_000, undefined]],
  ["does nothing with MaxAttempts 0", { maxAttempts: 0 }, [undefined]],
  ["waits at most a year, whatever the rate", { backoffRate: 1e9, maxAttempts: 2 }, [1_000, 31_622_400_000]],
])("a retrier %s", (_title, change, expected) => {
  expect(delays([{ ...retrier, ...change }], busy(expected.length))).toEqual(expected);
});

test("each retrier counts its own attempts, and the first that names the error decides", () => {
  const once = { ...retrier, maxAttempts: 1 };
  const any = { ...retrier, errorEquals: ["States.ALL"], intervalSeconds: 10, maxAttempts: 1 };
  expect(delays([once, any], ["Busy", "Down", "Busy", "Down"])).toEqual([
    1_000,
    10_000,
    undefined,
    undefined,
  ]);
});

test("an error that no retrier names is not retried", () => {
  expect(delays([retrier], ["CardDeclined"])).toEqual([undefined]);
});
