import { Logger } from "@aws-lambda-powertools/logger";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { type JournalItem, journalRecord } from "#adapters/dynamodb/journal-codec.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { inLanes } from "#functions/lanes.ts";

const folds = new FoldStore(createDynamoDb(), requiredVariable("LEDGER_TABLE"), writerEpoch());
const logger = new Logger({ serviceName: "folder" });

/** Enough to keep the table busy; each is one conditional put. */
const shardsAtOnce = 16;

/**
 * Keeps the balances of all accounts that nobody guards, from the journal's stream. It never gives a record up: what it
 * cannot count holds back what comes after, for balances that are late are not yet wrong.
 */
export async function handler({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const shards = [...Map.groupBy(Records, partitionOf)];
  const failed: string[] = [];
  await inLanes(shards, shardsAtOnce, async ([partition, records]) => {
    try {
      await folds.count(partition, records.map(streamed));
    } catch (error) {
      logger.error("a shard was not counted", { shard: partition, error: error as Error });
      failed.push(sequenceOf(records[0]));
    }
  });
  // Lambda goes on from the lowest of them. Shards that were counted pass over what comes again.
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

const partitionOf = ({ dynamodb }: DynamoDBRecord): string => {
  const partition = dynamodb?.Keys?.["pk"]?.S;
  invariant(partition !== undefined, "a record of a stream names its item");
  return partition;
};

function sequenceOf(record: DynamoDBRecord | undefined): string {
  const sequence = record?.dynamodb?.SequenceNumber;
  invariant(sequence !== undefined, "a record of a stream has its place there");
  return sequence;
}

const streamed = (record: DynamoDBRecord) => ({
  sequence: sequenceOf(record),
  epoch: Number(record.dynamodb?.NewImage?.["epoch"]?.N ?? 0),
  record: journalRecord(
    unmarshall(record.dynamodb?.NewImage as Record<string, AttributeValue>) as JournalItem,
  ),
});
