import { logicalName, physicalName } from "./naming.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export type TableName =
  | "payments"
  | "ledger"
  | "idempotency"
  | "vault"
  | "merchants"
  | "events"
  | "deadLetters";
export type Tables = { readonly [Name in TableName]: sst.aws.Dynamo };

const keyed = {
  fields: { pk: "string", sk: "string" },
  primaryIndex: { hashKey: "pk", rangeKey: "sk" },
} as const satisfies sst.aws.DynamoArgs;

/** The tables. Each has one owner, and every partition key starts with the book (the merchant). */
export function createTables(settings: StageSettings, keys: Keys): Tables {
  return {
    payments: createTable(settings, "payments", {
      ...keyed,
      fields: {
        ...keyed.fields,
        list_pk: "string",
        list_sk: "string",
        due_pk: "string",
        due_at: "number",
      },
      globalIndexes: {
        // Keys only: the index costs one write unit per payment, and no decision is ever made from it.
        by_time: { hashKey: "list_pk", rangeKey: "list_sk", projection: "keys-only" },
        // Sparse: what time alone would end. Automatic payments never are in it, and pay nothing for it.
        due: { hashKey: "due_pk", rangeKey: "due_at", projection: "keys-only" },
      },
      // The outbox: what is committed becomes an event, and nothing else does. Old images tell what changed.
      stream: "new-and-old-images",
    }),
    // Whoever keeps balances needs each record once and whole, and none is ever changed.
    ledger: createTable(settings, "ledger", { ...keyed, stream: "new-image" }),
    // Powertools writes it, under a partition key that we give it: see ADR 8. Its expiry is in epoch seconds.
    idempotency: createTable(settings, "idempotency", { ...keyed, ttl: "expires_at" }),
    vault: createTable(settings, "vault", keyed, { enabled: true, kmsKeyArn: keys.vaultTable.arn }),
    merchants: createTable(settings, "merchants", keyed),
    // Kept for 30 days, for the API. A stage with an archive (archive.ts) keeps what was sent for as long as books.
    events: createTable(settings, "events", {
      ...keyed,
      fields: { ...keyed.fields, list_pk: "string", list_sk: "string" },
      globalIndexes: { by_time: { hashKey: "list_pk", rangeKey: "list_sk", projection: "keys-only" } },
      ttl: "expires_at",
    }),
    deadLetters: createTable(settings, "deadLetters", keyed),
  };
}

function createTable(
  settings: StageSettings,
  name: TableName,
  args: sst.aws.DynamoArgs,
  /** Left out, AWS encrypts with a key that it owns and that costs nothing per request. */
  serverSideEncryption?: aws.types.input.dynamodb.TableServerSideEncryption,
): sst.aws.Dynamo {
  return new sst.aws.Dynamo(logicalName(name), {
    ...args,
    deletionProtection: settings.protectFromDeletion,
    transform: {
      table: (table) => {
        table.name = physicalName(name);
        table.pointInTimeRecovery = { enabled: settings.pointInTimeRecovery };
        if (serverSideEncryption !== undefined) table.serverSideEncryption = serverSideEncryption;
        return undefined;
      },
    },
  });
}
