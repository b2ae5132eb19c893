import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
} from "@aws-sdk/client-kinesis";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Redis } from "ioredis";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Endpoints } from "#local/endpoints.ts";
import { loadPlan } from "#local/plan/load.ts";
import type { PlanResource } from "#local/plan/plan.ts";
import { sourceHash } from "#local/plan/source-hash.ts";
import { opensQueue, resource } from "#tests/support/handmade-plan.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const root = join(import.meta.dirname, "../..");
const present = loadPlan(root, sourceHash);
const topic = `arn:aws:sns:${present.region}:${present.account}:alerts`;
const plan = {
  ...present,
  resources: [
    ...present.resources,
    resource("aws:sqs/queue:Queue", "Inbox", { name: "inbox" }),
    resource("aws:sns/topic:Topic", "Alerts", { name: "alerts" }),
    resource("aws:sns/topicSubscription:TopicSubscription", "AlertsToInbox", {
      topic,
      protocol: "sqs",
      endpoint: `arn:aws:sqs:${present.region}:${present.account}:inbox`,
      rawMessageDelivery: true,
    }),
    opensQueue("inbox", "sns", topic),
    resource("aws:s3/bucket:Bucket", "Audit", { bucket: "audit", objectLockEnabled: true }),
    resource("aws:kinesis/stream:Stream", "Events", { name: "events", shardCount: 1 }),
    resource("aws:elasticache/replicationGroup:ReplicationGroup", "Cache", {}),
    resource("aws:rds/cluster:Cluster", "Books", { engine: "aurora-postgresql", databaseName: "books" }),
  ],
};

let stateDirectory: string;
let system: TestSystem | undefined;
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-engines-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(stateDirectory, { recursive: true });
});

const clientOf = ({ aws }: Endpoints) => ({
  endpoint: aws.endpoint,
  region: aws.region,
  credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
});

async function write(endpoints: Endpoints): Promise<void> {
  const client = clientOf(endpoints);
  await new SNSClient(client).send(new PublishCommand({ TopicArn: topic, Message: "hello" }));
  await new S3Client(client).send(new PutObjectCommand({ Bucket: "audit", Key: "root", Body: "hello" }));
  const kinesis = new KinesisClient({ ...client, requestHandler: new NodeHttpHandler() });
  const record = { StreamName: "events", PartitionKey: "k", Data: Buffer.from("hello") };
  await kinesis.send(new PutRecordCommand(record));
  await query(endpoints, "CREATE TABLE t AS SELECT 'hello' AS word");
}

/** One word out of each engine. */
async function read(endpoints: Endpoints): Promise<readonly unknown[]> {
  const client = clientOf(endpoints);
  const QueueUrl = `https://sqs.${present.region}.amazonaws.com/${present.account}/inbox`;
  const { Messages } = await new SQSClient({ ...client, useQueueUrlAsEndpoint: false }).send(
    new ReceiveMessageCommand({ QueueUrl }),
  );
  const { Body } = await new S3Client(client).send(new GetObjectCommand({ Bucket: "audit", Key: "root" }));
  const kinesis = new KinesisClient({ ...client, requestHandler: new NodeHttpHandler() });
  const start = {
    StreamName: "events",
    ShardId: "shardId-000000000000",
    ShardIteratorType: "TRIM_HORIZON" as const,
  };
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start));
  const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return [
    Messages?.[0]?.Body,
    await Body?.transformToString(),
    Buffer.from(Records?.[0]?.Data ?? []).toString(),
    await query(endpoints, "SELECT word FROM t"),
  ];
}

async function query({ postgres }: Endpoints, statement: string): Promise<unknown> {
  const client = new Client(postgres);
  await client.connect();
  try {
    return (await client.query({ text: statement, rowMode: "array" })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

test("what the plan asks for runs, and has its state again after a restart", async () => {
  system = await startTestSystem({ plan, stateDirectory, pods: true });
  await write(system.endpoints);
  const redis = new Redis(system.endpoints.cache ?? "");
  expect(await redis.set("k", "v")).toBe("OK");
  redis.disconnect();
  await system.stop();

  system = await startTestSystem({ plan, stateDirectory, warm: false, pods: true });
  expect(await read(system.endpoints)).toEqual(["hello", "hello", "hello", "hello"]);
  // A pod says that it is ready, and nobody complains.
  expect(system.functionLog.filter((line) => !line.includes('"level":"INFO"'))).toEqual([]);
});

test("what the plan does not ask for does not run and leaves nothing behind", async () => {
  const isStored = ({ type }: PlanResource) => /^aws:(sqs|sns|s3|kinesis)\/|:EventSourceMapping$/.test(type);
  const without = { ...present, resources: present.resources.filter((each) => !isStored(each)) };
  system = await startTestSystem({ plan: without, stateDirectory, warm: false });
  expect([system.endpoints.cache, system.endpoints.postgres]).toEqual([undefined, undefined]);
  const queue = new SQSClient({
    ...clientOf(system.endpoints),
    maxAttempts: 1,
    useQueueUrlAsEndpoint: false,
  });
  await expect(
    queue.send(new ReceiveMessageCommand({ QueueUrl: "https://sqs/1/inbox" })),
  ).rejects.toMatchObject({
    name: "UnknownOperationException",
  });
  expect(readdirSync(stateDirectory)).not.toContain("engines");
});
