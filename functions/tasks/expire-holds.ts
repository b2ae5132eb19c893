import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { ExpiringHolds } from "#adapters/dynamodb/expiring-holds.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type SweepPorts, sweepHolds } from "./releasing.ts";

const dynamoDb = createDynamoDb();
const table = requiredVariable("LEDGER_TABLE");
const merchants = new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE"));
const logger = new Logger({ serviceName: "expire-holds" });
const ports: SweepPorts = {
  holds: new ExpiringHolds(dynamoDb, table),
  journal: new JournalStore(dynamoDb, table),
  ledger: new UserLedger(dynamoDb, table, writerEpoch()),
  now: Date.now,
  failed: (subject, error) => logger.error("a hold was not released", { subject, error: error as Error }),
};

/** Left for what is under way when the time is up. */
const reserveMs = 10_000;

/** Releases what merchants' holds set aside once their time is up. Nothing is posted late for it: time alone refuses that. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const mayGoOn = () => context.getRemainingTimeInMillis() > reserveMs;
  await sweepHolds(ports, await merchants.ids(), { execution: `expire:${context.awsRequestId}`, mayGoOn });
};
