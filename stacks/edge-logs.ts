import { edgeRegion } from "./domain.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** As long as all logs: PCI DSS asks for a year. */
const logDays = 365;

/**
 * What CloudFront writes down of each request: no path, no query, no header that a caller writes. A caller can put a card
 * number into a path, and the links of customers who come back carry a signature in their query.
 */
const accessLogFields = [
  "date",
  "time",
  "x-edge-location",
  "x-edge-request-id",
  "c-ip",
  "cs-method",
  "cs-protocol",
  "cs-protocol-version",
  "cs-bytes",
  "sc-status",
  "sc-bytes",
  "ssl-protocol",
  "ssl-cipher",
  "x-edge-result-type",
  "x-edge-detailed-result-type",
  "time-taken",
  "time-to-first-byte",
];

/** Headers that prove who sends: WAF's log would hold them word for word. */
const provingHeaders = ["authorization", "acquirer-signature", "cookie"];

/** Who came to the edge, and what the firewall refused: both logs, in one bucket. */
export function createEdgeLogs(
  distribution: aws.cloudfront.Distribution,
  firewall: aws.wafv2.WebAcl,
  settings: StageSettings,
): void {
  const { bucket, ready } = createLogBucket(settings);
  const source = new aws.cloudwatch.LogDeliverySource("EdgeAccessLog", {
    region: edgeRegion,
    name: physicalName("EdgeAccessLog"),
    logType: "ACCESS_LOGS",
    resourceArn: distribution.arn,
  });
  const destination = new aws.cloudwatch.LogDeliveryDestination(
    "EdgeAccessLogBucket",
    {
      region: edgeRegion,
      name: physicalName("EdgeAccessLog"),
      outputFormat: "json",
      deliveryDestinationConfiguration: { destinationResourceArn: bucket.arn },
    },
    { dependsOn: ready },
  );
  new aws.cloudwatch.LogDelivery("EdgeAccessLogDelivery", {
    region: edgeRegion,
    deliverySourceName: source.name,
    deliveryDestinationArn: destination.arn,
    recordFields: accessLogFields,
  });
  new aws.wafv2.WebAclLoggingConfiguration(
    "EdgeFirewallLog",
    {
      region: edgeRegion,
      resourceArn: firewall.arn,
      logDestinationConfigs: [bucket.arn],
      redactedFields: [
        ...provingHeaders.map((name) => ({ singleHeader: { name } })),
        { queryString: {} },
        { uriPath: {} },
      ],
      // What is let through is in the access log.
      loggingFilter: {
        defaultBehavior: "DROP",
        filters: [
          {
            behavior: "KEEP",
            requirement: "MEETS_ANY",
            conditions: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"].map((action) => ({
              actionCondition: { action },
            })),
          },
        ],
      },
    },
    { dependsOn: ready },
  );
}

interface LogBucket {
  readonly bucket: aws.s3.Bucket;
  /** Whoever delivers checks first that it may. */
  readonly ready: $util.Resource[];
}

function createLogBucket(settings: StageSettings): LogBucket {
  const { accountId } = aws.getCallerIdentityOutput();
  const key = createLogKey(settings);
  const bucket = new aws.s3.Bucket(
    "EdgeLogsBucket",
    // WAF writes only to buckets whose names begin so.
    { bucket: $interpolate`aws-waf-logs-${physicalName("Edge")}-${accountId}` },
    { retainOnDelete: settings.retainData },
  );
  const { bucket: name } = bucket;
  const publicAccess = new aws.s3.BucketPublicAccessBlock("EdgeLogsBucketPublicAccess", {
    bucket: name,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const versioning = new aws.s3.BucketVersioning("EdgeLogsBucketVersioning", {
    bucket: name,
    versioningConfiguration: { status: "Enabled" },
  });
  const encryption = new aws.s3.BucketServerSideEncryptionConfiguration("EdgeLogsBucketEncryption", {
    bucket: name,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
        bucketKeyEnabled: true,
      },
    ],
  });
  new aws.s3.BucketLifecycleConfiguration(
    "EdgeLogsBucketLifecycle",
    {
      bucket: name,
      rules: [
        {
          id: "keep",
          status: "Enabled",
          filter: {},
          expiration: { days: logDays },
          noncurrentVersionExpiration: { noncurrentDays: logDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    { dependsOn: versioning },
  );
  const policy = new aws.s3.BucketPolicy(
    "EdgeLogsBucketPolicy",
    { bucket: name, policy: letLogsIn(bucket) },
    { dependsOn: publicAccess },
  );
  return { bucket, ready: [policy, encryption] };
}

const deliverer = { Service: "delivery.logs.amazonaws.com" };

/** Deliveries of this account, from the edge's region, and no others. */
function ofThisAccount(): object {
  const { accountId } = aws.getCallerIdentityOutput();
  return {
    StringEquals: { "aws:SourceAccount": accountId },
    ArnLike: { "aws:SourceArn": $interpolate`arn:aws:logs:${edgeRegion}:${accountId}:*` },
  };
}

function letLogsIn({ arn }: aws.s3.Bucket): $util.Output<string> {
  const { accountId } = aws.getCallerIdentityOutput();
  return $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, $interpolate`${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        Effect: "Allow",
        Principal: deliverer,
        Action: "s3:PutObject",
        Resource: $interpolate`${arn}/AWSLogs/${accountId}/*`,
        Condition: ofThisAccount(),
      },
      {
        Effect: "Allow",
        Principal: deliverer,
        Action: ["s3:GetBucketAcl", "s3:ListBucket"],
        Resource: arn,
        Condition: ofThisAccount(),
      },
    ],
  });
}

function createLogKey(settings: StageSettings): aws.kms.Key {
  const { accountId } = aws.getCallerIdentityOutput();
  const key = new aws.kms.Key(
    "EdgeLogsKey",
    {
      description: "Encrypts the logs of the edge at rest",
      enableKeyRotation: true,
      deletionWindowInDays: settings.keyDeletionDays,
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "IamPoliciesDecide",
            Effect: "Allow",
            Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
            Action: "kms:*",
            Resource: "*",
          },
          {
            Sid: "LogsOfTheEdge",
            Effect: "Allow",
            Principal: deliverer,
            Action: ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
            Resource: "*",
            Condition: ofThisAccount(),
          },
        ],
      }),
    },
    { retainOnDelete: settings.retainData },
  );
  new aws.kms.Alias("EdgeLogsKeyAlias", {
    name: `alias/${physicalName("EdgeLogs")}`,
    targetKeyId: key.keyId,
  });
  return key;
}
