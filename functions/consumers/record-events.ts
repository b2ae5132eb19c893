import { Logger } from "@aws-lambda-powertools/logger";
import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import { type PublishedEvent, publishedEvent } from "#core/events/payment-event.ts";
import { requiredVariable } from "#functions/environment.ts";

const store = new EventStore(createDynamoDb(), requiredVariable("EVENTS_TABLE"));
const logger = new Logger({ serviceName: "record-events" });

/** Keeps events for whoever asks for them: `GET /v1/events`. One that no schema knows is given up by itself. */
export const handler = async ({ Records }: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> => {
  const events: PublishedEvent[] = [];
  let unreadable: string | undefined;
  for (const record of Records) {
    const event = publishedEvent.safeParse(jsonIn(record));
    if (!event.success) {
      unreadable = record.kinesis.sequenceNumber;
      logger.error("no schema knows this record", {
        sequence_number: unreadable,
        issues: event.error.issues,
      });
      break;
    }
    events.push(event.data);
  }
  await store.write(events);
  return { batchItemFailures: unreadable === undefined ? [] : [{ itemIdentifier: unreadable }] };
};

function jsonIn({ kinesis }: KinesisStreamRecord): unknown {
  try {
    return JSON.parse(Buffer.from(kinesis.data, "base64").toString());
  } catch {
    return undefined;
  }
}
