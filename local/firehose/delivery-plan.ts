import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { type HiveColumn, hiveTypeOf } from "./hive-type.ts";
import { objectKeyOf } from "./object-name.ts";

const processor = z.object({
  type: z.literal("AppendDelimiterToRecord"),
  parameters: z
    .array(z.object({ parameterName: z.literal("Delimiter"), parameterValue: z.string() }))
    .length(1),
});
const conversion = z.object({
  enabled: z.literal(true).default(true),
  inputFormatConfiguration: z.object({
    deserializer: z.object({
      openXJsonSerDe: z.object({
        caseInsensitive: z.boolean().default(true),
        convertDotsInJsonKeysToUnderscores: z.literal(false).optional(),
        columnToJsonKeyMappings: z.never().optional(),
      }),
    }),
  }),
  outputFormatConfiguration: z.object({
    serializer: z.object({ parquetSerDe: z.object({ compression: z.literal("SNAPPY").default("SNAPPY") }) }),
  }),
  schemaConfiguration: z.object({
    roleArn: z.string(),
    region: z.string().optional(),
    databaseName: z.string(),
    tableName: z.string(),
    versionId: z.literal("LATEST").default("LATEST"),
  }),
});
/** What changes what is delivered, and is not done here, stops the start. */
const deliveryInputs = z.object({
  name: z.string(),
  destination: z.literal("extended_s3"),
  kinesisSourceConfiguration: z.object({ kinesisStreamArn: z.string(), roleArn: z.string() }),
  extendedS3Configuration: z.object({
    bucketArn: z.string(),
    roleArn: z.string(),
    prefix: z.string().default(""),
    errorOutputPrefix: z.string().optional(),
    /** Seconds. */
    bufferingInterval: z.int().min(0).max(900).default(300),
    /** MiB. */
    bufferingSize: z.int().min(1).max(128).default(5),
    compressionFormat: z.enum(["UNCOMPRESSED", "GZIP"]).default("UNCOMPRESSED"),
    fileExtension: z.string().default(""),
    customTimeZone: z.literal("UTC").optional(),
    dynamicPartitioningConfiguration: z.never().optional(),
    s3BackupMode: z.literal("Disabled").optional(),
    processingConfiguration: z
      .object({ enabled: z.boolean().default(false), processors: z.array(processor).max(1).default([]) })
      .optional(),
    dataFormatConversionConfiguration: conversion.optional(),
  }),
});
type Destination = z.output<typeof deliveryInputs>["extendedS3Configuration"];
const tableInputs = z.object({
  name: z.string(),
  databaseName: z.string(),
  catalogId: z.string().optional(),
  storageDescriptor: z.object({ columns: z.array(z.object({ name: z.string(), type: z.string() })).min(1) }),
});

/** The table whose columns records are brought into. */
export interface TargetTable {
  readonly columns: readonly HiveColumn[];
  /** Keys are compared without regard to their case. */
  readonly caseInsensitive: boolean;
  /** As it is told of what does not fit. */
  readonly told: Readonly<Record<string, string>>;
}

/** How records become objects. */
type Form =
  | { readonly kind: "lines"; readonly delimiter: string; readonly gzip: boolean }
  | { readonly kind: "parquet"; readonly table: TargetTable };

/** A delivery stream of Firehose that the plan asks for. */
export interface DeliveryPlan {
  readonly name: string;
  readonly arn: string;
  readonly streamArn: string;
  /** It reads the stream, and writes to the bucket. */
  readonly readerRoleArn: string;
  readonly writerRoleArn: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly errorPrefix: string;
  readonly extension: string;
  /** From the first of a buffer's records to its end at the latest, in milliseconds. */
  readonly bufferMsMax: number;
  readonly bufferBytesMax: number;
  readonly form: Form;
}

/** @throws Refusal for a delivery that is not carried out here as AWS would. */
export function deliveryPlansOf(plan: Plan): readonly DeliveryPlan[] {
  return resourcesOf(plan, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").map((resource) => {
    const {
      name,
      kinesisSourceConfiguration: source,
      extendedS3Configuration: to,
    } = inputsOf(resource, deliveryInputs);
    const made: DeliveryPlan = {
      name,
      arn: outputsOf(resource, z.object({ arn: z.string() })).arn,
      streamArn: source.kinesisStreamArn,
      readerRoleArn: source.roleArn,
      writerRoleArn: to.roleArn,
      bucket: to.bucketArn.replace(/^arn:aws:s3:::/, ""),
      prefix: to.prefix,
      errorPrefix: to.errorOutputPrefix ?? "",
      bufferMsMax: to.bufferingInterval * 1_000,
      bufferBytesMax: to.bufferingSize * 1024 * 1024,
      ...formOf(plan, resource, to),
    };
    checkNames(resource, made);
    return made;
  });
}

function formOf(
  plan: Plan,
  resource: PlanResource,
  {
    processingConfiguration,
    compressionFormat,
    dataFormatConversionConfiguration,
    fileExtension,
  }: Destination,
): Pick<DeliveryPlan, "form" | "extension"> {
  if (dataFormatConversionConfiguration !== undefined) {
    const table = tableOf(plan, resource, dataFormatConversionConfiguration);
    return { form: { kind: "parquet", table }, extension: fileExtension || ".parquet" };
  }
  const [delimiting] = processingConfiguration?.enabled === true ? processingConfiguration.processors : [];
  // Written as in the console: a backslash and an n are one character, the end of a line.
  const delimiter = (delimiting?.parameters[0]?.parameterValue ?? "").replaceAll("\\n", "\n");
  const gzip = compressionFormat === "GZIP";
  return { form: { kind: "lines", delimiter, gzip }, extension: fileExtension || (gzip ? ".gz" : "") };
}

function tableOf(
  plan: Plan,
  resource: PlanResource,
  { inputFormatConfiguration, schemaConfiguration }: z.output<typeof conversion>,
): TargetTable {
  const { databaseName, tableName, versionId, roleArn, region = plan.region } = schemaConfiguration;
  const table = resourcesOf(plan, "aws:glue/catalogTable:CatalogTable")
    .map((each) => inputsOf(each, tableInputs))
    .find((each) => each.databaseName === databaseName && each.name === tableName);
  if (table === undefined)
    throw refusal(resource, `there is no table ${databaseName}.${tableName} to write by`);
  return {
    columns: table.storageDescriptor.columns.map(({ name, type }) => {
      try {
        return { name, type: hiveTypeOf(type) };
      } catch (thrown) {
        throw refusal(resource, `column ${name} of ${tableName}: ${(thrown as Error).message}`);
      }
    }),
    caseInsensitive: inputFormatConfiguration.deserializer.openXJsonSerDe.caseInsensitive,
    told: { catalogId: table.catalogId ?? plan.account, databaseName, tableName, region, versionId, roleArn },
  };
}

/** A prefix that cannot be evaluated is found at the start, and not by the first object. */
function checkNames(
  resource: PlanResource,
  { name, prefix, errorPrefix, extension, form }: DeliveryPlan,
): void {
  try {
    objectKeyOf({ deliveryName: name, prefix, extension }, new Date(0), "");
    const errorType = "format-conversion-failed" as const;
    if (form.kind === "parquet")
      objectKeyOf({ deliveryName: name, prefix: errorPrefix, extension: "", errorType }, new Date(0), "");
  } catch (thrown) {
    throw refusal(resource, (thrown as Error).message);
  }
}

const refusal = ({ type, name }: PlanResource, because: string): Refusal =>
  new Refusal(`the plan's ${type} ${name} cannot be carried out by the local cloud: ${because}`);
