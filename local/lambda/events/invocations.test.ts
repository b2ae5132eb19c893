import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { functionArn, functionResource, planOf, resource } from "#tests/support/handmade-plan.ts";
import { VirtualClock } from "../../stepfunctions/testing/virtual-clock.ts";
import { functionsOf } from "../function-definition.ts";
import { throttled } from "../service-error.ts";
import { type Delivery, EventInvocations } from "./invocations.ts";
import type { EventAnswer } from "./record.ts";
import { eventSettingsOf } from "./settings.ts";
import { type EventStore, fileEventStore, memoryEventStore } from "./store.ts";

const queueArn = "arn:aws:sqs:eu-west-1:123456789012:lost";
const doneArn = "arn:aws:sns:eu-west-1:123456789012:done";
const minute = 60_000;
const failure: EventAnswer = {
  payload: '{"errorType":"AcquirerUnreachable","errorMessage":"the acquirer is unreachable"}',
  functionError: "Unhandled",
};
const success: EventAnswer = { payload: '{"ok":true}', functionError: undefined };

interface Setup {
  readonly function?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly store?: EventStore;
  readonly clock?: VirtualClock;
  /** What each invocation comes to; the last goes on for ever. */
  readonly answers: readonly (EventAnswer | Error)[];
}

function lambdaOf({ answers, store = memoryEventStore(), clock = new VirtualClock(), ...setup }: Setup) {
  const plan = planOf([
    functionResource("Pay", "lambda-functions.echo", setup.function),
    resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "PayEvents", {
      functionName: "test-local-Pay",
      ...setup.config,
    }),
  ]);
  const functions = functionsOf(plan);
  const startedAt = clock.now();
  const invokedAt: number[] = [];
  const deliveries: Delivery[] = [];
  const warnings: string[] = [];
  const invocations = new EventInvocations({
    clock,
    store,
    functions,
    settings: eventSettingsOf(plan, functions),
    invoke: async () => {
      const answer = answers[Math.min(invokedAt.length, answers.length - 1)];
      invokedAt.push(clock.now() - startedAt);
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
    deliver: async (delivery) => void deliveries.push(delivery),
    warn: (line) => warnings.push(line),
  });
  const accept = () =>
    invocations.accept({
      requestId: "request-1",
      functionName: "test-local-Pay",
      payload: '{"id":1}',
      trace: undefined,
    });
  return { invocations, accept, clock, invokedAt, deliveries, warnings, store };
}

test("a function that fails is retried after one minute and after two more, and then given up", async () => {
  const lambda = lambdaOf({
    answers: [failure],
    config: { destinationConfig: { onFailure: { destination: queueArn } } },
  });
  lambda.accept();
  await lambda.clock.advance(24 * 60 * minute);
  expect(lambda.invokedAt).toEqual([0, minute, 3 * minute]);
  expect(lambda.deliveries.map(({ targetArn, roleArn }) => ({ targetArn, roleArn }))).toEqual([
    { targetArn: queueArn, roleArn: "arn:aws:iam::123456789012:role/Pay" },
  ]);
  expect(JSON.parse(lambda.deliveries[0]?.body ?? "")).toEqual({
    version: "1.0",
    timestamp: "2026-01-01T00:03:00.000Z",
    requestContext: {
      requestId: "request-1",
      functionArn: `${functionArn("Pay")}:$LATEST`,
      condition: "RetriesExhausted",
      approximateInvokeCount: 3,
    },
    requestPayload: { id: 1 },
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: JSON.parse(failure.payload),
  });
  expect(lambda.store.all()).toEqual([]);
});

test("a retry that succeeds ends the event, and the on-success destination hears of it", async () => {
  const config = {
    destinationConfig: { onSuccess: { destination: doneArn }, onFailure: { destination: queueArn } },
  };
  const lambda = lambdaOf({ answers: [failure, success], config });
  lambda.accept();
  await lambda.clock.advance(10 * minute);
  expect(lambda.invokedAt).toEqual([0, minute]);
  expect(lambda.deliveries.map(({ targetArn }) => targetArn)).toEqual([doneArn]);
  const { requestContext, responseContext, responsePayload } = JSON.parse(lambda.deliveries[0]?.body ?? "");
  expect(requestContext).toMatchObject({ condition: "Success", approximateInvokeCount: 2 });
  expect(responseContext).toEqual({ statusCode: 200, executedVersion: "$LATEST" });
  expect(responsePayload).toEqual({ ok: true });
});

test("MaximumRetryAttempts 0 means one invocation", async () => {
  const lambda = lambdaOf({ answers: [failure], config: { maximumRetryAttempts: 0 } });
  lambda.accept();
  await lambda.clock.advance(10 * minute);
  expect(lambda.invokedAt).toEqual([0]);
  expect(lambda.warnings).toEqual([expect.stringMatching(/^Pay lost an event \(RetriesExhausted\)/)]);
});

