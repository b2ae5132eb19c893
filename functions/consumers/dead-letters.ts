import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { createStreamRanges } from "#adapters/streams/stream-range.ts";
import { requiredVariable } from "#functions/environment.ts";
import { givenUpIn, lettersOf } from "./given-up.ts";

const letters = new DeadLetterStore(createDynamoDb(), requiredVariable("DEAD_LETTERS_TABLE"));
const streams = createStreamRanges();
const logger = new Logger({ serviceName: "dead-letters" });

/** Left for keeping what was read, in milliseconds. */
const reserveMs = 10_000;

/** Keeps what was given up anywhere, before its queue or stream forgets it. Keeping twice is keeping once. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const failures: SQSBatchItemFailure[] = [];
  for (const [index, message] of event.Records.entries()) {
    // One range that takes long must not take the time of the messages behind it.
    const share = (context.getRemainingTimeInMillis() - reserveMs) / (event.Records.length - index);
    try {
      await keep(message, Date.now() + share);
    } catch (error) {
      logger.error("a dead letter could not be kept", {
        message_id: message.messageId,
        error: error as Error,
      });
      failures.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures: failures };
};

/** @param until epoch milliseconds: when reading back must end */
async function keep(message: SQSRecord, until: number): Promise<void> {
  const givenUp = givenUpIn(message);
  if (givenUp.kind === "letter") return letters.keep(givenUp.letter);
  const found = await streams.read(givenUp.range, until);
  for (const letter of lettersOf(givenUp, found)) await letters.keep(letter);
  // The message stays with its queue: the next try may get further, and in the end a person is shown it.
  if (found.extent === "unfinished") throw new Error(`${givenUp.range.shardId} was not read to the end`);
}
