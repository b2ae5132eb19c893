import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../../stepfunctions/testing/virtual-clock.ts";
import type { BatchOutcome } from "../invoker.ts";
import { type BatchSettings, type Discarded, settleBatch } from "./batch.ts";
import type { StreamRecord } from "./source.ts";

const clockStart = Date.parse("2026-01-01T00:00:00Z");
const plain: BatchSettings = {
  reportsItemFailures: false,
  bisects: false,
  retriesMax: -1,
  ageSecondsMax: -1,
};

function record(sequenceNumber: number, arrivedAtMs: number = clockStart): StreamRecord {
  return {
    sequenceNumber: String(sequenceNumber),
    orderKey: "k",
    arrivedAtMs,
    text: "{}",
    filterView: () => ({}),
  };
}

const records = (count: number): readonly StreamRecord[] =>
  Array.from({ length: count }, (_, index) => record(index + 1));
const numbers = (batch: readonly StreamRecord[]): number[] =>
  batch.map(({ sequenceNumber }) => Number(sequenceNumber));
const answered = (answer: unknown): BatchOutcome => ({
  kind: "answered",
  payload: JSON.stringify(answer),
  requestId: "r",
});
const failed: BatchOutcome = { kind: "failed", payload: "{}", requestId: "r" };
const refused: BatchOutcome = { kind: "refused", reason: "TooManyRequestsException" };

/** Settles a batch under a clock of its own, and tells everything that was seen. */
async function run(
  batch: readonly StreamRecord[],
  settings: Partial<BatchSettings>,
  answer: (batch: number[], call: number) => BatchOutcome,
) {
  const clock = new VirtualClock();
  const calls: number[][] = [];
  const settled: number[] = [];
  const discarded: Discarded[] = [];
  const work = settleBatch(
    batch,
    { ...plain, ...settings },
    {
      clock,
      signal: new AbortController().signal,
      invoke: async (part) => {
        calls.push(numbers(part));
        return answer(numbers(part), calls.length);
      },
      settle: (part) => settled.push(...numbers(part)),
      discard: async (given) => void discarded.push(given),
    },
  );
  await clock.settle(work);
  return { calls, settled, discarded, tookMs: clock.now() - clockStart };
}

test("a batch that succeeds is invoked once", async () => {
  const { calls, settled, tookMs } = await run(records(3), {}, () => answered(null));
  expect({ calls, settled, tookMs }).toEqual({ calls: [[1, 2, 3]], settled: [1, 2, 3], tookMs: 0 });
});

test("a batch that fails is retried whole, and given up after its last retry", async () => {
  const { calls, settled, discarded } = await run(records(2), { retriesMax: 2 }, () => failed);
  expect(calls).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect(settled).toEqual([1, 2]);
  expect(discarded).toMatchObject([
    { condition: "RetryAttemptsExhausted", invocations: 3, last: { kind: "failed" } },
  ]);
});

test("a throttled batch is tried again without using up its retries", async () => {
  const { calls, discarded } = await run(records(1), { retriesMax: 0 }, (_batch, call) =>
    call < 4 ? refused : answered(null),
  );
  expect({ calls: calls.length, discarded }).toEqual({ calls: 4, discarded: [] });
});

test("waits between tries grow, up to a minute", async () => {
  const { tookMs } = await run(records(1), {}, (_batch, call) => (call < 4 ? failed : answered(null)));
  expect(tookMs).toBe(500 + 1_000 + 2_000);
  const later = await run(records(1), {}, (_batch, call) => (call < 20 ? failed : answered(null)));
  expect(later.tookMs).toBe(63_500 + 12 * 60_000);
});

test("bisecting finds one poison record among 100, and gives up no other", async () => {
  const poison = 37;
  const { calls, settled, discarded } = await run(records(100), { bisects: true, retriesMax: 2 }, (batch) =>
    batch.includes(poison) ? failed : answered(null),
  );
  expect(discarded.map((given) => numbers(given.records))).toEqual([[poison]]);
  expect(settled).toEqual(numbers(records(100)));
  // Each half once on the way down, and the poison record alone with its two retries.
  expect(calls.filter((batch) => batch.length === 1 && batch[0] === poison)).toHaveLength(3);
  expect(calls.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(100)) + 3);
});

