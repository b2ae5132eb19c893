import type { BucketRef } from "./buckets.ts";
import { nameIn, physicalName } from "./naming.ts";
import type { Permission } from "./permissions.ts";
import type { ReconcilerQueues } from "./reconciler.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";
import type { Buckets } from "./storage.ts";

type Condition = NonNullable<Permission["conditions"]>[number];

const scanner = "InboundScan";
const scanService = "malware-protection-plan.guardduty.amazonaws.com";
/** What GuardDuty writes on an object once it has looked at it. */
const verdict = "s3:ExistingObjectTag/GuardDutyMalwareScanStatus";

/**
 * Longer than a scan of a file of ours takes, in seconds. A notice that comes before the verdict is not lost, but is seen
 * again only after a lease.
 */
export const scanSeconds = 60;

/** Of a file from outside its reader may have what was found clean: no tag yet, and none that says less, opens nothing. */
export const onlyClean = ({ inspectsFiles }: StageSettings): { readonly conditions?: Condition[] } =>
  inspectsFiles
    ? { conditions: [{ test: "StringEquals", variable: verdict, values: ["NO_THREATS_FOUND"] }] }
    : {};

/**
 * For the policy of a bucket that others put files into: nobody reads what was found malicious, administrators neither,
 * and nobody but the scanner says what was found.
 * @param stage that scans what comes into it.
 */
export function guardVerdicts(
  { inspectsFiles }: StageSettings,
  bucket: BucketRef,
  stage: string,
): readonly object[] {
  if (!inspectsFiles) return [];
  const { accountId } = aws.getCallerIdentityOutput();
  const exceptFor = (...roles: readonly string[]) => ({
    ArnNotEquals: {
      "aws:PrincipalArn": roles.map(
        (role) => $interpolate`arn:aws:iam::${accountId}:role/${nameIn(stage, role)}`,
      ),
    },
  });
  const refuse = { Effect: "Deny", Principal: "*", Resource: $interpolate`${bucket.arn}/*` };
  return [
    {
      ...refuse,
      Sid: "Threats",
      Action: ["s3:GetObject", "s3:GetObjectVersion"],
      Condition: { StringEquals: { [verdict]: "THREATS_FOUND" }, ...exceptFor(scanner) },
    },
    {
      ...refuse,
      Sid: "Verdicts",
      Action: [
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersionTagging",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
      ],
      // What is restored has the tags that it had, and is scanned again.
      Condition: exceptFor(scanner, "Backup"),
    },
  ];
}

/**
 * Lets Macie read what a key encrypts. By the key's policy, as the role's own may not be changed; under a condition, as KMS
 * refuses a policy that names a role which is not there yet.
 */
export function discoveryMayRead({ inspectsFiles }: StageSettings): readonly object[] {
  if (!inspectsFiles) return [];
  const { accountId } = aws.getCallerIdentityOutput();
  const role = "aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie";
  return [
    {
      Sid: "Discovery",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: {
        StringEquals: { "kms:CallerAccount": accountId },
        ArnEquals: { "aws:PrincipalArn": $interpolate`arn:aws:iam::${accountId}:role/${role}` },
      },
    },
  ];
}

/** GuardDuty looks at each file that somebody put into our bucket, and writes its verdict on it (ADR 48). */
export function createScan(
  settings: StageSettings,
  keys: Keys,
  { inbound }: Buckets,
  reconciler: ReconcilerQueues | undefined,
): void {
  if (!settings.inspectsFiles) return;
  const { accountId } = aws.getCallerIdentityOutput();
  const role = new aws.iam.Role("InboundScanRole", {
    name: physicalName(scanner),
    description: "Scans files from outside for malware",
    assumeRolePolicy: trustOnly(scanService, { StringEquals: { "aws:SourceAccount": accountId } }),
    inlinePolicies: [
      inlinePolicy([...hearing(settings, accountId, inbound), ...scanning(settings, inbound, keys.inbound)]),
    ],
  });
  new aws.guardduty.MalwareProtectionPlan(
    "InboundScan",
    {
      role: role.arn,
      protectedResource: { s3Bucket: { bucketName: inbound.bucket } },
      actions: [{ taggings: [{ status: "ENABLED" }] }],
    },
    // GuardDuty adds itself to whom the bucket tells: at the same time as we do, one would undo the other.
    { dependsOn: reconciler === undefined ? [] : [reconciler.inbound.notices] },
  );
}

/** The bucket tells EventBridge, and a rule there that GuardDuty makes for itself tells GuardDuty. */
function hearing(
  { region }: StageSettings,
  accountId: $util.Output<string>,
  bucket: BucketRef,
): Permission[] {
  const rules = `rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*`;
  const resources = [$interpolate`arn:aws:events:${region}:${accountId}:${rules}`];
  return [
    {
      actions: ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"],
      resources,
      conditions: [{ test: "StringEquals", variable: "events:ManagedBy", values: [scanService] }],
    },
    { actions: ["events:DescribeRule", "events:ListTargetsByRule"], resources },
    {
      actions: ["s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"],
      resources: [bucket.arn],
    },
  ];
}

/** To read, and to say what was found. */
function scanning({ region }: StageSettings, bucket: BucketRef, key: SharedKey): Permission[] {
  return [
    {
      actions: [
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
      ],
      resources: [$interpolate`${bucket.arn}/*`],
    },
    {
      // By this one GuardDuty sees that the bucket is ours.
      actions: ["s3:PutObject"],
      resources: [$interpolate`${bucket.arn}/malware-protection-resource-validation-object`],
    },
    {
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: [key.arn],
      conditions: [
        { test: "StringEquals", variable: "kms:ViaService", values: [`s3.${region}.amazonaws.com`] },
      ],
    },
  ];
}
