import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, expect, test } from "vitest";
import { askingFunction, recorder, until } from "#tests/support/event-harness.ts";
import { functionArn, queueArn, resource, roleArnOf, roleResource } from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { planBeside } from "#tests/support/plan-beside.ts";

/** Later than a start takes: what was due before is not made up for. */
const dueMs = 18_000;
let system: TestSystem | undefined;
afterEach(() => system?.stop());

test("a schedule does what its role may, and its role also buries what it may not", async () => {
  const { url, events } = await recorder<unknown>();
  const at = new Date(Date.now() + dueMs).toISOString().slice(0, 19);
  const schedule = (name: string, role: string) =>
    resource("aws:scheduler/schedule:Schedule", name, {
      name,
      scheduleExpression: `at(${at})`,
      target: {
        ...{ arn: functionArn("Worker"), roleArn: roleArnOf(role), input: JSON.stringify({ by: name }) },
        deadLetterConfig: { arn: queueArn("unscheduled") },
      },
    });
  const plan = planBeside(
    resource("aws:sqs/queue:Queue", "Unscheduled", { name: "unscheduled" }),
    roleResource("Worker"),
    askingFunction("Worker", url),
    roleResource("willing", ["lambda:InvokeFunction"], [functionArn("Worker")]),
    roleResource("barred", ["sqs:SendMessage"], [queueArn("unscheduled")]),
    schedule("Willing", "willing"),
    schedule("Barred", "barred"),
  );
  system = await startTestSystem({ plan, warm: false, iamLog: undefined });
  const { endpoint, region, access_key_id, secret_access_key } = system.endpoints.aws;
  const credentials = { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  const sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
  const QueueUrl = `https://sqs.${region}.amazonaws.com/123456789012/unscheduled`;
  const input = { QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ["All"] };
  const dead: unknown[] = [];
  await until(async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input));
    for (const { Body, MessageAttributes } of Messages) {
      dead.push([Body, MessageAttributes?.["ERROR_MESSAGE"]?.StringValue]);
    }
    return dead.length > 0;
  }, "a dead letter");
  sqs.destroy();
  expect(dead).toEqual([['{"by":"Barred"}', expect.stringContaining(`assumed-role/barred/`)]]);
  await until(() => events.length > 0, "the invocation");
  expect(events).toEqual([{ by: "Willing" }]);
});
