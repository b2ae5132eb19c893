import { describe, expect, test } from "vitest";
import { functionError, run, start, task } from "./testing/run.ts";

const end = { Type: "Succeed" };
const any = ["States.ALL"];

describe("a Task", () => {
  test("calls the function with its arguments and gives the whole response of Invoke", async () => {
    const call = task("charge", { Output: "{% $states.result %}", End: true });
    const { outcome, invocations } = await run(
      { T: { ...call, Arguments: { FunctionName: "charge", Qualifier: "live", Payload: { n: 1 } } } },
      { functions: { charge: () => ({ returns: { ok: true } }) } },
    );
    expect(invocations).toEqual([
      {
        functionName: "charge",
        qualifier: "live",
        payload: '{"n":1}',
        roleArn: "arn:aws:iam::111111111111:role/machine",
        executionArn: "arn:aws:states:eu-central-1:111111111111:execution:machine:run",
        stateName: "T",
        retryCount: 0,
      },
    ]);
    expect(outcome).toMatchObject({
      status: "SUCCEEDED",
      output: {
        ExecutedVersion: "$LATEST",
        Payload: { ok: true },
        StatusCode: 200,
        SdkHttpMetadata: { HttpHeaders: { "Content-Length": "11", Date: "Thu, 01 Jan 2026 00:00:00 GMT" } },
      },
    });
  });

  test.each<[string, object, string]>([
    ["no Payload", { FunctionName: "f" }, "{}"],
    ["a Payload of null", { FunctionName: "f", Payload: null }, "null"],
    ["a text", { FunctionName: "f", Payload: "bar" }, '"bar"'],
  ])("sends %s as %s", async (_title, args, payload) => {
    const { invocations } = await run(
      { T: { ...task("f", { End: true }), Arguments: args } },
      { functions: { f: () => ({ returns: null }) } },
    );
    expect(invocations[0]?.payload).toBe(payload);
  });

  test("fails with the function's own error, and its payload as the cause", async () => {
    const { outcome } = await run(
      { T: task("f", { End: true }) },
      { functions: { f: () => ({ throws: "CardDeclined" }) } },
    );
    expect(outcome).toEqual({
      status: "FAILED",
      error: "CardDeclined",
      cause: functionError("CardDeclined"),
    });
  });

  test("fails with Lambda's error when the function does not run", async () => {
    const { outcome } = await run({ T: task("gone", { End: true }) });
    expect(outcome).toEqual({
      status: "FAILED",
      error: "Lambda.ResourceNotFoundException",
      cause: "refused",
    });
  });

  test("fails with the client's error when the call cannot be made", async () => {
    const broken = () => Promise.reject(new Error("socket hang up"));
    const { outcome } = await run({ T: task("f", { End: true }) }, { functions: { f: broken } });
    expect(outcome).toEqual({
      status: "FAILED",
      error: "Lambda.SdkClientException",
      cause: "socket hang up",
    });
  });

  test("does not take a result of {statusCode: 500} for a failure", async () => {
    const { outcome } = await run(
      { T: task("f", { Catch: [{ ErrorEquals: any, Next: "Never" }], End: true }), Never: end },
      { functions: { f: () => ({ returns: { statusCode: 500 } }) } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: { statusCode: 500 } });
  });

  test.each<[string, number | string]>([
    ["a number", 5],
    ["an expression", "{% $states.input.limit %}"],
  ])("times out after %s of seconds, while the function runs on", async (_title, timeout) => {
    let finish: (() => void) | undefined;
    const slow = () =>
      new Promise<{ returns: null }>((resolve) => {
        finish = () => resolve({ returns: null });
      });
    const { outcome, tookMs, events } = await run(
      { T: task("f", { TimeoutSeconds: timeout, End: true }) },
      { input: { limit: 5 }, functions: { f: slow } },
    );
    expect(outcome).toEqual({ status: "FAILED", error: "States.Timeout", cause: undefined });
    expect(tookMs).toBe(5_000);
    const before = events.length;
    finish?.();
    await new Promise(setImmediate);
    expect(events).toHaveLength(before);
  });

  test("fails when its result has more than 256 KB, which States.ALL does not catch", async () => {
    const large = { f: () => ({ returns: "x".repeat(262_144) }) };
    const catching = (...errors: string[]) => ({
      T: task("f", { Catch: [{ ErrorEquals: errors, Next: "End" }], End: true }),
      End: end,
    });
    expect((await run(catching("States.ALL"), { functions: large })).outcome).toEqual({
      status: "FAILED",
      error: "States.DataLimitExceeded",
      cause:
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
    const named = await run(catching("States.DataLimitExceeded"), { functions: large });
    expect(named.outcome.status).toBe("SUCCEEDED");
  });
});

describe("Retry", () => {
  test("tries again after growing delays, and tells how often it has", async () => {
    const { outcome, tookMs, invocations } = await run(
      {
        T: task("f", {
          Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 2, MaxAttempts: 3 }],
          Output: "{% $states.context.State.RetryCount %}",
          End: true,
        }),
      },
      { functions: { f: (_event, call) => (call < 2 ? { throws: "Busy" } : { returns: null }) } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: 2 });
    expect(tookMs).toBe(2_000 + 4_000);
    expect(invocations.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
  });

  test("comes before Catch, which gets the last error", async () => {
    const { outcome, invocations } = await run(
      {
        T: task("f", {
          Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: any, Output: "{% $states.errorOutput.Error %}", Next: "End" }],
          End: true,
        }),
        End: end,
      },
      { functions: { f: (_event, call) => ({ throws: call === 0 ? "Busy" : "Down" }) } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: "Down" });
    expect(invocations).toHaveLength(2);
  });

  test("counts again when the state is entered again", async () => {
    const { outcome, invocations } = await run(
      {
        T: task("f", {
          Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 1 }],
          Assign: { rounds: "{% $exists($rounds) ? $rounds + 1 : 1 %}" },
          Next: "Again",
        }),
        Again: { Type: "Choice", Choices: [{ Condition: "{% $rounds < 2 %}", Next: "T" }], Default: "End" },
        End: end,
      },
      { functions: { f: (_event, call) => (call % 2 === 0 ? { throws: "Busy" } : { returns: null }) } },
    );
    expect(outcome.status).toBe("SUCCEEDED");
    expect(invocations).toHaveLength(4);
  });
});

