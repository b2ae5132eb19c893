import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { ContactReader } from "#adapters/dynamodb/contact-reader.ts";
import { ToldEvents } from "#adapters/dynamodb/told-events.ts";
import { createSns } from "#adapters/sns/client.ts";
import { NewsTopic } from "#adapters/sns/news-topic.ts";
import { requiredVariable } from "#functions/environment.ts";
import { claimsKeptSeconds, createTeller } from "./telling.ts";

const dynamoDb = createDynamoDb();
const logger = new Logger({ serviceName: "notify" });
const tell = createTeller({
  contacts: new ContactReader(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
  told: new ToldEvents(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE"), claimsKeptSeconds),
  // Sent once: a second try of a call whose answer was lost would tell twice.
  topic: new NewsTopic(createSns(1), requiredVariable("NEWS_TOPIC_ARN")),
  now: Date.now,
  logger,
});
const processor = new BatchProcessor(EventType.KinesisDataStreams);

/**
 * Tells merchants by e-mail and SMS what happened to their payments, each event once. What fails is tried again by itself:
 * those behind it in the shard come again with it, and were told already.
 */
export const handler = (event: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> =>
  processPartialResponse(event, (record: KinesisStreamRecord) => tell(textOf(record)), processor, {
    // Reported one by one as well when all of them failed: thrown, they would be tried together.
    throwOnFullBatchFailure: false,
  });

const textOf = ({ kinesis }: KinesisStreamRecord): string => Buffer.from(kinesis.data, "base64").toString();
