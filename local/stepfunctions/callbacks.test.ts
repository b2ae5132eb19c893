import { describe, expect, test } from "vitest";
import type { LambdaInvocation } from "./invoker.ts";
import { executionArnOf, returned, type TestService, testService } from "./testing/service.ts";

const waits = (more: object = {}) => ({
  Ask: {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
    Arguments: { FunctionName: "ask", Payload: { token: "{% $states.context.Task.Token %}" } },
    End: true,
    ...more,
  },
});

interface Asked extends TestService {
  /** Token of the n-th call, from 0. */
  readonly token: (call?: number) => string;
}

function asking(more: object = {}): Asked {
  const calls: LambdaInvocation[] = [];
  const running = testService(waits(more), {
    invoke: async (invocation) => {
      calls.push(invocation);
      return returned("asked");
    },
  });
  return { ...running, token: (call = 0) => JSON.parse(calls[call]?.payload ?? "{}").token };
}

const gone = { code: "TaskTimedOut", message: "Task Timed Out: 'Provided task does not exist anymore'" };

test("the state waits until its token comes back, and its result is what came with it", async () => {
  const { call, clock, start, describe: read, events, token } = asking();
  await start("run");
  await clock.advance(86_400_000);
  expect(await read("run")).toMatchObject({ status: "RUNNING" });
  expect(await call("SendTaskSuccess", { taskToken: token(), output: '{"approved":true}' })).toEqual({});
  await clock.advance(1);
  expect(await read("run")).toMatchObject({ status: "SUCCEEDED", output: '{"approved":true}' });
  expect(await events("run")).toEqual([
    "ExecutionStarted",
    "TaskStateEntered",
    "TaskScheduled",
    "TaskStarted",
    "TaskSubmitted",
    "TaskSucceeded",
    "TaskStateExited",
    "ExecutionSucceeded",
  ]);
});

test("its events name the resource with the pattern, as AWS does", async () => {
  const { call, clock, start, token } = asking();
  await start("run");
  await clock.advance(1);
  await call("SendTaskFailure", { taskToken: token(), error: "Refused", cause: "by a person" });
  await clock.advance(1);
  const { events } = await call("GetExecutionHistory", { executionArn: executionArnOf("run") });
  const part = { resourceType: "lambda", resource: "invoke.waitForTaskToken" };
  expect(events).toMatchObject([
    {},
    {},
    { taskScheduledEventDetails: part },
    { taskStartedEventDetails: part },
    { taskSubmittedEventDetails: { ...part, outputDetails: { truncated: false } } },
    { taskFailedEventDetails: { ...part, error: "Refused", cause: "by a person" } },
    { executionFailedEventDetails: { error: "Refused", cause: "by a person" } },
  ]);
});

test("SendTaskFailure without error and cause fails with neither", async () => {
  const { call, clock, start, describe: read, token } = asking();
  await start("run");
  await clock.advance(1);
  await call("SendTaskFailure", { taskToken: token() });
  await clock.advance(1);
  const failed = await read("run");
  expect([failed["status"], failed["error"], failed["cause"]]).toEqual(["FAILED", undefined, undefined]);
});

test("a token may come back before the call that carried it returns", async () => {
  const running: { service?: TestService } = {};
  const service = testService(waits(), {
    invoke: async ({ payload }) => {
      const { token } = JSON.parse(payload);
      await running.service?.call("SendTaskSuccess", { taskToken: token, output: "1" });
      return returned("late");
    },
  });
  running.service = service;
  await service.start("run");
  await service.clock.advance(1);
  expect(await service.describe("run")).toMatchObject({ status: "SUCCEEDED", output: "1" });
});

describe("limits", () => {
  test("TimeoutSeconds ends the wait, heartbeats or not", async () => {
    const {
      call,
      clock,
      start,
      describe: read,
      refused,
      token,
    } = asking({
      TimeoutSeconds: 10,
      HeartbeatSeconds: 4,
    });
    await start("run");
    for (let second = 0; second < 3; second += 1) {
      await clock.advance(3_000);
      await call("SendTaskHeartbeat", { taskToken: token() });
    }
    expect(await read("run")).toMatchObject({ status: "RUNNING" });
    await clock.advance(1_000);
    expect(await read("run")).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect(await refused("SendTaskSuccess", { taskToken: token(), output: "1" })).toEqual(gone);
  });

  test("a missed heartbeat ends it, as States.Timeout in the history", async () => {
    const { clock, start, call, token, describe: read } = asking({ HeartbeatSeconds: 4 });
    await start("run");
    await clock.advance(3_000);
    await call("SendTaskHeartbeat", { taskToken: token() });
    await clock.advance(3_999);
    expect(await read("run")).toMatchObject({ status: "RUNNING" });
    await clock.advance(1);
    expect(await read("run")).toMatchObject({ status: "FAILED", error: "States.Timeout" });
  });

  test.each(["States.HeartbeatTimeout", "States.Timeout"])(
    "%s retries a missed heartbeat, with a new token",
    async (error) => {
      const {
        clock,
        start,
        call,
        token,
        describe: read,
        refused,
      } = asking({
        HeartbeatSeconds: 4,
        Retry: [{ ErrorEquals: [error], IntervalSeconds: 1 }],
      });
      await start("run");
      await clock.advance(5_000);
      expect(await refused("SendTaskHeartbeat", { taskToken: token(0) })).toEqual(gone);
      await call("SendTaskSuccess", { taskToken: token(1), output: '"second"' });
      await clock.advance(1);
      expect(await read("run")).toMatchObject({ status: "SUCCEEDED", output: '"second"' });
    },
  );
});

describe("a token", () => {
  test("is taken once", async () => {
    const { call, clock, start, refused, token } = asking();
    await start("run");
    await clock.advance(1);
    await call("SendTaskSuccess", { taskToken: token(), output: "1" });
    for (const action of ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"]) {
      expect(await refused(action, { taskToken: token(), output: "1" })).toEqual(gone);
    }
  });

  test("is worth nothing after its execution was stopped", async () => {
    const { call, clock, start, refused, token } = asking();
    await start("run");
    await clock.advance(1);
    await call("StopExecution", { executionArn: executionArnOf("run") });
    expect(await refused("SendTaskSuccess", { taskToken: token(), output: "1" })).toEqual(gone);
  });

  test("that nobody made is invalid, and so is a mangled one", async () => {
    const { clock, start, refused, token } = asking();
    await start("run");
    await clock.advance(1);
    const invalid = { code: "InvalidToken", message: "Invalid Token: 'Invalid token'" };
    const mangled = Buffer.from(`${Buffer.from(token(), "base64")}x`).toString("base64");
    for (const taskToken of ["NoSuchTaskToken", mangled]) {
      expect(await refused("SendTaskSuccess", { taskToken, output: "1" })).toEqual(invalid);
    }
  });
});

test("an output that is no JSON is refused, and the task waits on", async () => {
  const { clock, start, call, refused, token } = asking();
  await start("run");
  await clock.advance(1);
  expect(await refused("SendTaskSuccess", { taskToken: token(), output: "{" })).toMatchObject({
    code: "InvalidOutput",
  });
  expect(await call("SendTaskHeartbeat", { taskToken: token() })).toEqual({});
});
