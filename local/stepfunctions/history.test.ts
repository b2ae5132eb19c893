import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "./history.ts";
import { run, start, task } from "./testing/run.ts";

/** `id < previousEventId type`, and the iteration's index where there is one. */
function lines(events: readonly HistoryEvent[]): string[] {
  return events.map(({ id, previousEventId, type, details }) => {
    const index = "index" in details ? ` ${details.index}` : "";
    return `${id} < ${previousEventId} ${type}${index}`;
  });
}

const pass = { Type: "Pass", End: true };

function map(processor: object, more: object = {}): object {
  return { Type: "Map", MaxConcurrency: 1, ItemProcessor: processor, End: true, ...more };
}

// Recorded on AWS with JSONPath machines that differ in nothing else: `test_map_state_nested`,
// `test_parallel_state_nested`, `test_map_state_retry_legacy` and `test_map_state_catch` of LocalStack's snapshots.
describe("the events of groups have the ids that AWS gives", () => {
  test("in a map inside a map", async () => {
    const inner = map({ StartAt: "P", States: { P: pass } });
    const { events } = await run(
      { M: map({ StartAt: "N", States: { N: inner } }) },
      { input: [[1, 2], [3]] },
    );
    expect(lines(events)).toEqual([
      "1 < 0 ExecutionStarted",
      "2 < 0 MapStateEntered",
      "3 < 2 MapStateStarted",
      "4 < 3 MapIterationStarted 0",
      "5 < 4 MapStateEntered",
      "6 < 5 MapStateStarted",
      "7 < 6 MapIterationStarted 0",
      "8 < 7 PassStateEntered",
      "9 < 8 PassStateExited",
      "10 < 9 MapIterationSucceeded 0",
      "11 < 9 MapIterationStarted 1",
      "12 < 11 PassStateEntered",
      "13 < 12 PassStateExited",
      "14 < 13 MapIterationSucceeded 1",
      "15 < 14 MapStateSucceeded",
      "16 < 14 MapStateExited",
      "17 < 16 MapIterationSucceeded 0",
      "18 < 16 MapIterationStarted 1",
      "19 < 18 MapStateEntered",
      "20 < 19 MapStateStarted",
      "21 < 20 MapIterationStarted 0",
      "22 < 21 PassStateEntered",
      "23 < 22 PassStateExited",
      "24 < 23 MapIterationSucceeded 0",
      "25 < 24 MapStateSucceeded",
      "26 < 24 MapStateExited",
      "27 < 26 MapIterationSucceeded 1",
      "28 < 27 MapStateSucceeded",
      "29 < 27 MapStateExited",
      "30 < 29 ExecutionSucceeded",
    ]);
  });

  test("in a parallel inside a parallel", async () => {
    const parallel = (name: string, state: object) => ({
      Type: "Parallel",
      Branches: [{ StartAt: name, States: { [name]: state } }],
      End: true,
    });
    const { events } = await run({ P: parallel("Q", parallel("B", pass)) });
    expect(lines(events)).toEqual([
      "1 < 0 ExecutionStarted",
      "2 < 0 ParallelStateEntered",
      "3 < 2 ParallelStateStarted",
      "4 < 3 ParallelStateEntered",
      "5 < 4 ParallelStateStarted",
      "6 < 5 PassStateEntered",
      "7 < 6 PassStateExited",
      "8 < 7 ParallelStateSucceeded",
      "9 < 7 ParallelStateExited",
      "10 < 9 ParallelStateSucceeded",
      "11 < 9 ParallelStateExited",
      "12 < 11 ExecutionSucceeded",
    ]);
  });

  const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "Bad" } } };

  test("in a map that is tried again and fails", async () => {
    const state = map(failing, { Retry: [{ ErrorEquals: ["Bad"], MaxAttempts: 1 }] });
    const { events } = await run({ M: state }, { input: [1] });
    expect(lines(events)).toEqual([
      "1 < 0 ExecutionStarted",
      "2 < 0 MapStateEntered",
      "3 < 2 MapStateStarted",
      "4 < 3 MapIterationStarted 0",
      "5 < 4 FailStateEntered",
      "6 < 5 MapIterationFailed 0",
      "7 < 5 MapStateStarted",
      "8 < 7 MapIterationStarted 0",
      "9 < 8 FailStateEntered",
      "10 < 9 MapIterationFailed 0",
      "11 < 9 MapStateFailed",
      "12 < 11 ExecutionFailed",
    ]);
  });

  test("in a map whose failure is caught", async () => {
    const state = map(failing, { Catch: [{ ErrorEquals: ["Bad"], Next: "Caught" }] });
    const { events } = await run({ M: state, Caught: pass }, { input: [1] });
    expect(lines(events).slice(5)).toEqual([
      "6 < 5 MapIterationFailed 0",
      "7 < 5 MapStateFailed",
      "8 < 7 MapStateExited",
      "9 < 8 PassStateEntered",
      "10 < 9 PassStateExited",
      "11 < 10 ExecutionSucceeded",
    ]);
  });
});

