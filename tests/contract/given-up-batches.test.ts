import { CreateTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { noon } from "#tests/support/examples.ts";
import { clientOptions, startTables, type TestTables } from "#tests/support/tables.ts";

/** What is in the stream, in its order. */
const written = ["payment", "refund", "payment", "refund", "refund", "payment", "payment", "refund"];

let tables: TestTables;
let streams: DynamoDBStreamsClient;
let letters: DeadLetterStore;
let keep: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
let streamArn: string;
let shardId: string;
let sequenceNumbers: string[];

beforeAll(async () => {
  tables = await startTables();
  streams = new DynamoDBStreamsClient({ ...clientOptions, endpoint: tables.endpoint });
  letters = new DeadLetterStore(tables.client, "dead-letters");
  process.env["DEAD_LETTERS_TABLE"] = "dead-letters";
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = tables.endpoint;
  process.env["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = tables.endpoint;
  process.env["AWS_REGION"] = "eu-west-1";
  process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "test";
  ({ handler: keep } = await import("#functions/consumers/dead-letters.ts"));
  await writeStream();
});
afterAll(async () => {
  streams?.destroy();
  await tables?.stop();
});

async function writeStream(): Promise<void> {
  const { TableDescription } = await tables.client.send(
    new CreateTableCommand({
      TableName: "streamed",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["pk", "sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  streamArn = TableDescription?.LatestStreamArn ?? "";
  for (const [n, sk] of written.entries()) {
    const Item = { pk: { S: `mer_demo#${n}` }, sk: { S: sk } };
    await tables.client.send(new PutItemCommand({ TableName: "streamed", Item }));
  }
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
  shardId = StreamDescription?.Shards?.[0]?.ShardId ?? "";
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({
      StreamArn: streamArn,
      ShardId: shardId,
      ShardIteratorType: "TRIM_HORIZON",
    }),
  );
  const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  sequenceNumbers = Records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? "");
  expect(sequenceNumbers).toHaveLength(written.length);
}

let notices = 0;

/** Tells of a batch that was given up. @returns what was kept of it, by the numbers of the items. */
async function giveUp(
  first: string | undefined,
  last: string | undefined,
  batchSize: number,
  leftMs = 30_000,
) {
  notices += 1;
  const functionArn = `arn:aws:lambda:eu-west-1:123456789012:function:relay-${notices}`;
  const body = JSON.stringify({
    requestContext: { functionArn, condition: "RecordAgeExceeded", approximateInvokeCount: 4 },
    timestamp: new Date(noon).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      streamArn,
      startSequenceNumber: first,
      endSequenceNumber: last,
      batchSize,
    },
  });
  const message = { messageId: `m-${notices}`, body, attributes: { SentTimestamp: String(noon) } };
  const event = { Records: [message] } as unknown as SQSEvent;
  const context = { getRemainingTimeInMillis: () => leftMs } as Context;
  const { batchItemFailures } = await keep(event, context);
  const { letters: all } = await letters.list({ limit: 100 });
  const kept = all.flatMap(({ origin }) => {
    if (!("functionArn" in origin) || origin.functionArn !== functionArn) return [];
    return origin.kind === "lost_records"
      ? [`${origin.count} lost`]
      : [String(/mer_demo#(\d+)/.exec(origin.record)?.[1])];
  });
  return { kept: kept.toSorted(), failures: batchItemFailures.length };
}

// Of the eight records from the first payment to the last, four are payments.
test.each([
  { what: "behind the filter", count: 4 },
  { what: "before the filter", count: 7 },
])(
  "each payment of a batch is a letter, and no refund, where the batch is counted $what",
  async ({ count }) => {
    expect(await giveUp(sequenceNumbers[0], sequenceNumbers[6], count)).toEqual({
      kept: ["0", "2", "5", "6"],
      failures: 0,
    });
  },
);

test("a batch may begin and end with a refund, which nothing shows if it is counted before the filter", async () => {
  expect(await giveUp(sequenceNumbers[1], sequenceNumbers[7], 7)).toEqual({
    kept: ["2", "5", "6"],
    failures: 0,
  });
});

test("a batch that there is no time to read stays with its queue", async () => {
  expect(await giveUp(sequenceNumbers[0], sequenceNumbers[6], 4, 10_000)).toEqual({ kept: [], failures: 1 });
});
