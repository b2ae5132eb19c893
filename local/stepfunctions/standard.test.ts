import { describe, expect, test } from "vitest";
import { task } from "./testing/run.ts";
import { executionArnOf, machineArn, returned, testService } from "./testing/service.ts";

const wait = { Wait: { Type: "Wait", Seconds: "{% $states.input.wait %}", End: true } };
const day = 86_400_000;

describe("names", () => {
  test("stay reserved for 90 days after an execution has closed, and are free again then", async () => {
    const { clock, start, refused, describe: read } = testService(wait);
    const again = { stateMachineArn: machineArn, name: "run", input: '{"wait":1}' };
    await start("run", { wait: 1 });
    await clock.advance(1_000);
    await clock.advance(90 * day);
    expect(await refused("StartExecution", again)).toEqual({
      code: "ExecutionAlreadyExists",
      message: `Execution Already Exists: '${executionArnOf("run")}'`,
    });
    await clock.advance(1);
    expect(await refused("DescribeExecution", { executionArn: executionArnOf("run") })).toMatchObject({
      code: "ExecutionDoesNotExist",
    });
    await start("run", { wait: 1 });
    expect(await read("run")).toMatchObject({ status: "RUNNING" });
  });
});

describe("ListExecutions", () => {
  test("refuses a status that does not exist", async () => {
    const { refused } = testService(wait);
    const parameters = { stateMachineArn: machineArn, statusFilter: "DONE" };
    expect(await refused("ListExecutions", parameters)).toEqual({
      code: "ValidationException",
      message:
        "1 validation error detected: Value 'DONE' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE]",
    });
  });

  test("refuses an Express machine", async () => {
    const { refused } = testService(wait, { type: "EXPRESS" });
    expect(await refused("ListExecutions", { stateMachineArn: machineArn })).toMatchObject({
      code: "StateMachineTypeNotSupported",
    });
  });
});

describe("GetExecutionHistory", () => {
  const states = {
    Call: task("work", { Assign: { total: 1 }, Next: "Done" }),
    Done: { Type: "Succeed" },
  };
  const finished = async () => {
    const running = testService(states, { invoke: async () => returned({ ok: true }) });
    await running.start("run", { a: 1 });
    await running.clock.advance(1);
    return running;
  };

  test("shows each event with AWS's members, data as JSON texts", async () => {
    const { call } = await finished();
    const { events } = await call("GetExecutionHistory", { executionArn: executionArnOf("run") });
    const at = Date.parse("2026-01-01T00:00:00Z") / 1_000;
    expect(events).toMatchObject([
      {
        type: "ExecutionStarted",
        id: 1,
        previousEventId: 0,
        timestamp: at,
        executionStartedEventDetails: {
          input: '{"a":1}',
          inputDetails: { truncated: false },
          roleArn: "arn:aws:iam::111111111111:role/machine",
        },
      },
      {
        type: "TaskStateEntered",
        id: 2,
        previousEventId: 0,
        stateEnteredEventDetails: { name: "Call", input: '{"a":1}', inputDetails: { truncated: false } },
      },
      {
        type: "TaskScheduled",
        taskScheduledEventDetails: {
          resourceType: "lambda",
          resource: "invoke",
          region: "eu-central-1",
          parameters: '{"FunctionName":"work","Payload":{"a":1}}',
        },
      },
      {
        type: "TaskStarted",
        taskStartedEventDetails: { resourceType: "lambda", resource: "invoke" },
      },
      { type: "TaskSucceeded", taskSucceededEventDetails: { outputDetails: { truncated: false } } },
      {
        type: "TaskStateExited",
        stateExitedEventDetails: {
          name: "Call",
          output: '{"ok":true}',
          outputDetails: { truncated: false },
          assignedVariables: { total: "1" },
          assignedVariablesDetails: { truncated: false },
        },
      },
      { type: "SucceedStateEntered" },
      { type: "SucceedStateExited", stateExitedEventDetails: { name: "Done", output: '{"ok":true}' } },
      { type: "ExecutionSucceeded", executionSucceededEventDetails: { output: '{"ok":true}' } },
    ]);
  });

  test("leaves the data out when asked to", async () => {
    const { call } = await finished();
    const parameters = { executionArn: executionArnOf("run"), includeExecutionData: false };
    const { events } = await call("GetExecutionHistory", parameters);
    expect(JSON.stringify(events)).not.toMatch(/"(?:input|output|parameters|assignedVariables)"/);
  });

  test("of an Express execution is none that the API could name", async () => {
    const { start, refused } = testService(states, {
      type: "EXPRESS",
      invoke: async () => returned({ ok: true }),
    });
    const { executionArn } = await start("run");
    expect(await refused("GetExecutionHistory", { executionArn })).toEqual({
      code: "InvalidArn",
      message: "Invalid Arn: 'Resource type not valid in this context: express'",
    });
  });
});