test("a task that times out records its limit, and no cause", async () => {
  const state = task("f", { TimeoutSeconds: 5, HeartbeatSeconds: 2, End: true });
  const { events } = await run({ T: state }, { functions: { f: () => new Promise(() => undefined) } });
  expect(lines(events)).toEqual([
    "1 < 0 ExecutionStarted",
    "2 < 0 TaskStateEntered",
    "3 < 2 TaskScheduled",
    "4 < 3 TaskStarted",
    "5 < 4 TaskTimedOut",
    "6 < 5 ExecutionFailed",
  ]);
  expect(events[2]).toMatchObject({
    timestamp: Date.parse("2026-01-01T00:00:00Z"),
    details: { region: "eu-central-1", timeoutInSeconds: 5, heartbeatInSeconds: 2 },
  });
  expect(events[4]).toMatchObject({
    timestamp: Date.parse("2026-01-01T00:00:05Z"),
    details: { error: "States.Timeout", cause: undefined },
  });
});

test("an evaluation that fails after a task follows the task's last event", async () => {
  const state = task("f", { Output: "{% $states.result.gone %}", End: true });
  const { events } = await run({ T: state }, { functions: { f: () => ({ returns: null }) } });
  expect(lines(events).slice(4)).toEqual([
    "5 < 4 TaskSucceeded",
    "6 < 5 EvaluationFailed",
    "7 < 6 ExecutionFailed",
  ]);
});

test("the others of a failed group are recorded as aborted", async () => {
  const processor = {
    StartAt: "C",
    States: {
      C: { Type: "Choice", Choices: [{ Condition: "{% $states.input = 0 %}", Next: "W" }], Default: "F" },
      W: { Type: "Wait", Seconds: 9, End: true },
      F: { Type: "Fail", Error: "Bad" },
    },
  };
  const { events } = await run({ M: map(processor, { MaxConcurrency: 2 }) }, { input: [0, 1] });
  expect(lines(events).slice(9)).toEqual([
    "10 < 8 WaitStateEntered",
    "11 < 9 FailStateEntered",
    "12 < 11 MapIterationFailed 1",
    "13 < 10 WaitStateAborted",
    "14 < 13 MapIterationAborted 0",
    "15 < 11 MapStateFailed",
    "16 < 15 ExecutionFailed",
  ]);
});

test.each([
  ["stopped", "ExecutionAborted"],
  ["out of time", "ExecutionTimedOut"],
])("an execution that is %s ends with %s, which follows nothing", async (how, type) => {
  const states = { W: { Type: "Wait", Seconds: 60, End: true } };
  const { clock, execution, events } = start(states, { timeoutSeconds: 30 });
  if (how === "stopped") execution.stop({ error: "Operator", cause: undefined });
  await clock.settle(execution.outcome);
  expect(lines(events)).toEqual(["1 < 0 ExecutionStarted", "2 < 0 WaitStateEntered", `3 < 0 ${type}`]);
});
