import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { ensureTables, type TablePlan } from "#local/dynamodb/tables.ts";

const keyed = (name: string, more: Partial<TablePlan> = {}): TablePlan => ({
  name,
  attributes: [
    { name: "pk", type: "S" },
    { name: "sk", type: "S" },
  ],
  hashKey: "pk",
  rangeKey: "sk",
  globalSecondaryIndexes: [],
  localSecondaryIndexes: [],
  streamEnabled: false,
  ...more,
});

/** Tables of the plan's shape, by the names that contract tests use. */
const plans = [
  keyed("payments", {
    attributes: [
      ...["pk", "sk", "list_pk", "list_sk", "due_pk"].map((name) => ({ name, type: "S" as const })),
      { name: "due_at", type: "N" as const },
    ],
    globalSecondaryIndexes: [
      { name: "by_time", hashKey: "list_pk", rangeKey: "list_sk", projectionType: "KEYS_ONLY" },
      { name: "due", hashKey: "due_pk", rangeKey: "due_at", projectionType: "KEYS_ONLY" },
    ],
  }),
  keyed("ledger"),
  keyed("events", {
    attributes: ["pk", "sk", "list_pk", "list_sk"].map((name) => ({ name, type: "S" as const })),
    globalSecondaryIndexes: [
      { name: "by_time", hashKey: "list_pk", rangeKey: "list_sk", projectionType: "KEYS_ONLY" },
    ],
  }),
  keyed("merchants"),
  keyed("vault"),
  keyed("idempotency"),
  keyed("dead-letters"),
];

/** Each call is sent once: a test sees what happens to it. */
export const clientOptions = {
  region: "eu-west-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
};

export interface TestTables {
  /** For clients that a test makes itself. */
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  stop(): Promise<void>;
}

/** A DynamoDB of its own for one test file, in a folder that `stop` removes. */
export async function startTables(): Promise<TestTables> {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-tables-"));
  const server = await startDynamoDb(join(folder, "dynamodb.sqlite"));
  const engine = dynamoDbEngine(server.endpoint);
  await ensureTables(engine, plans);
  const client = new DynamoDBClient({ ...clientOptions, endpoint: server.endpoint });
  return {
    endpoint: server.endpoint,
    client,
    stop: async () => {
      client.destroy();
      engine.stop();
      await server.child?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