test("a function that says where it failed is invoked again from there", async () => {
  const { calls, settled, discarded } = await run(
    records(5),
    { reportsItemFailures: true, retriesMax: 1 },
    (_batch, call) =>
      call === 1
        ? answered({ batchItemFailures: [{ itemIdentifier: "4" }, { itemIdentifier: "3" }] })
        : answered({ batchItemFailures: [] }),
  );
  expect({ calls, settled, discarded }).toEqual({
    calls: [
      [1, 2, 3, 4, 5],
      [3, 4, 5],
    ],
    settled: [1, 2, 3, 4, 5],
    discarded: [],
  });
});

test.each([
  ["an identifier that is not of the batch", { batchItemFailures: [{ itemIdentifier: "99" }] }],
  ["an empty identifier", { batchItemFailures: [{ itemIdentifier: "" }] }],
  ["a null identifier", { batchItemFailures: [{ itemIdentifier: null }] }],
  ["a key of another name", { batchItemFailures: [{ id: "1" }] }],
  ["a list that is none", { batchItemFailures: "1" }],
  ["an answer that is no object", "done"],
])("%s fails the whole batch", async (_what, answer) => {
  const { calls } = await run(records(2), { reportsItemFailures: true }, (_batch, call) =>
    answered(call === 1 ? answer : null),
  );
  expect(calls).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
  "the answer %j means that all is done",
  async (answer) => {
    const { calls } = await run(records(2), { reportsItemFailures: true }, () => answered(answer));
    expect(calls).toEqual([[1, 2]]);
  },
);

test("a mapping that reports no failures takes any answer for a success", async () => {
  const { calls } = await run(records(2), {}, () =>
    answered({ batchItemFailures: [{ itemIdentifier: "1" }] }),
  );
  expect(calls).toHaveLength(1);
});

test("records over the maximum age are given up without an invocation, the others go on", async () => {
  const batch = [
    record(1, clockStart - 61_000),
    record(2, clockStart - 60_001),
    record(3, clockStart - 1_000),
  ];
  const { calls, settled, discarded } = await run(batch, { ageSecondsMax: 60 }, () => answered(null));
  expect({ calls, settled }).toEqual({ calls: [[3]], settled: [1, 2, 3] });
  expect(discarded).toMatchObject([{ condition: "RecordAgeExceeded", invocations: 0, last: undefined }]);
});

test("a batch that fails for ever is given up when it has grown too old", async () => {
  const { calls, discarded, tookMs } = await run(records(2), { ageSecondsMax: 60 }, () => failed);
  expect(calls.length).toBeGreaterThan(3);
  expect(discarded).toMatchObject([{ condition: "RecordAgeExceeded", invocations: calls.length }]);
  expect(tookMs).toBeLessThan(130_000);
});

test("a batch under way when the poller stops is not settled", async () => {
  const controller = new AbortController();
  const settled: number[] = [];
  await settleBatch(records(2), plain, {
    clock: new VirtualClock(),
    signal: controller.signal,
    invoke: async () => {
      controller.abort();
      return failed;
    },
    settle: (part) => settled.push(...numbers(part)),
    discard: async () => undefined,
  });
  expect(settled).toEqual([]);
});

test("whatever fails, every record is settled once and in order, and only poison is given up", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 }),
      async (count, poison, reportsItemFailures, retriesMax) => {
        const isPoison = (number: number): boolean => poison.includes(number);
        const { settled, discarded } = await run(
          records(count),
          { bisects: true, reportsItemFailures, retriesMax },
          (batch) => {
            const bad = batch.find(isPoison);
            if (bad === undefined) return answered({ batchItemFailures: [] });
            return reportsItemFailures
              ? answered({ batchItemFailures: [{ itemIdentifier: String(bad) }] })
              : failed;
          },
        );
        expect(settled).toEqual(numbers(records(count)));
        expect(discarded.flatMap((given) => numbers(given.records))).toEqual(
          numbers(records(count)).filter(isPoison),
        );
      },
    ),
    { numRuns: 100 },
  );
});
