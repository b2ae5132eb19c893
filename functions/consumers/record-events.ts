import { Logger } from "@aws-lambda-powertools/logger";
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import { isOfLedger, type MerchantEvent, parseStreamed } from "#core/events/streamed.ts";
import { requiredVariable } from "#functions/environment.ts";

const store = new EventStore(createDynamoDb(), requiredVariable("EVENTS_TABLE"));
const logger = new Logger({ serviceName: "record-events" });

/**
 * Keeps events of payments and disputes for whoever asks for them: `GET /v1/events`. Those of the ledger are passed over: merchants
 * read their entries themselves. A record that no schema knows is given up by itself.
 */
export const handler = async ({ Records }: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> => {
  const events: MerchantEvent[] = [];
  let unreadable: string | undefined;
  for (const { kinesis } of Records) {
    const read = parseStreamed(Buffer.from(kinesis.data, "base64").toString());
    if (!read.ok) {
      unreadable = kinesis.sequenceNumber;
      logger.error("no schema knows this record", { sequence_number: unreadable, reason: read.reason });
      break;
    }
    if (!isOfLedger(read.event)) events.push(read.event);
  }
  if (events.length > 0) await store.write(events);
  return { batchItemFailures: unreadable === undefined ? [] : [{ itemIdentifier: unreadable }] };
};
