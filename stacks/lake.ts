import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Archive, archivePrefix } from "./archive.ts";
import { createBucket } from "./buckets.ts";
import { createEventDelivery } from "./firehose.ts";
import { type Column, eventColumns } from "./lake-columns.ts";
import { logicalName, physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import type { Permission } from "./permissions.ts";
import type { StageSettings } from "./settings.ts";

export interface LakeSettings {
  /** After so many days events are deleted here. The archive has its own time. */
  readonly keepDays: number;
  /** A query that would read more is stopped. 1,000 GB are 5 USD. */
  readonly gigabytesPerQueryMax: number;
}

/** Whoever asks the lake is wired to this. */
export interface Lake {
  readonly workgroup: aws.athena.Workgroup;
  readonly database: aws.glue.CatalogDatabase;
  readonly events: aws.glue.CatalogTable;
  readonly bucket: aws.s3.Bucket;
  readonly results: aws.s3.Bucket;
  readonly key: aws.kms.Key;
  readonly delivery: aws.kinesis.FirehoseDeliveryStream;
}

/** Kept with the estate, as text that Athena takes: they are found in its console under their names. */
const queryNames = ["payments", "approval-rates", "payment-history"] as const;
type QueryName = (typeof queryNames)[number];

const eventsPrefix = "events/";
/** Answers can be asked for again. */
const resultDays = 30;
const bytesPerGigabyte = 1_000_000_000;

/**
 * Events of payments as columns, by the day of their arrival, for questions that nobody has asked before: Firehose
 * writes Parquet by the catalog's own columns, and Athena reads of each file what a question needs. What does not fit
 * the columns is put aside with its reason, and is in the archive as it came.
 */
export function createLake(
  parts: Pick<Parts, "settings" | "keys" | "streams">,
  archive: Archive | undefined,
): Lake | undefined {
  const { settings, keys } = parts;
  if (settings.lake === undefined || keys.lake === undefined) return undefined;
  if (archive === undefined)
    throw new Error(
      `${settings.stage} has a lake, and no archive to fill it from again (stacks/settings.ts).`,
    );
  const { bucket } = createBucket("Lake", settings, { key: keys.lake, days: settings.lake.keepDays });
  const { bucket: results } = createBucket("QueryResults", settings, { key: keys.lake, days: resultDays });
  const database = new aws.glue.CatalogDatabase("LakeCatalog", {
    // Names here take letters, digits and underscores only.
    name: physicalName("Lake").replaceAll("-", "_"),
    description: "What became of payments",
  });
  const events = createTable("payment_events", eventColumns, parquet, database, bucket, eventsPrefix);
  createTable(
    "archived_events",
    [{ name: "event", type: "string" }],
    lines,
    database,
    archive.bucket,
    archivePrefix,
  );
  const delivery = createEventDelivery(
    {
      name: "LakeDelivery",
      bucket,
      key: keys.lake,
      permissions: [readingColumns(database, events)],
      form: (roleArn) => ({
        prefix: `${eventsPrefix}day=!{timestamp:yyyy-MM-dd}/`,
        errorOutputPrefix: "unfit/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
        dataFormatConversionConfiguration: {
          enabled: true,
          inputFormatConfiguration: { deserializer: { openXJsonSerDe: { caseInsensitive: false } } },
          outputFormatConfiguration: { serializer: { parquetSerDe: { compression: "SNAPPY" } } },
          schemaConfiguration: {
            roleArn,
            region: settings.region,
            databaseName: database.name,
            tableName: events.name,
            versionId: "LATEST",
          },
        },
      }),
    },
    parts,
  );
  const workgroup = createWorkgroup(settings, settings.lake, results, keys.lake);
  for (const name of queryNames) createQuery(name, workgroup, database);
  return { workgroup, database, events, bucket, results, key: keys.lake, delivery };
}

const hive = "org.apache.hadoop.hive.ql.io";
const parquet = {
  inputFormat: `${hive}.parquet.MapredParquetInputFormat`,
  outputFormat: `${hive}.parquet.MapredParquetOutputFormat`,
  serDeInfo: { serializationLibrary: `${hive}.parquet.serde.ParquetHiveSerDe` },
};
/** A line is one column: JSON writes no control characters, and one of them is what parts columns here. */
const lines = {
  inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
  outputFormat: `${hive}.HiveIgnoreKeyTextOutputFormat`,
  serDeInfo: {
    serializationLibrary: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    parameters: { "field.delim": "\u0001" },
  },
};

/** Athena works out the days by itself: no crawler has to find a new folder before it is asked. */
function createTable(
  name: string,
  columns: readonly Column[],
  format: aws.types.input.glue.CatalogTableStorageDescriptor,
  database: aws.glue.CatalogDatabase,
  bucket: aws.s3.Bucket,
  prefix: string,
): aws.glue.CatalogTable {
  const location = $interpolate`s3://${bucket.bucket}/${prefix}`;
  return new aws.glue.CatalogTable(`${name.split("_").map(logicalName).join("")}Columns`, {
    name,
    databaseName: database.name,
    tableType: "EXTERNAL_TABLE",
    parameters: {
      EXTERNAL: "TRUE",
      "projection.enabled": "true",
      "projection.day.type": "date",
      "projection.day.format": "yyyy-MM-dd",
      "projection.day.range": "2026-01-01,NOW",
      "storage.location.template": $interpolate`${location}day=\${day}/`,
    },
    partitionKeys: [{ name: "day", type: "string" }],
    storageDescriptor: { ...format, location, columns: columns.map((column) => ({ ...column })) },
  });
}

/** Firehose looks the columns up when it writes: a new one is written from then on. */
function readingColumns(database: aws.glue.CatalogDatabase, table: aws.glue.CatalogTable): Permission {
  return {
    actions: ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
    resources: [catalogOf(database), database.arn, table.arn],
  };
}

/** What is asked about a table is asked of its catalog and database too. */
export const catalogOf = ({ arn }: aws.glue.CatalogDatabase): $util.Output<string> =>
  arn.apply((full) => full.replace(/:database\/.*$/, ":catalog"));

function createWorkgroup(
  settings: StageSettings,
  { gigabytesPerQueryMax }: LakeSettings,
  results: aws.s3.Bucket,
  key: aws.kms.Key,
): aws.athena.Workgroup {
  const { accountId } = aws.getCallerIdentityOutput();
  return new aws.athena.Workgroup("Questions", {
    name: physicalName("Questions"),
    description: "Questions about payments",
    forceDestroy: !settings.retainData,
    configuration: {
      // Where answers go and how they are encrypted is not for whoever asks to say.
      enforceWorkgroupConfiguration: true,
      publishCloudwatchMetricsEnabled: true,
      bytesScannedCutoffPerQuery: gigabytesPerQueryMax * bytesPerGigabyte,
      engineVersion: { selectedEngineVersion: "Athena engine version 3" },
      resultConfiguration: {
        outputLocation: $interpolate`s3://${results.bucket}/`,
        expectedBucketOwner: accountId,
        encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn: key.arn },
      },
    },
  });
}

function createQuery(
  name: QueryName,
  workgroup: aws.athena.Workgroup,
  database: aws.glue.CatalogDatabase,
): void {
  const logical = `${name.split("-").map(logicalName).join("")}Query`;
  new aws.athena.NamedQuery(logical, {
    name,
    workgroup: workgroup.name,
    database: database.name,
    query: queryText(name),
  });
}

/** The text of a query. */
export const queryText = (name: QueryName): string =>
  readFileSync(join($cli.paths.root, "stacks/queries", `${name}.sql`), "utf8");