test("an event whose next retry would come after its maximum age is given up at once", async () => {
  const lambda = lambdaOf({
    answers: [failure],
    config: { maximumEventAgeInSeconds: 100, destinationConfig: { onFailure: { destination: queueArn } } },
  });
  lambda.accept();
  await lambda.clock.advance(10 * minute);
  expect(lambda.invokedAt).toEqual([0, minute]);
  expect(JSON.parse(lambda.deliveries[0]?.body ?? "").requestContext).toMatchObject({
    condition: "EventAgeExceeded",
    approximateInvokeCount: 2,
  });
});

test("a throttled event is tried for six hours, ever less often, and costs no retry", async () => {
  const busy = throttled("ConcurrentInvocationLimitExceeded");
  const lambda = lambdaOf({
    answers: [busy],
    config: { destinationConfig: { onFailure: { destination: queueArn } } },
  });
  lambda.accept();
  await lambda.clock.advance(24 * 60 * minute);
  const gaps = lambda.invokedAt.slice(1).map((at, index) => at - (lambda.invokedAt[index] ?? 0));
  expect(gaps.slice(0, 10).map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
  expect(lambda.invokedAt.at(-1)).toBeLessThan(6 * 60 * minute);
  expect(lambda.invokedAt.at(-1)).toBeGreaterThan(5.9 * 60 * minute);
  const record = JSON.parse(lambda.deliveries[0]?.body ?? "");
  expect(record.requestContext).toMatchObject({ condition: "EventAgeExceeded", approximateInvokeCount: 0 });
  expect(record).not.toHaveProperty("responsePayload");
});

test("a function that is throttled once and then fails still has its two retries", async () => {
  const busy = throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
  const lambda = lambdaOf({ answers: [busy, failure] });
  lambda.accept();
  await lambda.clock.advance(60 * minute);
  expect(lambda.invokedAt).toEqual([0, 1_000, 1_000 + minute, 1_000 + 3 * minute]);
});

test("a function that is switched off runs nothing: its events go to the dead-letter queue at once", async () => {
  const lambda = lambdaOf({
    answers: [success],
    function: { reservedConcurrentExecutions: 0, deadLetterConfig: { targetArn: queueArn } },
  });
  lambda.accept();
  await lambda.clock.advance(0);
  expect(lambda.invokedAt).toEqual([]);
  expect(lambda.deliveries).toEqual([
    {
      roleArn: "arn:aws:iam::123456789012:role/Pay",
      targetArn: queueArn,
      body: '{"id":1}',
      attributes: {
        RequestID: { type: "String", value: "request-1" },
        ErrorCode: { type: "Number", value: "429" },
        ErrorMessage: {
          type: "String",
          value: "Function not invoked. Function isconfigured with zero reserved concurrent executions",
        },
      },
    },
  ]);
});

test("a dead-letter queue gets the event itself, with the error beside it", async () => {
  const lambda = lambdaOf({
    answers: [failure],
    function: { deadLetterConfig: { targetArn: queueArn } },
    config: { maximumRetryAttempts: 0, destinationConfig: { onFailure: { destination: doneArn } } },
  });
  lambda.accept();
  await lambda.clock.advance(0);
  expect(lambda.deliveries.map(({ targetArn }) => targetArn)).toEqual([doneArn, queueArn]);
  expect(lambda.deliveries[1]).toMatchObject({
    body: '{"id":1}',
    attributes: {
      ErrorCode: { type: "Number", value: "200" },
      ErrorMessage: { type: "String", value: "the acquirer is unreachable" },
    },
  });
});

test("events that an earlier process accepted go on in the next one, with the retries that are left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-events-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "events.sqlite");
  const first = lambdaOf({ answers: [failure], store: fileEventStore(path) });
  first.accept();
  await first.clock.advance(minute / 2);
  expect(first.invokedAt).toEqual([0]);
  // Nobody stopped it: a killed process says nothing.
  const second = lambdaOf({ answers: [failure], store: fileEventStore(path), clock: first.clock });
  second.invocations.resume();
  await second.clock.advance(0);
  await first.invocations.stop();
  await second.clock.advance(60 * minute);
  expect(second.invokedAt).toEqual([0, 2 * minute]);
  expect(second.store.all()).toEqual([]);
  first.store.close();
  second.store.close();
});

test("settings for a function that the plan does not deploy are refused", () => {
  const plan = planOf([
    resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "Stray", {
      functionName: "test-local-Gone",
    }),
  ]);
  expect(() => eventSettingsOf(plan, [])).toThrow(/Stray is about test-local-Gone/);
});