test("DescribeStateMachineForExecution gives the definition that the execution runs", async () => {
  const { call, start } = testService(wait);
  await start("run", { wait: 1 });
  const described = await call("DescribeStateMachineForExecution", { executionArn: executionArnOf("run") });
  expect(JSON.parse(String(described["definition"]))).toMatchObject({ StartAt: "Wait", States: wait });
});

describe("RedriveExecution", () => {
  const executionArn = executionArnOf("run");

  test("goes on with the state that failed, with all its retries, in the same history", async () => {
    const called: string[] = [];
    let broken = true;
    const states = {
      First: task("first", { Next: "Second" }),
      Second: task("second", {
        Retry: [{ ErrorEquals: ["States.ALL"], MaxAttempts: 1 }],
        Output: "{% $states.context.Execution.RedriveCount %}",
        End: true,
      }),
    };
    const {
      call,
      clock,
      start,
      describe: read,
      events,
    } = testService(states, {
      invoke: async ({ functionName }) => {
        called.push(functionName);
        if (functionName === "second" && broken) return { kind: "refused", error: "Down", cause: "for now" };
        return returned({});
      },
    });
    await start("run");
    await clock.advance(5_000);
    expect(await read("run")).toMatchObject({
      status: "FAILED",
      redriveStatus: "REDRIVABLE",
      redriveCount: 0,
    });
    broken = false;
    const { redriveDate } = await call("RedriveExecution", { executionArn });
    expect(redriveDate).toBe(clock.now() / 1_000);
    await clock.advance(5_000);
    expect(called).toEqual(["first", "second", "second", "second"]);
    expect(await read("run")).toMatchObject({
      status: "SUCCEEDED",
      output: "1",
      redriveCount: 1,
      redriveDate,
    });
    expect((await events("run")).slice(-7)).toEqual([
      "ExecutionFailed",
      "ExecutionRedriven",
      "TaskScheduled",
      "TaskStarted",
      "TaskSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
  });

  test("runs only those iterations again that did not succeed", async () => {
    const called: number[] = [];
    let broken = true;
    const states = {
      Each: {
        Type: "Map",
        Items: [0, 1, 2],
        MaxConcurrency: 1,
        ItemProcessor: { StartAt: "Work", States: { Work: task("work", { End: true }) } },
        End: true,
      },
    };
    const {
      call,
      clock,
      start,
      describe: read,
    } = testService(states, {
      invoke: async ({ payload }) => {
        const item = JSON.parse(payload);
        called.push(item);
        return item === 1 && broken ? { kind: "refused", error: "Down", cause: "" } : returned(item * 10);
      },
    });
    await start("run");
    await clock.advance(1);
    broken = false;
    await call("RedriveExecution", { executionArn });
    await clock.advance(1);
    expect(called).toEqual([0, 1, 1, 2]);
    expect(await read("run")).toMatchObject({ status: "SUCCEEDED", output: "[0,10,20]" });
  });

  test("starts the machine's own time anew", async () => {
    const { call, clock, start, describe: read } = testService(wait, { timeoutSeconds: 10 });
    await start("run", { wait: 15 });
    await clock.advance(20_000);
    expect(await read("run")).toMatchObject({ status: "TIMED_OUT" });
    await call("RedriveExecution", { executionArn });
    await clock.advance(9_999);
    expect(await read("run")).toMatchObject({ status: "RUNNING" });
    await clock.advance(1);
    expect(await read("run")).toMatchObject({ status: "TIMED_OUT", redriveCount: 1 });
  });

  test("with the same client token is one redrive", async () => {
    const { call, clock, start, describe: read } = testService(wait);
    await start("run", { wait: 15 });
    await call("StopExecution", { executionArn });
    const first = await call("RedriveExecution", { executionArn, clientToken: "once" });
    await clock.advance(1_000);
    expect(await call("RedriveExecution", { executionArn, clientToken: "once" })).toEqual(first);
    expect(await read("run")).toMatchObject({ redriveCount: 1 });
  });

  test.each([
    ["runs", 0, "Execution is RUNNING and cannot be redriven"],
    ["succeeded", 15_000, "Execution is SUCCEEDED and cannot be redriven"],
  ])("is refused for what %s", async (_title, advanceMs, reason) => {
    const { clock, start, refused } = testService(wait);
    await start("run", { wait: 15 });
    await clock.advance(advanceMs);
    expect(await refused("RedriveExecution", { executionArn })).toEqual({
      code: "ExecutionNotRedrivable",
      message: `Execution Not Redrivable: '${reason}'`,
    });
  });

  test("is refused 14 days after the end", async () => {
    const { call, clock, start, refused, describe: read } = testService(wait);
    await start("run", { wait: 15 });
    await call("StopExecution", { executionArn });
    await clock.advance(14 * day);
    expect(await read("run")).toMatchObject({ redriveStatus: "REDRIVABLE" });
    await clock.advance(1);
    expect(await refused("RedriveExecution", { executionArn })).toMatchObject({
      code: "ExecutionNotRedrivable",
    });
  });
});
