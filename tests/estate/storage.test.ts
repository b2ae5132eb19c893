import { describe, expect, it } from "vitest";
import { bankFolder } from "#core/settlement/bank-movement.ts";
import { committed, ofType, production, type RoleInputs, resource, statementsOf } from "./committed-plan.ts";

const bucket = "tallystick-local-inbound-123456789012";
const bucketArn = `arn:aws:s3:::${bucket}`;
const inputsOf = <T>(suffix: string) => resource<T>(`InboundBucket${suffix}`).inputs;

describe("the bucket of acquirers' files", () => {
  it("is encrypted under a key of its own, with one data key for the bucket", () => {
    expect(inputsOf("Encryption")).toMatchObject({
      bucket,
      rules: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: "aws:kms",
            kmsMasterKeyId: resource("InboundKey").outputs?.["arn"],
          },
          bucketKeyEnabled: true,
        },
      ],
    });
    expect(resource("InboundKey").inputs).toMatchObject({ enableKeyRotation: true });
  });

  it("is open to nobody outside", () => {
    expect(inputsOf("PublicAccess")).toEqual({
      bucket,
      ...{
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
    });
  });

  it("speaks TLS only, whoever asks for whatever", () => {
    expect(inputsOf<{ policy: { Statement: unknown } }>("Policy").policy.Statement).toEqual([
      {
        ...{
          Sid: "TlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucketArn, `${bucketArn}/*`],
        },
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  it("keeps what a later file of the same name replaces, as long as files are kept", () => {
    expect(inputsOf("Versioning")).toMatchObject({ bucket, versioningConfiguration: { status: "Enabled" } });
    expect(inputsOf("Lifecycle")).toMatchObject({
      bucket,
      rules: [
        {
          status: "Enabled",
          expiration: { days: 30 },
          noncurrentVersionExpiration: { noncurrentDays: 30 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    });
  });

  it.each([
    { name: "alpha", account: "111111111111" },
    { name: "beta", account: "222222222222" },
    { name: bankFolder, account: "333333333333" },
  ])("lets $name leave files below its own name, and do nothing else", ({ name, account }) => {
    const role = ofType<RoleInputs>("aws:iam/role:Role").find(
      ({ inputs }) => inputs.name === `tallystick-deliverer-local-${name}`,
    );
    expect(role?.inputs.inlinePolicies.flatMap(({ policy }) => policy.Statement)).toEqual([
      { Effect: "Allow", Action: "s3:PutObject", Resource: `${bucketArn}/${name}/*` },
      {
        ...{
          Effect: "Allow",
          Action: "kms:GenerateDataKey",
          Resource: resource("InboundKey").outputs?.["arn"],
        },
        Condition: {
          StringEquals: {
            "kms:ViaService": "s3.eu-west-1.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": bucketArn,
          },
        },
      },
    ]);
    expect(role?.inputs.assumeRolePolicy.Statement).toEqual([
      {
        ...{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" },
        // For an acquirer whose account serves many companies.
        Condition: { StringEquals: { "sts:ExternalId": `tallystick-local-${name}` } },
      },
    ]);
  });
});

it.each([
  { stage: "production", plan: production, bucket: "tallystick-production-inbound-123456789012" },
  {
    stage: "production-standby",
    plan: committed("production-standby"),
    bucket: "tallystick-production-inbound-replica-123456789012",
  },
])(
  "our bank leaves its statements in $stage too, below its own name and by a role of its own",
  ({ plan, bucket: of }) => {
    const role = plan.resource<RoleInputs>("BankDeliveryRole");
    expect(statementsOf(role).filter(({ Action }) => Action === "s3:PutObject")).toEqual([
      { Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${of}/${bankFolder}/*` },
    ]);
    expect(role.inputs.assumeRolePolicy.Statement).toMatchObject([
      { Principal: { AWS: "arn:aws:iam::222233334444:root" } },
    ]);
  },
);
