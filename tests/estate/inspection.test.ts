import { describe, expect, it } from "vitest";
import {
  committed,
  listOf,
  production,
  type RoleInputs,
  type Statement,
  statementsOf,
} from "./committed-plan.ts";

type Said = Statement & { readonly Sid?: string; readonly Principal?: unknown };

const bucketArn = "arn:aws:s3:::tallystick-production-inbound-123456789012";
const verdict = "s3:ExistingObjectTag/GuardDutyMalwareScanStatus";
const arnOf = (name: string): unknown => production.resource(name).outputs?.["arn"];
const policyOf = (name: string): readonly Said[] =>
  production.resource<{ policy: { Statement: readonly Said[] } }>(name).inputs.policy.Statement;
const said = (name: string, sid: string): Said | undefined => policyOf(name).find(({ Sid }) => Sid === sid);

describe("a file from outside", () => {
  it("is scanned when it comes, and has written on it what was found", () => {
    expect(production.resource("InboundScan").inputs).toMatchObject({
      protectedResource: { s3Bucket: { bucketName: production.resource("InboundBucket").inputs["bucket"] } },
      actions: [{ taggings: [{ status: "ENABLED" }] }],
      role: arnOf("InboundScanRole"),
    });
    // GuardDuty hears of it by EventBridge, which our own list of whom the bucket tells would leave out.
    expect(production.resource("InboundBucketNotices").inputs["eventbridge"]).toBe(true);
  });

  it("is read by the reconciler once it was found clean, and neither before nor otherwise", () => {
    const reads = statementsOf(production.resource<RoleInputs>("ReconcilerRole")).filter(
      ({ Action, Resource }) =>
        listOf(Action).includes("s3:GetObject") && listOf(Resource).includes(`${bucketArn}/*`),
    );
    expect(reads).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: `${bucketArn}/*`,
        Condition: { StringEquals: { [verdict]: "NO_THREATS_FOUND" } },
      },
    ]);
  });

  it("is read by nobody when it was found malicious, whatever IAM lets them", () => {
    expect(said("InboundBucketPolicy", "Threats")).toMatchObject({
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:GetObject", "s3:GetObjectVersion"],
      Resource: `${bucketArn}/*`,
      Condition: {
        StringEquals: { [verdict]: "THREATS_FOUND" },
        ArnNotEquals: { "aws:PrincipalArn": [arnOf("InboundScanRole")] },
      },
    });
  });

  it("is called clean by the scanner alone, and by a restore, after which it is scanned again", () => {
    expect(said("InboundBucketPolicy", "Verdicts")).toMatchObject({
      Effect: "Deny",
      Principal: "*",
      Action: expect.arrayContaining(["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]),
      Condition: { ArnNotEquals: { "aws:PrincipalArn": [arnOf("InboundScanRole"), arnOf("BackupRole")] } },
    });
  });

  it("is announced when its scan is over, as a rule, and tried again long enough when it is not", () => {
    const { delaySeconds, visibilityTimeoutSeconds } = production.resource<{
      delaySeconds: number;
      visibilityTimeoutSeconds: number;
    }>("InboundFilesQueue").inputs;
    expect(delaySeconds).toBeGreaterThanOrEqual(60);
    expect(5 * visibilityTimeoutSeconds).toBeGreaterThanOrEqual(20 * 60);
  });
});

describe("a file in the other region", () => {
  const standby = committed("production-standby");
  const replica = production.resource<{ bucket: string; region: string }>("InboundReplicaBucket");
  const scan = standby.resource("InboundScan");

  it("is scanned there, by the stage that is there, under the replica of the key", () => {
    expect(scan.inputs).toMatchObject({
      protectedResource: { s3Bucket: { bucketName: replica.inputs.bucket } },
      role: standby.resource("InboundScanRole").outputs?.["arn"],
    });
    expect(standby.region).toBe(replica.inputs.region);
    const decrypts = statementsOf(standby.resource<RoleInputs>("InboundScanRole")).filter(({ Action }) =>
      listOf(Action).includes("kms:Decrypt"),
    );
    // By the alias that it has there: the home's state alone knows its id.
    expect(JSON.stringify(decrypts)).toContain(":eu-central-1:");
  });

  it("is as closed as at home, to all but that scanner", () => {
    for (const sid of ["Threats", "Verdicts"])
      expect(said("InboundReplicaBucketPolicy", sid)?.Condition?.["ArnNotEquals"], sid).toMatchObject({
        "aws:PrincipalArn": expect.arrayContaining([scan.inputs["role"]]),
      });
  });
});

describe("the scanner", () => {
  const role = production.resource<RoleInputs>("InboundScanRole");

  it("is GuardDuty, for this account", () => {
    expect(role.inputs.assumeRolePolicy.Statement).toEqual([
      {
        ...{ Effect: "Allow", Action: "sts:AssumeRole" },
        Principal: { Service: "malware-protection-plan.guardduty.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
  });

  it("reads and tags, and can change or delete no file", () => {
    const onFiles = statementsOf(role).filter(({ Resource }) => listOf(Resource).includes(`${bucketArn}/*`));
    expect(onFiles.flatMap(({ Action }) => listOf(Action))).toEqual([
      "s3:GetObject",
      "s3:GetObjectTagging",
      "s3:GetObjectVersion",
      "s3:GetObjectVersionTagging",
      "s3:PutObjectTagging",
      "s3:PutObjectVersionTagging",
    ]);
    const writes = statementsOf(role).filter(({ Action }) => listOf(Action).includes("s3:PutObject"));
    expect(writes.map(({ Resource }) => Resource)).toEqual([
      `${bucketArn}/malware-protection-resource-validation-object`,
    ]);
  });

  it("makes the one rule of EventBridge that GuardDuty manages", () => {
    const rules = statementsOf(role).filter(({ Action }) => listOf(Action).includes("events:PutRule"));
    expect(rules).toMatchObject([
      {
        Resource:
          "arn:aws:events:eu-west-1:123456789012:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
        Condition: {
          StringEquals: { "events:ManagedBy": "malware-protection-plan.guardduty.amazonaws.com" },
        },
      },
    ]);
  });
});

it.each(["InboundKey", "ArchiveKey"])(
  "Macie of this account may decrypt what %s encrypts, and nobody else by it",
  (key) => {
    expect(said(key, "Discovery")).toEqual({
      Sid: "Discovery",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: {
        StringEquals: { "kms:CallerAccount": "123456789012" },
        ArnEquals: {
          "aws:PrincipalArn":
            "arn:aws:iam::123456789012:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie",
        },
      },
    });
  },
);
