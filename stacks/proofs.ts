import type { Archive } from "./archive.ts";
import { throughS3 } from "./firehose.ts";
import { createKey } from "./keys.ts";
import { ownNamespace } from "./log-metrics.ts";
import type { Metric } from "./metric.ts";
import { physicalName } from "./naming.ts";
import { isPassive } from "./pair.ts";
import type { Permission } from "./permissions.ts";
import { inlinePolicy, trustPeople } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

/** What signs what the archive was, and when (ADR 60). */
export interface Proofs {
  readonly key: aws.kms.Key;
  /** Asks for a proof once a day. */
  readonly schedule: aws.cloudwatch.EventRule;
}

/** Below it in the archive is what says what the rest of it was. As adapters/archive/proof-store.ts has it. */
const proofsPrefix = "proofs/";
/** UTC. What a day brought is delivered by then, and posted. */
const atNight = "cron(0 1 * * ? *)";
/** As core/proof/archive-proof.ts has it. */
const proveMessage = JSON.stringify({ prove: "archive" });
/** Of P-256 there is no other. */
const signingAlgorithm = "ECDSA_SHA_256";

/** The key that signs proofs, and the schedule by which they are made. */
export function createProofs(settings: StageSettings): Proofs {
  const key = createKey(settings, "Proofs", {
    description: "Signs what the archive was, and when",
    // KMS rotates no key of two halves, and must not here: what it signed is checked for ten years.
    enableKeyRotation: false,
    keyUsage: "SIGN_VERIFY",
    customerMasterKeySpec: "ECC_NIST_P256",
  });
  const schedule = new aws.cloudwatch.EventRule("ProveArchive", {
    name: physicalName("ProveArchive"),
    scheduleExpression: atNight,
    ...(settings.pair !== undefined && { state: isPassive(settings) ? "DISABLED" : "ENABLED" }),
  });
  return { key, schedule };
}

/** Has the schedule ask whoever takes files off this queue: what came before is posted before, mostly. */
export const askForProofs = ({ schedule }: Proofs, queue: aws.sqs.Queue): aws.cloudwatch.EventTarget =>
  new aws.cloudwatch.EventTarget("ProveArchiveTarget", {
    rule: schedule.name,
    arn: queue.arn,
    input: proveMessage,
  });

/** A statement for a queue's policy. */
export const letsTheScheduleIn = ({ schedule }: Proofs, queue: aws.sqs.Queue): object => ({
  Effect: "Allow",
  Principal: { Service: "events.amazonaws.com" },
  Action: "sqs:SendMessage",
  Resource: queue.arn,
  Condition: { ArnEquals: { "aws:SourceArn": schedule.arn } },
});

/** To sign, and to put proofs where they are copied into the archive from. Nothing is taken away or written over there. */
export function provingPermissions({ key }: Proofs, archive: Archive, settings: StageSettings): Permission[] {
  return [
    {
      actions: ["kms:Sign"],
      resources: [key.arn],
      conditions: [{ test: "StringEquals", variable: "kms:SigningAlgorithm", values: [signingAlgorithm] }],
    },
    { actions: ["s3:PutObject"], resources: [$interpolate`${archive.landing.arn}/${proofsPrefix}*`] },
    throughS3(["kms:GenerateDataKey"], archive.key, [archive.landing], settings),
  ];
}

/** Lines of the pods' log that are counted, by the text that reconciler/main.ts writes. */
const countedLines = {
  ProofsMade: "the archive is proven",
  ProofFindings: "the books are wrong",
} as const;

export const proofCount = (metricName: keyof typeof countedLines): Metric => ({
  namespace: ownNamespace,
  metricName,
  dimensions: {},
  statistic: "Sum",
});

/** Counts proofs and what they found. @param group of what pods say: AWS's agent puts each line below `log_processed`. */
export function countProofs(group: aws.cloudwatch.LogGroup, { operations }: StageSettings): void {
  if (operations === undefined) return;
  for (const [name, message] of Object.entries(countedLines))
    new aws.cloudwatch.LogMetricFilter(`Reconciler${name}`, {
      name: physicalName(`Reconciler${name}`),
      logGroupName: group.name,
      pattern: `{ $.log_processed.message = "${message}" }`,
      metricTransformation: { namespace: ownNamespace, name, value: "1", unit: "Count" },
    });
}

/** A working day: to read a year takes hours. */
const sessionSecondsMax = 8 * 3_600;
/** The permission set of IAM Identity Center whose people may. */
const permissionSet = "Auditors";

/**
 * Whoever checks the archive: reads all of it, in every version, and the public half of the key that signs. Nothing else, and
 * no database.
 */
export function createAuditors(
  { key }: Proofs,
  { bucket, key: archiveKey }: Archive,
  settings: StageSettings,
): void {
  new aws.iam.Role("Auditors", {
    name: physicalName("Auditors"),
    description: "Checks the archive against its proofs",
    maxSessionDuration: sessionSecondsMax,
    assumeRolePolicy: trustPeople(aws.getCallerIdentityOutput().accountId, permissionSet),
    inlinePolicies: [
      inlinePolicy([
        { actions: ["s3:ListBucket", "s3:ListBucketVersions"], resources: [bucket.arn] },
        { actions: ["s3:GetObject", "s3:GetObjectVersion"], resources: [$interpolate`${bucket.arn}/*`] },
        throughS3(["kms:Decrypt"], archiveKey, [bucket], settings),
        { actions: ["kms:GetPublicKey"], resources: [key.arn] },
      ]),
    ],
  });
}
