import { Logger } from "@aws-lambda-powertools/logger";
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { createStreamRanges } from "#adapters/streams/stream-range.ts";
import { requiredVariable } from "#functions/environment.ts";
import { givenUpIn, lettersOf } from "./given-up.ts";

const letters = new DeadLetterStore(createDynamoDb(), requiredVariable("DEAD_LETTERS_TABLE"));
const streams = createStreamRanges();
const logger = new Logger({ serviceName: "dead-letters" });

/** Keeps what was given up anywhere, before its queue or stream forgets it. Keeping twice is keeping once. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const failures: SQSBatchItemFailure[] = [];
  for (const message of event.Records) {
    try {
      await keep(message);
    } catch (error) {
      logger.error("a dead letter could not be kept", { message: message.messageId, error: error as Error });
      failures.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures: failures };
};

async function keep(message: SQSRecord): Promise<void> {
  const givenUp = givenUpIn(message);
  if (givenUp.kind === "letter") return letters.keep(givenUp.letter);
  const records = await streams.read(givenUp.range);
  for (const letter of lettersOf(givenUp, records)) await letters.keep(letter);
}
