import { describe, expect, test } from "vitest";
import { task } from "./testing/run.ts";
import { returned, testService } from "./testing/service.ts";

const roleArn = "arn:aws:iam::111111111111:role/tester";
const none = { Done: { Type: "Succeed" } };
const retried = {
  Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 3, MaxAttempts: 2, BackoffRate: 2 }],
  Catch: [
    {
      ErrorEquals: ["Busy"],
      Assign: { busy: true },
      Output: "{% $states.errorOutput.Cause %}",
      Next: "Rest",
    },
  ],
  End: true,
};
const busy = { errorOutput: { error: "Busy", cause: "for now" } };
const stateText = (state: object) => JSON.stringify({ QueryLanguage: "JSONata", ...state });

test("a task that is not mocked calls its function, in the name of the role that is given", async () => {
  const called: unknown[] = [];
  const { call } = testService(none, {
    invoke: async ({ functionName, payload, roleArn: as }) => {
      called.push([functionName, payload, as]);
      return returned({ ok: true });
    },
  });
  const answer = await call("TestState", {
    definition: stateText(task("charge", { Next: "After" })),
    ...{ roleArn, input: '{"amount":1}', inspectionLevel: "DEBUG" },
  });
  expect(called).toEqual([["charge", '{"amount":1}', roleArn]]);
  expect(answer).toEqual({
    status: "SUCCEEDED",
    output: '{"ok":true}',
    nextState: "After",
    inspectionData: {
      input: '{"amount":1}',
      afterArguments: '{"FunctionName":"charge","Payload":{"amount":1}}',
    },
  });
});

describe("a task that fails", () => {
  const fail = (retrierRetryCount: number) =>
    testService(none).call("TestState", {
      definition: stateText(task("charge", retried)),
      ...{ mock: busy, stateConfiguration: { retrierRetryCount }, inspectionLevel: "TRACE" },
    });

  test.each([
    [0, 3],
    [1, 6],
  ])("would be tried again, after %i retries in another %i seconds", async (count, seconds) => {
    expect(await fail(count)).toMatchObject({
      status: "RETRIABLE",
      inspectionData: { errorDetails: { retryIndex: 0, retryBackoffIntervalSeconds: seconds } },
    });
  });

  test("is caught once its retries are used up, however many it is said to have had", async () => {
    for (const count of [2, 1_000_000_000]) {
      expect(await fail(count)).toMatchObject({
        status: "CAUGHT_ERROR",
        error: "Busy",
        output: '"for now"',
        nextState: "Rest",
        inspectionData: { errorDetails: { retryIndex: 0, catchIndex: 0 } },
      });
    }
  });
});

test("a mocked result is what the state's expressions see", async () => {
  const { call } = testService(none);
  const answer = await call("TestState", {
    definition: stateText(task("charge", { Output: "{% $states.result.n + $more %}", End: true })),
    ...{ mock: { result: '{"n":2}' }, variables: '{"more":40}' },
  });
  expect(answer).toEqual({ status: "SUCCEEDED", output: "42" });
});

test("an expression that fails fails the state", async () => {
  const { call } = testService(none);
  const definition = stateText({ Type: "Pass", Output: "{% $states.input.none %}", End: true });
  expect(await call("TestState", { definition })).toMatchObject({
    status: "FAILED",
    error: "States.QueryEvaluationError",
  });
});

test.each([
  [
    "JSONPath",
    { Type: "Pass", QueryLanguage: "JSONPath", End: true },
    {},
    "The local engine runs JSONata only",
  ],
  [
    "a task that waits for its token, without a mock",
    { ...task("f", { End: true }), Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken" },
    { roleArn },
    "A mock must be specified for a task that waits",
  ],
])("TestState refuses %s", async (_title, state, more, message) => {
  const { refused } = testService(none);
  const refusal = await refused("TestState", {
    definition: JSON.stringify({ QueryLanguage: "JSONata", ...state }),
    ...more,
  });
  expect(refusal.message).toContain(message);
});

test("a definition is validated without being kept, with as many findings as are asked for", async () => {
  const { call } = testService(none);
  const states = { A: { Type: "Pass", Next: "Gone" }, B: { Type: "Fail", End: true } };
  const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "A", States: states });
  const all = await call("ValidateStateMachineDefinition", { definition });
  expect(all).toMatchObject({ result: "FAIL", truncated: false });
  const found = all["diagnostics"] as unknown[];
  expect(found.length).toBeGreaterThan(1);
  expect(await call("ValidateStateMachineDefinition", { definition, maxResults: 1 })).toEqual({
    result: "FAIL",
    diagnostics: found.slice(0, 1),
    truncated: true,
  });
});
