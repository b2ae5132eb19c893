import { PublishCommand, type PublishCommandInput, SNSClient } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askingFunction, type Recorder, recorder, until } from "#tests/support/event-harness.ts";
import {
  functionArn,
  opensFunction,
  opensQueue,
  queueArn,
  resource,
  roleResource,
  topicArn as topicArnOf,
} from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { planBeside } from "#tests/support/plan-beside.ts";

const topicArn = topicArnOf("happenings");
const subscription = (name: string, inputs: Readonly<Record<string, unknown>>) =>
  resource("aws:sns/topicSubscription:TopicSubscription", name, { topic: topicArn, ...inputs });
const toQueue = (name: string, inputs: Readonly<Record<string, unknown>> = {}) =>
  subscription(`To${name}`, { protocol: "sqs", endpoint: queueArn(name), ...inputs });
const redrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn("unheard") });

let listener: Recorder;
let system: TestSystem;
let sns: SNSClient;
let sqs: SQSClient;

beforeEach(async () => {
  listener = await recorder();
  const plan = planBeside(
    resource("aws:sns/topic:Topic", "Happenings", { name: "happenings" }),
    ...["all", "high", "euros", "unheard", "closed"].map((name) =>
      resource("aws:sqs/queue:Queue", name, { name }),
    ),
    ...["all", "high", "euros", "unheard", "missing"].map((name) => opensQueue(name, "sns", topicArn)),
    roleResource("Listener"),
    askingFunction("Listener", listener.url),
    opensFunction("Listener", "sns", topicArn),
    opensFunction("Gone", "sns", topicArn),
    roleResource("Unwilling"),
    askingFunction("Unwilling", listener.url),
    toQueue("all"),
    toQueue("high", {
      rawMessageDelivery: true,
      filterPolicy: JSON.stringify({
        severity: [{ numeric: [">=", 8] }],
        kind: [{ "anything-but": "test" }],
      }),
    }),
    toQueue("euros", {
      rawMessageDelivery: true,
      filterPolicyScope: "MessageBody",
      filterPolicy: JSON.stringify({ payment: { currency: ["EUR"] } }),
    }),
    subscription("ToListener", {
      ...{ protocol: "lambda", endpoint: functionArn("Listener") },
      filterPolicy: JSON.stringify({ kind: ["captured"] }),
    }),
    subscription("ToNobody", {
      ...{ protocol: "lambda", endpoint: functionArn("Gone"), redrivePolicy },
      filterPolicy: JSON.stringify({ kind: ["lost"] }),
    }),
    toQueue("missing", {
      ...{ rawMessageDelivery: true, redrivePolicy },
      filterPolicy: JSON.stringify({ kind: ["lost"] }),
    }),
    toQueue("closed", {
      ...{ rawMessageDelivery: true, redrivePolicy },
      filterPolicy: JSON.stringify({ kind: ["refused"] }),
    }),
    subscription("ToUnwilling", {
      ...{ protocol: "lambda", endpoint: functionArn("Unwilling") },
      filterPolicy: JSON.stringify({ kind: ["refused"] }),
    }),
  );
  system = await startTestSystem({ plan, warm: false, iamLog: undefined });
  const { endpoint, region, access_key_id, secret_access_key } = system.endpoints.aws;
  const credentials = { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  sns = new SNSClient({ endpoint, region, credentials });
  sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
});
afterEach(async () => {
  for (const client of [sns, sqs]) client.destroy();
  await system.stop();
});

const text = (StringValue: string) => ({ DataType: "String", StringValue });
async function publish(Message: string, attributes: PublishCommandInput["MessageAttributes"] = {}) {
  const input = { TopicArn: topicArn, Message, MessageAttributes: attributes };
  return sns.send(new PublishCommand(input));
}
async function received(name: string) {
  const QueueUrl = `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
  const input = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}

test("each queue gets of a topic what its filter policy lets pass: over attributes, or over the body", async () => {
  const severity = (StringValue: string) => ({ severity: { DataType: "Number", StringValue } });
  await publish('{"payment":{"currency":"EUR"}}', { ...severity("8"), kind: text("alarm") });
  await publish('{"payment":{"currency":"USD"}}', { ...severity("9"), kind: text("test") });
  await publish('{"payment":{"currency":"EUR"}}', severity("7"));
  await publish("no JSON", { ...severity("10"), kind: text("alarm") });
  const bodies = async (name: string) => (await received(name)).map(({ Body }) => Body);
  expect(await bodies("high")).toEqual(['{"payment":{"currency":"EUR"}}', "no JSON"]);
  expect(await bodies("euros")).toEqual(['{"payment":{"currency":"EUR"}}', '{"payment":{"currency":"EUR"}}']);
  expect(await received("all")).toHaveLength(4);
});

test("a function that is subscribed is invoked with SNS's event, asynchronously", async () => {
  const { MessageId } = await publish("m", { kind: text("captured") });
  await until(() => listener.events.length === 1, "the invocation");
  expect(listener.events[0]?.Records).toEqual([
    {
      EventSource: "aws:sns",
      EventVersion: "1.0",
      EventSubscriptionArn: `${topicArn}:ToListener`,
      Sns: expect.objectContaining({
        Type: "Notification",
        MessageId,
        TopicArn: topicArn,
        Subject: null,
        Message: "m",
        MessageAttributes: { kind: { Type: "String", Value: "captured" } },
      }),
    },
  ]);
});

test("what a function or a queue that is not there cannot take is in the subscription's dead-letter queue", async () => {
  const { MessageId } = await publish("lost", { kind: text("lost") });
  const dead: { body: string | undefined; kind: string | undefined }[] = [];
  await until(async () => {
    const found = await received("unheard");
    dead.push(
      ...found.map(({ Body, MessageAttributes }) => ({
        body: Body,
        kind: MessageAttributes?.["kind"]?.StringValue,
      })),
    );
    return dead.length === 2;
  }, "two dead letters");
  const [raw, wrapped] = dead.sort((one, other) => (one.body?.length ?? 0) - (other.body?.length ?? 0));
  expect(raw).toEqual({ body: "lost", kind: "lost" });
  expect(JSON.parse(wrapped?.body ?? "")).toMatchObject({ Type: "Notification", MessageId, Message: "lost" });
});

test("a queue or a function whose policy does not let the topic in gets nothing, and is not asked again", async () => {
  await publish("m", { kind: text("refused") });
  expect((await received("unheard")).map(({ Body }) => Body)).toEqual(["m"]);
  expect(await received("closed")).toEqual([]);
  expect(listener.events).toEqual([]);
  expect(system.functionLog).toContainEqual(
    expect.stringMatching(
      /ToUnwilling got nothing, and has no dead-letter queue: .*sns\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction/,
    ),
  );
});
