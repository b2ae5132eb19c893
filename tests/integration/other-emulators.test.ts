import { DescribeStreamSummaryCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AwsEndpoints } from "#local/remote/endpoints.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { startKinesis, startQueues } from "#tests/support/emulators.ts";
import { opensQueue, resource } from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const present = committedPlan();
const arnOf = (service: "sns" | "sqs", name: string) =>
  `arn:aws:${service}:${present.region}:${present.account}:${name}`;
const inboxUrl = `https://sqs.${present.region}.amazonaws.com/${present.account}/inbox`;
const topic = (name: string, protocol: string, endpoint: string) => [
  resource("aws:sns/topic:Topic", name, { name }),
  resource("aws:sns/topicSubscription:TopicSubscription", `${name}Subscription`, {
    ...{ topic: arnOf("sns", name), protocol, endpoint, rawMessageDelivery: protocol === "sqs" },
  }),
];
const inbox = resource("aws:sqs/queue:Queue", "Inbox", { name: "inbox" });
const toQueue = [
  inbox,
  ...topic("alerts", "sqs", arnOf("sqs", "inbox")),
  opensQueue("inbox", "sns", arnOf("sns", "alerts")),
];
const toFunction = topic("calls", "lambda", `arn:aws:lambda:${present.region}:${present.account}:function:f`);

let fauxqs: Awaited<ReturnType<typeof startQueues>>;
let system: TestSystem | undefined;
beforeAll(async () => {
  fauxqs = await startQueues();
});
afterEach(async () => {
  await system?.stop();
  system = undefined;
});
afterAll(() => fauxqs.stop());

async function start(awsEndpoints: AwsEndpoints, more = toQueue): Promise<TestSystem> {
  const plan = { ...present, resources: [...present.resources, ...more] };
  system = await startTestSystem({ plan, awsEndpoints, warm: false });
  return system;
}
function clientsOf({ endpoints: { aws } }: TestSystem) {
  const options = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
  };
  return {
    sqs: new SQSClient({ ...options, useQueueUrlAsEndpoint: false }),
    sns: new SNSClient(options),
    s3: new S3Client(options),
    kinesis: new KinesisClient({ ...options, requestHandler: new NodeHttpHandler() }),
  };
}
async function bodiesIn(sqs: SQSClient): Promise<readonly (string | undefined)[]> {
  const input = { QueueUrl: inboxUrl, WaitTimeSeconds: 2 };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input));
  return Messages.map(({ Body }) => Body);
}
const told = ({ functionLog }: TestSystem) => functionLog.filter((line) => line.includes("AWS_ENDPOINT_URL"));

describe("under AWS_ENDPOINT_URL", () => {
  test("queues and topics are in the emulator that has them, and the rest is ours, which one line tells", async () => {
    const started = await start({ all: fauxqs.endpoint, of: {} });
    expect(told(started)).toHaveLength(1);
    expect(told(started)[0]).toMatch(
      new RegExp(
        `^AWS_ENDPOINT_URL ${fauxqs.endpoint} does not do for dynamodb .*, s3 .*, kinesis .*: our own engine runs instead$`,
      ),
    );
    const { sqs, sns, s3, kinesis } = clientsOf(started);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: "inbox" }))).QueueUrl).toBe(inboxUrl);
    await sns.send(new PublishCommand({ TopicArn: arnOf("sns", "alerts"), Message: "through both" }));
    expect(await bodiesIn(sqs)).toEqual(["through both"]);
    const there = new SQSClient({
      endpoint: fauxqs.endpoint,
      region: present.region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    const asked = new GetQueueUrlCommand({ QueueName: "tallystick-local-checks" });
    expect((await there.send(asked)).QueueUrl).toContain("/000000000000/tallystick-local-checks");
    const Bucket = `tallystick-local-inbound-${present.account}`;
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "ours" }));
    const StreamName = "tallystick-local-payment-events";
    await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    // Who calls is asked before it goes there, and it is written down as any other call.
    expect(started.calls.recent()).toContainEqual(
      expect.objectContaining({ service: "sqs", action: "ReceiveMessage", caller: "operator" }),
    );
  });

  test("who calls functions or tells buses stays here, and topics still reach queues over there", async () => {
    const started = await start({ all: fauxqs.endpoint, of: {} }, [...toQueue, ...toFunction]);
    expect(told(started)[0]).toContain(
      "sns (Error: from there no topic reaches the plan's lambda endpoints)",
    );
    expect(told(started)[0]).toContain(
      "s3 (Error: from there bucket tallystick-local-archive-landing-123456789012 does not reach whom the plan",
    );
    const { sqs, sns } = clientsOf(started);
    await sns.send(new PublishCommand({ TopicArn: arnOf("sns", "alerts"), Message: "from ours" }));
    expect(await bodiesIn(sqs)).toEqual(["from ours"]);
  });
});

describe("a service of its own variable", () => {
  test("is there alone", async () => {
    const kinesis = await startKinesis();
    const started = await start({ of: { kinesis: kinesis.endpoint } });
    const StreamName = "tallystick-local-payment-events";
    const { StreamDescriptionSummary: summary } = await kinesis.client.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    expect([summary?.StreamStatus, summary?.RetentionPeriodHours]).toEqual(["ACTIVE", 168]);
    const { sqs } = clientsOf(started);
    await sqs.send(new SendMessageCommand({ QueueUrl: inboxUrl, MessageBody: "in our own" }));
    expect(await bodiesIn(sqs)).toEqual(["in our own"]);
    await started.stop();
    system = undefined;
    await kinesis.stop();
  });

  test.each<[string, (there: string) => AwsEndpoints, string]>([
    [
      "does not answer",
      () => ({ of: { sqs: "http://127.0.0.1:1" } }),
      "nothing answers at AWS_ENDPOINT_URL_SQS http://127.0.0.1:1: start it, or unset the variable",
    ],
    ["is not what answers", (there) => ({ of: { kinesis: there } }), "does not do for kinesis ("],
    [
      "would not reach the plan's queues",
      (there) => ({ of: { sns: there } }),
      "does not do for sns (Error: from there no topic reaches the plan's sqs endpoints): unset the variable",
    ],
  ])("that %s is refused in one line", async (_what, endpoints, message) => {
    await expect(start(endpoints(fauxqs.endpoint))).rejects.toThrow(message);
  });
});
