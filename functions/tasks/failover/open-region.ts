import { Logger } from "@aws-lambda-powertools/logger";
import middy from "@middy/core";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { FailoverRegister } from "#adapters/dynamodb/failover-register.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type Opened, openInput } from "#workflows/failover/contract.ts";
import { findingLetter } from "./pass.ts";

const client = createDynamoDb();
const table = requiredVariable("DEAD_LETTERS_TABLE");
const register = new FailoverRegister(client, table);
const letters = new DeadLetterStore(client, table);
const logger = new Logger({ serviceName: "failover" });

/** From here on this region has the money. What comes after it, no payment waits for. */
export const handler = middy<unknown, Opened>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown): Promise<Opened> => {
    const { unfenced, ...run } = openInput.parse(event);
    if (unfenced !== null) {
      const what = `was not denied what its functions may do (${unfenced}): only the epoch fences it`;
      await letters.keep(findingLetter({ subject: "the other region", what }, run));
    }
    const epoch = writerEpoch();
    const openedAt = await register.open(epoch, Date.now());
    // A line for the metric that DNS follows (stacks/log-metrics.ts).
    logger.warn("the region is open", { epoch, execution: run.execution });
    return { epoch, opened_at: new Date(openedAt).toISOString() };
  },
);
