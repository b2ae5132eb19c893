import { encryptBucket, expireBucket, guardBucket } from "./buckets.ts";
import { globalRegion, logDays } from "./constants.ts";
import { createKey, keyPolicy, letUse } from "./keys.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

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
    region: globalRegion,
    name: physicalName("EdgeAccessLog"),
    logType: "ACCESS_LOGS",
    resourceArn: distribution.arn,
  });
  const destination = new aws.cloudwatch.LogDeliveryDestination(
    "EdgeAccessLogBucket",
    {
      region: globalRegion,
      name: physicalName("EdgeAccessLog"),
      outputFormat: "json",
      deliveryDestinationConfiguration: { destinationResourceArn: bucket.arn },
    },
    { dependsOn: ready },
  );
  new aws.cloudwatch.LogDelivery("EdgeAccessLogDelivery", {
    region: globalRegion,
    deliverySourceName: source.name,
    deliveryDestinationArn: destination.arn,
    recordFields: accessLogFields,
  });
  new aws.wafv2.WebAclLoggingConfiguration(
    "EdgeFirewallLog",
    {
      region: globalRegion,
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
  const ofThisAccount = {
    StringEquals: { "aws:SourceAccount": accountId },
    ArnLike: { "aws:SourceArn": $interpolate`arn:aws:logs:${globalRegion}:${accountId}:*` },
  };
  const key = createKey(settings, "EdgeLogs", {
    description: "Encrypts the logs of the edge at rest",
    policy: keyPolicy(
      letUse(
        "LogsOfTheEdge",
        deliverer,
        ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        ofThisAccount,
      ),
    ),
  });
  const logical = "EdgeLogsBucket";
  const bucket = new aws.s3.Bucket(
    logical,
    // WAF writes only to buckets whose names begin so.
    {
      bucket: $interpolate`aws-waf-logs-${physicalName("Edge")}-${accountId}`,
      forceDestroy: !settings.retainData,
    },
    { retainOnDelete: settings.retainData },
  );
  const delivering = { Effect: "Allow", Principal: { Service: deliverer }, Condition: ofThisAccount };
  const guards = guardBucket(logical, bucket, [
    { ...delivering, Action: "s3:PutObject", Resource: $interpolate`${bucket.arn}/AWSLogs/${accountId}/*` },
    { ...delivering, Action: ["s3:GetBucketAcl", "s3:ListBucket"], Resource: bucket.arn },
  ]);
  const encryption = encryptBucket(logical, bucket, key.arn);
  expireBucket(logical, bucket, { days: logDays }, guards);
  return { bucket, ready: [guards.policy, encryption] };
}

/** Deliveries of this account, from the edge's region, and no others. */
const deliverer = "delivery.logs.amazonaws.com";
