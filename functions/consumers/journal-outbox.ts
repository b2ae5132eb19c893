import { Logger } from "@aws-lambda-powertools/logger";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { type JournalItem, journalRecord } from "#adapters/dynamodb/journal-codec.ts";
import type { EventStream } from "#adapters/kinesis/event-stream.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";

const logger = new Logger({ serviceName: "journal-relay" });

interface Told {
  readonly sequenceNumber: string;
  readonly event: LedgerEvent;
}

/**
 * Each record of the journal becomes an event, for the archive, the lake and the warehouse. Records never change, so one
 * that comes again is the same event under the same id. What fails here comes again, from the first that failed.
 */
export const createJournalOutbox =
  (stream: Pick<EventStream<LedgerEvent>, "publish">) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const { told, unreadable } = read(Records);
    const published = await stream.publish(told.map(({ event }) => event));
    const failed = told[published]?.sequenceNumber ?? unreadable;
    return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
  };

/** The events up to the first record that cannot be read: that one alone is given up in the end. */
function read(records: readonly DynamoDBRecord[]): {
  readonly told: readonly Told[];
  readonly unreadable: string | undefined;
} {
  const told: Told[] = [];
  for (const { dynamodb } of records) {
    const sequenceNumber = dynamodb?.SequenceNumber ?? "";
    try {
      const image = unmarshall(dynamodb?.NewImage as Record<string, AttributeValue>);
      told.push({ sequenceNumber, event: ledgerEventOf(journalRecord(image as JournalItem)) });
    } catch (error) {
      logger.error("a record cannot be read", { sequence_number: sequenceNumber, error: error as Error });
      return { told, unreadable: sequenceNumber };
    }
  }
  return { told, unreadable: undefined };
}
