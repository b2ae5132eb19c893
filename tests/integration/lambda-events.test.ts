import { afterAll, beforeAll, expect, test } from "vitest";
import { LambdaService } from "#local/lambda/service.ts";
import { VirtualClock } from "#local/stepfunctions/testing/virtual-clock.ts";
import { startQueues } from "#tests/support/emulators.ts";
import { askingFunction, recorder, runSources, until } from "#tests/support/event-harness.ts";
import { functionArn, functionResource, planOf, resource } from "#tests/support/handmade-plan.ts";
import { ends, errorOf, taskRoot } from "#tests/support/lambda-harness.ts";

let emulator: Awaited<ReturnType<typeof startQueues>>;

beforeAll(async () => {
  emulator = await startQueues();
});
afterAll(() => emulator.stop());

const eventConfig = (functionName: string, inputs: Readonly<Record<string, unknown>>) =>
  resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", `${functionName}Events`, {
    functionName: `test-local-${functionName}`,
    ...inputs,
  });
const queued = (name: string) => emulator.server.inspectQueue(name)?.messages.ready ?? [];
const queueArn = (name: string): string => `arn:aws:sqs:eu-west-1:123456789012:${name}`;

test("an event is accepted at once, and what its function returned reaches the on-success destination", async () => {
  emulator.server.createQueue("succeeded", { region: "eu-west-1" });
  const held = Promise.withResolvers<object>();
  const { url, events } = await recorder(() => held.promise);
  const destinationConfig = { onSuccess: { destination: queueArn("succeeded") } };
  const { lambda } = runSources([askingFunction("Pay", url), eventConfig("Pay", { destinationConfig })], {
    sqs: emulator.endpoint,
  });
  const requestId = lambda.invokeLater(functionArn("Pay"), '{"amount":1250}');
  await until(() => events.length === 1, "the function runs");
  held.resolve({ result: { paid: true } });
  await until(() => queued("succeeded").length === 1, "the record is delivered");
  expect(JSON.parse(queued("succeeded")[0]?.body ?? "")).toMatchObject({
    requestContext: { requestId, condition: "Success" },
    requestPayload: { amount: 1_250 },
    responsePayload: { paid: true },
  });
});

test("an event whose function fails ends at another function, and on the dead-letter queue", async () => {
  emulator.server.createQueue("buried", { region: "eu-west-1" });
  const [failing, told] = [await recorder(() => ({ error: "no money" })), await recorder()];
  const { lambda } = runSources(
    [
      askingFunction("Pay", failing.url, { deadLetterConfig: { targetArn: queueArn("buried") } }),
      askingFunction("Tell", told.url),
      eventConfig("Pay", {
        maximumRetryAttempts: 0,
        destinationConfig: { onFailure: { destination: functionArn("Tell") } },
      }),
    ],
    { sqs: emulator.endpoint },
  );
  lambda.invokeLater("test-local-Pay", '{"amount":1}');
  await until(() => told.events.length === 1 && queued("buried").length === 1, "the failure is told");
  expect(told.events[0]).toMatchObject({
    requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 1 },
    responsePayload: { errorType: "Error", errorMessage: "no money" },
  });
  expect(queued("buried")[0]).toMatchObject({
    body: '{"amount":1}',
    messageAttributes: { ErrorMessage: { StringValue: "no money" }, ErrorCode: { StringValue: "200" } },
  });
});

test("a function that fails or times out is run again in a minute, and in two more", async () => {
  const clock = new VirtualClock();
  const { url, events } = await recorder(async (_event, index) => {
    // Behind the timeout of the function.
    if (index === 1) await new Promise((resolve) => setTimeout(resolve, 1_500));
    return index === 2 ? {} : { error: "not yet" };
  });
  const lambda = new LambdaService({
    plan: planOf([askingFunction("Pay", url, { timeout: 1 })]),
    taskRoot,
    environmentOf: () => ({}),
    log: () => undefined,
    events: { clock },
  });
  ends.push(() => lambda.stop());
  lambda.invokeLater("test-local-Pay", "{}");
  await until(() => events.length === 1 && clock.pendingTimers === 1, "the first failure");
  await clock.advance(59_999);
  expect(events).toHaveLength(1);
  await clock.advance(1);
  await until(() => events.length === 2 && clock.pendingTimers === 1, "the timeout");
  await clock.advance(120_000);
  await until(() => events.length === 3, "the success");
  await clock.advance(600_000);
  expect(events).toHaveLength(3);
});

test("an event of more than 1 MiB, or for a function that is not there, is not accepted", async () => {
  const { lambda } = runSources([functionResource("Echo", "lambda-functions.echo")], {});
  const large = JSON.stringify("x".repeat(1024 * 1024 - 1));
  expect(await errorOf((async () => lambda.invokeLater("test-local-Echo", large))())).toMatchObject({
    name: "RequestEntityTooLargeException",
    message: "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
  });
  expect(await errorOf((async () => lambda.invokeLater("test-local-Gone", "{}"))())).toMatchObject({
    name: "ResourceNotFoundException",
  });
});
