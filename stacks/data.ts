import { logicalName, physicalName } from "./naming.ts";
import { referredStage, replicaRegion, sharedName } from "./pair.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";

export type TableName =
  | "payments"
  | "ledger"
  | "idempotency"
  | "vault"
  | "merchants"
  | "events"
  | "deadLetters";
/** A table as those see it who are wired to it, whichever stage made it. */
export interface Table {
  readonly name: $util.Output<string>;
  readonly arn: $util.Output<string>;
  /** Undefined for a table without a stream. */
  readonly streamArn: $util.Output<string | undefined>;
}
export type Tables = { readonly [Name in TableName]: Table };

const keyed = {
  fields: { pk: "string", sk: "string" },
  primaryIndex: { hashKey: "pk", rangeKey: "sk" },
} as const satisfies sst.aws.DynamoArgs;

const tableNames: readonly TableName[] = [
  "payments",
  "ledger",
  "idempotency",
  "vault",
  "merchants",
  "events",
  "deadLetters",
];

/**
 * The tables. Each has one owner, and every partition key starts with the book (the merchant). Of a pair of regions the
 * home makes them with a replica of each in the other, and the standby finds them there.
 */
export function createTables(settings: StageSettings, keys: Keys): Tables {
  return referredStage(settings) === undefined ? makeTables(settings, keys) : findTables(settings);
}

function findTables(settings: StageSettings): Tables {
  const found = tableNames.map((name) => {
    const table = aws.dynamodb.getTableOutput({ name: sharedName(settings, name) });
    return [name, { name: table.name, arn: table.arn, streamArn: table.streamArn }] as const;
  });
  return Object.fromEntries(found) as Readonly<Record<TableName, Table>>;
}

function makeTables(settings: StageSettings, keys: Keys): Tables {
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
    vault: createTable(settings, "vault", keyed, keys.vaultTable),
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
  key?: SharedKey,
): Table {
  const made = new sst.aws.Dynamo(logicalName(name), {
    ...args,
    deletionProtection: settings.protectFromDeletion,
    transform: {
      table: (table) => {
        table.name = physicalName(name);
        table.pointInTimeRecovery = { enabled: settings.pointInTimeRecovery };
        if (key !== undefined) table.serverSideEncryption = { enabled: true, kmsKeyArn: key.arn };
        replicate(table, settings, key);
        return undefined;
      },
    },
  });
  return { name: made.name, arn: made.arn, streamArn: made.nodes.table.streamArn };
}

/**
 * A copy in the other region, usually a second behind (MREC; the strong mode has no transactions). All tables have one:
 * whoever is answered there must find what was there, the answer to a repeated request included. DynamoDB replicates by
 * the stream, with both images.
 */
function replicate(table: aws.dynamodb.TableArgs, settings: StageSettings, key: SharedKey | undefined): void {
  const regionName = replicaRegion(settings);
  if (regionName === undefined) return;
  table.streamEnabled = true;
  table.streamViewType = "NEW_AND_OLD_IMAGES";
  table.replicas = [
    {
      regionName,
      pointInTimeRecovery: settings.pointInTimeRecovery,
      deletionProtectionEnabled: settings.protectFromDeletion,
      propagateTags: true,
      ...(key?.replicaArn !== undefined && { kmsKeyArn: key.replicaArn }),
    },
  ];
}
