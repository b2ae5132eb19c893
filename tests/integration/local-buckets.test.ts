import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, expect, test } from "vitest";
import { askingFunction, recorder, until } from "#tests/support/event-harness.ts";
import {
  functionArn,
  opensFunction,
  opensQueue,
  queueArn,
  resource,
  roleResource,
} from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { planBeside } from "#tests/support/plan-beside.ts";

const bucketArn = "arn:aws:s3:::inbound";
const ruleArn = "arn:aws:events:eu-west-1:123456789012:rule/files";
let system: TestSystem | undefined;
afterEach(() => system?.stop());

test("a file in a bucket starts work: in a queue, in a function, and by a rule on the default bus", async () => {
  const { url, events } = await recorder();
  const queue = (name: string) => resource("aws:sqs/queue:Queue", name, { name });
  const plan = planBeside(
    resource("aws:s3/bucket:Bucket", "Inbound", { bucket: "inbound" }),
    queue("settlements"),
    queue("heard-of"),
    queue("closed"),
    opensQueue("settlements", "s3", bucketArn),
    opensQueue("heard-of", "events", ruleArn),
    opensQueue("closed", "events", `${ruleArn}-of-another-bus`),
    roleResource("Reader"),
    askingFunction("Reader", url),
    opensFunction("Reader", "s3", bucketArn),
    resource("aws:s3/bucketNotification:BucketNotification", "InboundNotification", {
      ...{ bucket: "inbound", eventbridge: true },
      queues: [
        { queueArn: queueArn("settlements"), events: ["s3:ObjectCreated:*"], filterPrefix: "settlements/" },
      ],
      lambdaFunctions: [
        {
          lambdaFunctionArn: functionArn("Reader"),
          ...{ events: ["s3:ObjectCreated:*"], filterPrefix: "statements/" },
        },
      ],
    }),
    resource("aws:cloudwatch/eventRule:EventRule", "Files", {
      name: "files",
      eventPattern: JSON.stringify({
        source: ["aws.s3"],
        detail: { object: { key: [{ prefix: "disputes/" }] } },
      }),
    }),
    resource("aws:cloudwatch/eventTarget:EventTarget", "FilesTarget", {
      rule: "files",
      arn: queueArn("heard-of"),
    }),
    resource("aws:cloudwatch/eventTarget:EventTarget", "FilesToClosed", {
      rule: "files",
      arn: queueArn("closed"),
    }),
  );
  system = await startTestSystem({ plan, warm: false, iamLog: undefined });
  const { endpoint, region, access_key_id, secret_access_key } = system.endpoints.aws;
  const credentials = { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  const s3 = new S3Client({ endpoint, region, credentials });
  const sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
  for (const Key of ["settlements/a.csv", "statements/b.csv", "disputes/c.csv"]) {
    await s3.send(new PutObjectCommand({ Bucket: "inbound", Key, Body: "1;2" }));
  }
  const bodiesIn = async (name: string) => {
    const QueueUrl = `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }),
    );
    return Messages?.map(({ Body }) => JSON.parse(Body ?? "")) ?? [];
  };
  const queued: { Event?: string; Records?: { s3: { object: { key: string } } }[] }[] = [];
  await until(async () => queued.push(...(await bodiesIn("settlements"))) >= 2, "a test event and a file");
  expect(queued.map(({ Event, Records }) => Event ?? Records?.[0]?.s3.object.key).sort()).toEqual([
    "s3:TestEvent",
    "settlements/a.csv",
  ]);
  expect(await bodiesIn("heard-of")).toMatchObject([
    { "detail-type": "Object Created", source: "aws.s3", detail: { object: { key: "disputes/c.csv" } } },
  ]);
  // Its policy lets in another rule only: EventBridge does not ask again, and the event is lost.
  expect(await bodiesIn("closed")).toEqual([]);
  expect(system.functionLog).toContainEqual(
    expect.stringMatching(
      /rule\/files lost an event for arn:.*:closed, .* events\.amazonaws\.com is not authorized/,
    ),
  );
  await until(() => events.length === 1, "the function's invocation");
  expect(events[0]?.Records).toMatchObject([
    { eventSource: "aws:s3", s3: { object: { key: "statements/b.csv" } } },
  ]);
  for (const client of [s3, sqs]) client.destroy();
});
