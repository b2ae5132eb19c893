import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createBucket } from "./buckets.ts";
import { createKey } from "./keys.ts";
import type { Metric } from "./metric.ts";
import { physicalName } from "./naming.ts";
import { isPassive } from "./pair.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

/** Where the canary looks. */
interface Addresses {
  readonly publicUrl: $util.Input<string>;
  readonly tokenUrl: $util.Input<string>;
}

/** What a visit leaves behind is of use as long as somebody may ask what went wrong. */
const artifactDays = 35;
const everyMinutes = 5;
/** Four requests of ten seconds each, and the start. */
const timeoutSeconds = 60;

/** A share of visits that went well, in percent. */
export const canarySuccess = (): Metric => ({
  namespace: "CloudWatchSynthetics",
  metricName: "SuccessPercent",
  dimensions: { CanaryName: physicalName("Canary") },
  statistic: "Average",
});

/**
 * A visitor from outside, every five minutes: it signs in as a merchant of its own does, and reads. That merchant is
 * onboarded by operators as any other, for only they can give a client its merchant; so its client's credentials are put
 * into the secret by hand (docs/runbooks/canary-failing.md), and until then the visits fail and say so.
 */
export function createCanary(settings: StageSettings, { publicUrl, tokenUrl }: Addresses): void {
  if (settings.operations === undefined) return;
  const key = createKey(settings, "Canary", {
    description: "Encrypts the canary's credentials, and what its visits leave behind",
  });
  const secret = new aws.secretsmanager.Secret(
    "CanaryClient",
    {
      name: physicalName("CanaryClient"),
      description: "client_id and client_secret of the canary's merchant, as JSON",
      kmsKeyId: key.arn,
    },
    { retainOnDelete: settings.retainData },
  );
  // Not the code: a later change of the canary would not find it.
  const visits = { key, days: artifactDays, expirePrefix: "visits/" };
  const { bucket } = createBucket("Canary", settings, visits);
  const code = createCode(bucket);
  const role = createRole(settings, key, secret, bucket);
  new aws.synthetics.Canary("Canary", {
    name: physicalName("Canary"),
    runtimeVersion: "syn-nodejs-4.1",
    handler: "entry.handler",
    s3Bucket: bucket.bucket,
    s3Key: code.key,
    executionRoleArn: role.arn,
    artifactS3Location: $interpolate`s3://${bucket.bucket}/visits`,
    artifactConfig: { s3Encryption: { encryptionMode: "SSE_KMS", kmsKeyArn: key.arn } },
    schedule: { expression: `rate(${everyMinutes} minutes)` },
    runConfig: {
      timeoutInSeconds: timeoutSeconds,
      activeTracing: true,
      environmentVariables: { API_URL: publicUrl, TOKEN_URL: tokenUrl, CLIENT_SECRET_ARN: secret.arn },
    },
    successRetentionPeriod: artifactDays,
    failureRetentionPeriod: artifactDays,
    // Of a pair of regions the active one is visited: both are behind one name.
    startCanary: !isPassive(settings),
    // Its function and layers are Synthetics' own, and go with it.
    deleteLambda: true,
  });
}

/** The folder that Synthetics wants, made of functions/canary. Named by its contents: other code is another object. */
function createCode(bucket: aws.s3.Bucket): aws.s3.BucketObjectv2 {
  const read = (name: string): string =>
    readFileSync(join($cli.paths.root, "functions/canary", name), "utf8");
  const files = {
    "entry.js": read("entry.cjs"),
    "check-api.mjs": read("check-api.mjs"),
  };
  const digest = createHash("sha256").update(JSON.stringify(files)).digest("hex");
  const { StringAsset, AssetArchive } = $util.asset;
  const archive = Object.entries(files).map(
    ([name, text]) => [`nodejs/node_modules/${name}`, new StringAsset(text)] as const,
  );
  return new aws.s3.BucketObjectv2("CanaryCode", {
    bucket: bucket.bucket,
    key: `code/${digest}.zip`,
    source: new AssetArchive(Object.fromEntries(archive)),
  });
}

function createRole(
  settings: StageSettings,
  key: aws.kms.Key,
  secret: aws.secretsmanager.Secret,
  bucket: aws.s3.Bucket,
): aws.iam.Role {
  const logs = `arn:aws:logs:${settings.region}:${settings.awsAccount}:log-group:/aws/lambda/cwsyn-${physicalName("Canary")}-*`;
  const through = (...services: string[]): Permission["conditions"] => [
    {
      test: "StringEquals",
      variable: "kms:ViaService",
      values: services.map((service) => `${service}.${settings.region}.amazonaws.com`),
    },
  ];
  const statements: Permission[] = [
    { actions: ["secretsmanager:GetSecretValue"], resources: [secret.arn] },
    { actions: ["kms:Decrypt"], resources: [key.arn], conditions: through("secretsmanager", "s3") },
    { actions: ["kms:GenerateDataKey"], resources: [key.arn], conditions: through("s3") },
    // Whoever deploys hands the code over; the canary reads and writes its visits only.
    { actions: ["s3:PutObject", "s3:GetObject"], resources: [$interpolate`${bucket.arn}/visits/*`] },
    { actions: ["s3:GetBucketLocation"], resources: [bucket.arn] },
    // Synthetics ends the name of its function, and so of its log, with letters that nobody knows before.
    {
      actions: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [logs, `${logs}:*`],
    },
    {
      ...unscoped("cloudwatch:PutMetricData"),
      conditions: [
        { test: "StringEquals", variable: "cloudwatch:namespace", values: ["CloudWatchSynthetics"] },
      ],
    },
    unscoped("s3:ListAllMyBuckets", "xray:PutTraceSegments"),
  ];
  return new aws.iam.Role("CanaryRole", {
    name: physicalName("Canary"),
    assumeRolePolicy: trustOnly("lambda.amazonaws.com"),
    inlinePolicies: [inlinePolicy(statements)],
  });
}