describe("Catch", () => {
  const caught = (catcher: object) => ({
    T: task("f", { Catch: [{ ErrorEquals: any, Next: "After", ...catcher }], End: true }),
    After: {
      Type: "Pass",
      Output: ["{% $states.input %}", "{% $exists($why) ? $why : 'none' %}"],
      End: true,
    },
  });
  const functions = { f: () => ({ throws: "Down" }) };
  const errorOutput = { Error: "Down", Cause: functionError("Down") };

  test.each<[string, object, unknown]>([
    ["hands the error output on", {}, [errorOutput, "none"]],
    ["gives its own Output", { Output: "{% $states.input.id %}" }, ["pay_1", "none"]],
    ["assigns variables", { Assign: { why: "{% $states.errorOutput.Error %}" } }, [errorOutput, "Down"]],
  ])("%s", async (_title, catcher, output) => {
    const { outcome } = await run(caught(catcher), { input: { id: "pay_1" }, functions });
    expect(outcome).toEqual({ status: "SUCCEEDED", output });
  });

  test("gives an error output without Cause for a timeout, which has none", async () => {
    const states = {
      T: task("f", { TimeoutSeconds: 1, Catch: [{ ErrorEquals: any, Next: "End" }], End: true }),
      End: end,
    };
    const { outcome } = await run(states, { functions: { f: () => new Promise(() => undefined) } });
    expect(outcome).toEqual({ status: "SUCCEEDED", output: { Error: "States.Timeout" } });
  });

  test("takes the first catcher that names the error", async () => {
    const states = {
      T: task("f", {
        Catch: [
          { ErrorEquals: ["Busy"], Output: 1, Next: "End" },
          { ErrorEquals: ["Lost", "Down"], Output: 2, Next: "End" },
          { ErrorEquals: any, Output: 3, Next: "End" },
        ],
        End: true,
      }),
      End: end,
    };
    expect((await run(states, { functions })).outcome).toEqual({ status: "SUCCEEDED", output: 2 });
  });

  test("catches a failed evaluation, in the arguments and in the output", async () => {
    const catcher = {
      Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Output: "caught", Next: "End" }],
    };
    const ok = { f: () => ({ returns: null }) };
    const before = { ...task("f", catcher), Arguments: "{% $states.input.gone %}", Next: "End" };
    const after = task("f", { ...catcher, Output: "{% $states.result.gone %}", Next: "End" });
    for (const state of [before, after]) {
      const { outcome } = await run({ T: state, End: end }, { functions: ok });
      expect(outcome).toEqual({ status: "SUCCEEDED", output: "caught" });
    }
  });

  test("fails the execution when its own Output does not evaluate", async () => {
    const { outcome } = await run(caught({ Output: "{% $states.errorOutput.gone %}" }), { functions });
    expect(outcome).toMatchObject({
      status: "FAILED",
      error: "States.QueryEvaluationError",
      cause: expect.stringContaining("specified for the field 'Catch[0]/Output' returned nothing"),
    });
  });
});

test("a retry that waits is cut by the end of the execution", async () => {
  const states = { T: task("f", { Retry: [{ ErrorEquals: any, IntervalSeconds: 60 }], End: true }) };
  const { clock, execution, invocations } = start(states, {
    timeoutSeconds: 5,
    functions: { f: () => ({ throws: "Busy" }) },
  });
  expect((await clock.settle(execution.outcome)).status).toBe("TIMED_OUT");
  expect(invocations).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});
