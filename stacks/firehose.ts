import type { BucketRef } from "./buckets.ts";
import { physicalName } from "./naming.ts";
import { createLogGroup } from "./network-logs.ts";
import type { Parts } from "./parts.ts";
import type { Permission } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

type Destination = aws.types.input.kinesis.FirehoseDeliveryStreamExtendedS3Configuration;

/** Where events are delivered. */
export interface Delivery {
  /** Logical name of the delivery stream. */
  readonly name: string;
  readonly bucket: aws.s3.Bucket;
  /** Of the bucket. */
  readonly key: aws.kms.Key;
  /** What its role needs beside reading the stream and writing to the bucket. */
  readonly permissions?: readonly Permission[];
  /** How records become objects. */
  readonly form: (roleArn: $util.Output<string>) => Partial<Destination>;
}

/** Seconds that a record waits for others, at most: what is in the stream is minutes from where it is asked for. */
const bufferSeconds = 300;
/** MiB, uncompressed. The least that Firehose takes where it writes Parquet. */
const bufferMebibytes = 64;

/**
 * Delivers the events of payments to a bucket, as the stream has them: each at least once, in whatever order. Firehose
 * keeps its place in the stream, and tries for as long as the stream remembers: a week.
 */
export function createEventDelivery(
  { name, bucket, key, permissions = [], form }: Delivery,
  { settings, keys, streams }: Pick<Parts, "settings" | "keys" | "streams">,
): aws.kinesis.FirehoseDeliveryStream {
  const logs = createLogGroup(`${name}Logs`, `/aws/kinesisfirehose/${physicalName(name)}`, settings, keys);
  // Firehose writes to one that is there, and to no other.
  const logStream = new aws.cloudwatch.LogStream(`${name}LogStream`, {
    name: "errors",
    logGroupName: logs.name,
  });
  const { accountId } = aws.getCallerIdentityOutput();
  const statements = [
    {
      actions: [
        "kinesis:DescribeStream",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
      ],
      resources: [streams.paymentEvents.arn],
    },
    ...writingTo(bucket, key, settings),
    { actions: ["logs:PutLogEvents"], resources: [$interpolate`${logs.arn}:*`] },
    ...permissions,
  ];
  const role = new aws.iam.Role(`${name}Role`, {
    name: physicalName(name),
    description: `Brings events of payments to ${physicalName(name)}`,
    assumeRolePolicy: trustOnly("firehose.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": accountId },
    }),
    inlinePolicies: [inlinePolicy(statements)],
  });
  return new aws.kinesis.FirehoseDeliveryStream(name, {
    name: physicalName(name),
    destination: "extended_s3",
    kinesisSourceConfiguration: { kinesisStreamArn: streams.paymentEvents.arn, roleArn: role.arn },
    extendedS3Configuration: {
      bucketArn: bucket.arn,
      roleArn: role.arn,
      kmsKeyArn: key.arn,
      bufferingInterval: bufferSeconds,
      bufferingSize: bufferMebibytes,
      cloudwatchLoggingOptions: {
        enabled: true,
        logGroupName: logs.name,
        logStreamName: logStream.name,
      },
      ...form(role.arn),
    },
  });
}

/** To write objects, and to go on with one that was begun. S3 encrypts in the name of whoever writes. */
function writingTo(bucket: aws.s3.Bucket, key: aws.kms.Key, settings: StageSettings): Permission[] {
  return [
    {
      actions: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      resources: [bucket.arn],
    },
    {
      actions: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      resources: [$interpolate`${bucket.arn}/*`],
    },
    throughS3(["kms:Decrypt", "kms:GenerateDataKey"], key, [bucket], settings),
  ];
}

/** Use of a key by S3 alone, for what is in these buckets: each has one data key, which names the bucket. */
export const throughS3 = (
  actions: string[],
  key: { readonly arn: $util.Output<string> },
  buckets: readonly BucketRef[],
  { region }: Pick<StageSettings, "region">,
): Permission => ({
  actions,
  resources: [key.arn],
  conditions: [
    { test: "StringEquals", variable: "kms:ViaService", values: [`s3.${region}.amazonaws.com`] },
    {
      test: "StringEquals",
      variable: "kms:EncryptionContext:aws:s3:arn",
      values: buckets.map(({ arn }) => arn),
    },
  ],
});
