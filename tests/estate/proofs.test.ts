import { describe, expect, it } from "vitest";
import { proveMessage } from "#core/proof/archive-proof.ts";
import { production, type RoleInputs, resource, type Statement, statementsOf } from "./committed-plan.ts";

const arnOf = (name: string): unknown => production.resource(name).outputs?.["arn"];

describe("the key that signs proofs", () => {
  it("has two halves, signs and does nothing else, and is the same for as long as what it signed is kept", () => {
    expect(production.resource("ProofsKey").inputs).toMatchObject({
      ...{ keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256", enableKeyRotation: false },
    });
    expect(production.resource("ProofsKeyAlias").inputs).toMatchObject({
      name: "alias/tallystick-production-proofs",
    });
  });

  it("is used by the reconciler's pods alone, for one algorithm", () => {
    const signing = production
      .ofType<RoleInputs>("aws:iam/role:Role")
      .filter(({ inputs }) => inputs.inlinePolicies !== undefined)
      .flatMap((role) => statementsOf(role).map((statement) => ({ name: role.name, statement })))
      .filter(({ statement }) => JSON.stringify(statement.Action).includes("kms:Sign"));
    expect(signing).toEqual([
      {
        name: "ReconcilerRole",
        statement: {
          ...{ Effect: "Allow", Action: "kms:Sign", Resource: arnOf("ProofsKey") },
          Condition: { StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256" } },
        },
      },
    ]);
  });

  it("is reached from inside the network", () => {
    expect(production.resource("KmsEndpoint").inputs).toMatchObject({
      serviceName: `com.amazonaws.${production.region}.kms`,
    });
  });
});

describe("proofs", () => {
  it("are asked for each night, by a message that the reconciler knows", () => {
    expect(production.resource("ProveArchive").inputs).toMatchObject({
      ...{ scheduleExpression: "cron(0 1 * * ? *)", state: "ENABLED" },
    });
    expect(production.resource("ProveArchiveTarget").inputs).toMatchObject({
      ...{ arn: arnOf("JournalFilesQueue"), input: proveMessage },
    });
    const { policy } = production.resource<{ policy: string }>("JournalFilesPolicy").inputs;
    const statements: readonly Statement[] = JSON.parse(policy).Statement;
    expect(statements[1]).toMatchObject({
      ...{ Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage" },
      Condition: { ArnEquals: { "aws:SourceArn": arnOf("ProveArchive") } },
    });
  });

  it("are copied into the locked archive, as all is that lands", () => {
    const { rules } = production.resource<{ rules: readonly object[] }>("ArchiveCopy").inputs;
    expect(rules[0]).toMatchObject({ status: "Enabled", filter: {} });
  });
});

describe("who checks the archive", () => {
  it.each([
    ["production", production.resource<RoleInputs>("Auditors"), "ArchiveBucket"],
    ["this machine", resource<RoleInputs>("Auditors"), "ArchiveBucket"],
  ])("of %s reads all of it and the public half of the key, and does nothing else", (_, role) => {
    expect(
      statementsOf(role)
        .flatMap(({ Action }) => Action)
        .toSorted(),
    ).toEqual([
      ...["kms:Decrypt", "kms:GetPublicKey", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
      "s3:ListBucketVersions",
    ]);
    expect(JSON.stringify(role.inputs.assumeRolePolicy)).toContain("AWSReservedSSO_Auditors_*");
  });
});
