import { describe, expect, it } from "vitest";
import { ofType, production, type RoleInputs } from "./committed-plan.ts";

const arnOf = (name: string): unknown => production.resource(name).outputs?.["arn"];

describe("production's backups", () => {
  it("cover each table that cannot be made again, the files of acquirers and the books", () => {
    const { resources } = production.resource<{ resources: readonly string[] }>("BackupSelection").inputs;
    expect(resources.map((arn) => arn.replace(/.*[:/]tallystick-production-/, ""))).toEqual([
      "payments",
      "ledger",
      "vault",
      "merchants",
      "dead-letters",
      "inbound-123456789012",
      "books",
    ]);
  });

  it("are copied to another region and to another account, for as long as they are kept", () => {
    const { rules } = production.resource<{
      rules: readonly {
        lifecycle: object;
        copyActions: readonly { destinationVaultArn: string; lifecycle: object }[];
      }[];
    }>("BackupPlan").inputs;
    expect(rules).toHaveLength(2);
    for (const { lifecycle, copyActions } of rules) {
      expect(copyActions).toEqual([
        {
          destinationVaultArn:
            "arn:aws:backup:eu-central-1:123456789012:backup-vault:tallystick-production-backup-copies",
          lifecycle,
        },
        {
          destinationVaultArn:
            "arn:aws:backup:eu-west-1:777788889999:backup-vault:tallystick-account-security-copies",
          lifecycle,
        },
      ]);
    }
  });

  it("cannot be deleted before their time, by a lock that nobody can lift", () => {
    for (const name of ["BackupsLock", "BackupCopiesLock"])
      expect(production.resource(name).inputs, name).toMatchObject({
        minRetentionDays: 35,
        changeableForDays: 30,
      });
  });

  it("are restored each week, to know that they can be", () => {
    expect(production.resource("RestoreTests").inputs).toMatchObject({
      recoveryPointSelection: { includeVaults: [arnOf("Backups")] },
    });
    expect(production.resource("RestoredTables").inputs["protectedResourceArns"]).toHaveLength(5);
  });
});

describe("production's pipeline", () => {
  it("checks, asks a person, and only then deploys", () => {
    const { stages } = production.resource<{ stages: readonly { name: string }[] }>("Pipeline").inputs;
    expect(stages.map(({ name }) => name)).toEqual(["Source", "Check", "Approve", "Deploy"]);
  });

  it("deploys as the account's deploy role, which its checks cannot assume", () => {
    const assumes = (name: string): boolean =>
      JSON.stringify(production.resource<RoleInputs>(name).inputs.inlinePolicies).includes("sts:AssumeRole");
    expect(assumes("DeployBuildRole")).toBe(true);
    expect(assumes("CheckBuildRole")).toBe(false);
    // By this name the deploy role trusts it: stacks/deploy-role.ts.
    expect(production.resource<RoleInputs>("DeployBuildRole").inputs.name).toBe(
      "tallystick-production-deploy-build",
    );
  });
});

describe("the ceiling of roles", () => {
  it("is over every role of production, those that SST makes too", () => {
    const roles = production.ofType<{ permissionsBoundary?: string }>("aws:iam/role:Role");
    expect(roles.length).toBeGreaterThan(30);
    for (const { name, inputs } of roles)
      expect(inputs.permissionsBoundary, name).toBe(
        "arn:aws:iam::123456789012:policy/tallystick-workload-boundary",
      );
  });

  it("is not on the laptop, which has no such policy", () => {
    for (const { inputs } of ofType("aws:iam/role:Role"))
      expect(inputs).not.toHaveProperty("permissionsBoundary");
  });
});
