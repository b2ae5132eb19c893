import { describe, expect, test } from "vitest";
import { historyEventsMax } from "./history.ts";
import { run, start, task } from "./testing/run.ts";

const end = { Type: "Succeed" };

function failed(error: string, cause: unknown = expect.anything()): object {
  return { status: "FAILED", error, cause };
}

describe("data flow", () => {
  test("a state's output is the next one's input, and without Output it hands its input on", async () => {
    const { outcome } = await run(
      {
        A: { Type: "Pass", Next: "B" },
        B: { Type: "Pass", Output: { got: "{% $states.input.a %}" }, Next: "C" },
        C: { Type: "Succeed", Output: "{% $merge([$states.input, {'done': true}]) %}" },
      },
      { input: { a: 1 } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: { got: 1, done: true } });
  });

  test("a state's expressions see the variables as they were on entry", async () => {
    const { outcome } = await run({
      A: { Type: "Pass", Assign: { x: 1, y: 10 }, Next: "B" },
      B: {
        Type: "Pass",
        Assign: { x: "{% $y %}", y: "{% $x %}" },
        Output: ["{% $x %}", "{% $y %}"],
        Next: "C",
      },
      C: { Type: "Pass", Output: ["{% $states.input %}", "{% $x %}", "{% $y %}"], End: true },
    });
    expect(outcome).toEqual({ status: "SUCCEEDED", output: [[1, 10], 10, 1] });
  });

  test("inner scopes read outer variables, and their own stay inside", async () => {
    const inner = (name: string) => ({
      StartAt: name,
      States: {
        [name]: { Type: "Pass", Assign: { mine: "{% $outer & '!' %}" }, Next: `${name}2` },
        [`${name}2`]: { Type: "Pass", Output: "{% $mine %}", End: true },
      },
    });
    const { outcome } = await run({
      A: { Type: "Pass", Assign: { outer: "o" }, Next: "P" },
      P: { Type: "Parallel", Branches: [inner("X"), inner("Y")], Next: "Z" },
      Z: { Type: "Pass", Output: ["{% $states.input %}", "{% $exists($mine) %}"], End: true },
    });
    expect(outcome).toEqual({ status: "SUCCEEDED", output: [["o!", "o!"], false] });
  });

  test("the context object tells the execution, the machine and the state", async () => {
    const { outcome, clock } = await run(
      {
        W: { Type: "Wait", Seconds: 60, Next: "S" },
        S: { Type: "Pass", Output: "{% $states.context %}", End: true },
      },
      { input: { n: 1 } },
    );
    expect(outcome).toEqual({
      status: "SUCCEEDED",
      output: {
        Execution: {
          Id: "arn:aws:states:eu-central-1:111111111111:execution:machine:run",
          Input: { n: 1 },
          Name: "run",
          RoleArn: "arn:aws:iam::111111111111:role/machine",
          StartTime: "2026-01-01T00:00:00.000Z",
          RedriveCount: 0,
        },
        StateMachine: {
          Id: "arn:aws:states:eu-central-1:111111111111:stateMachine:machine",
          Name: "machine",
        },
        State: { Name: "S", EnteredTime: "2026-01-01T00:01:00.000Z" },
      },
    });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("Choice", () => {
  const choose = {
    C: {
      Type: "Choice",
      Choices: [
        { Condition: "{% $states.input.n > 10 %}", Next: "End", Output: "big", Assign: { size: 2 } },
        { Condition: "{% $states.input.n > 5 %}", Next: "End", Output: "middle" },
      ],
      Default: "End",
      Output: "small",
    },
    End: end,
  };

  test.each([
    [11, "big"],
    [6, "middle"],
    [5, "small"],
  ])("for %i takes the first rule that holds: %s", async (n, output) => {
    expect((await run(choose, { input: { n } })).outcome).toEqual({ status: "SUCCEEDED", output });
  });

  test("without a rule that holds and without Default it fails", async () => {
    const states = { C: { Type: "Choice", Choices: [{ Condition: "{% false %}", Next: "End" }] }, End: end };
    const cause =
      "An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.";
    expect((await run(states)).outcome).toEqual(failed("States.Runtime", cause));
  });

  test("a condition must be a boolean", async () => {
    const states = {
      C: { Type: "Choice", Choices: [{ Condition: "{% 'yes' %}", Next: "End" }], Default: "End" },
      End: end,
    };
    const cause = expect.stringContaining(
      `'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: "yes"`,
    );
    expect((await run(states)).outcome).toEqual(failed("States.QueryEvaluationError", cause));
  });
});

describe("Wait", () => {
  test.each<[string, object, number]>([
    ["for a number of seconds", { Seconds: 3 }, 3_000],
    ["for as long as an expression says", { Seconds: "{% $states.input.s * 2 %}" }, 10_000],
    ["until a timestamp", { Timestamp: "2026-01-01T01:00:00Z" }, 3_600_000],
    ["not for a time that is past", { Timestamp: "2020-01-01T00:00:00Z" }, 0],
    ["not for no seconds", { Seconds: 0 }, 0],
  ])("waits %s", async (_title, wait, tookMs) => {
    const found = await run({ W: { Type: "Wait", ...wait, End: true } }, { input: { s: 5 } });
    expect(found.outcome.status).toBe("SUCCEEDED");
    expect(found.tookMs).toBe(tookMs);
  });

  test.each([["{% -1 %}"], ["{% 1.5 %}"], ["{% 'x' %}"]])("refuses %s seconds", async (seconds) => {
    const { outcome } = await run({ W: { Type: "Wait", Seconds: seconds, End: true } });
    expect(outcome).toEqual(failed("States.QueryEvaluationError"));
  });
});

describe("the end of an execution", () => {
  test("a Fail state gives its error and cause", async () => {
    const states = { F: { Type: "Fail", Error: "{% $states.input.e %}", Cause: "why" } };
    expect((await run(states, { input: { e: "Refused" } })).outcome).toEqual(failed("Refused", "why"));
    expect((await run({ F: { Type: "Fail" } })).outcome).toEqual({
      status: "FAILED",
      error: undefined,
      cause: undefined,
    });
  });

  test("TimeoutSeconds of the machine ends it, wherever it is", async () => {
    const { outcome, tookMs } = await run(
      { W: { Type: "Wait", Seconds: 3, End: true } },
      { timeoutSeconds: 2 },
    );
    expect(outcome).toEqual({ status: "TIMED_OUT", error: "States.Timeout", cause: undefined });
    expect(tookMs).toBe(2_000);
  });

  test("an Express execution lives for five minutes, and a Standard one on", async () => {
    const states = { W: { Type: "Wait", Seconds: 301, End: true } };
    expect((await run(states, { type: "EXPRESS" })).tookMs).toBe(300_000);
    expect((await run(states)).outcome.status).toBe("SUCCEEDED");
  });

  test("stopping it aborts it at once, and only once", async () => {
    const { clock, execution } = start({ W: { Type: "Wait", Seconds: 60, End: true } });
    await clock.advance(1_000);
    execution.stop({ error: "Operator", cause: "enough" });
    execution.stop({ error: "Operator", cause: "again" });
    expect(await execution.outcome).toEqual({ status: "ABORTED", error: "Operator", cause: "enough" });
    expect(clock.pendingTimers).toBe(0);
  });

  test("a loop ends when the history is full", async () => {
    const { outcome, events } = await run({
      A: { Type: "Pass", Next: "B" },
      B: { Type: "Pass", Next: "A" },
    });
    expect(outcome).toEqual(
      failed("States.Runtime", "The execution reached the maximum number of history events (25000)."),
    );
    expect(events).toHaveLength(historyEventsMax);
    expect(events.at(-1)).toMatchObject({ type: "ExecutionFailed", id: historyEventsMax });
  });

  test("nothing that catches everything catches a full history", async () => {
    const { outcome } = await run({
      P: {
        Type: "Parallel",
        Branches: [{ StartAt: "A", States: { A: { Type: "Pass", Next: "A" } } }],
        Retry: [{ ErrorEquals: ["States.ALL"] }],
        Catch: [{ ErrorEquals: ["States.Runtime"], Next: "End" }],
        Next: "End",
      },
      End: end,
    });
    expect(outcome).toEqual(failed("States.Runtime"));
  });
});

test("the same machine with the same clock, functions and chance makes the same history", async () => {
  const states = {
    M: {
      Type: "Map",
      Items: "{% [1..5] %}",
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: "T",
        States: {
          T: task("f", {
            Retry: [{ ErrorEquals: ["Busy"], JitterStrategy: "FULL" }],
            Output: "{% $uuid() & $string($random()) & $now() %}",
            End: true,
          }),
        },
      },
      End: true,
    },
  };
  const once = () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    return run(states, {
      random,
      functions: { f: (_event, call) => (call % 3 === 0 ? { throws: "Busy" } : { returns: call }) },
    });
  };
  const [first, second] = [await once(), await once()];
  expect(first.outcome.status).toBe("SUCCEEDED");
  expect(second.events).toEqual(first.events);
});
