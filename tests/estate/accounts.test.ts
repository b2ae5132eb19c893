import { beforeAll, describe, expect, it } from "vitest";
import { regions, regionsOf, statementsIn } from "./accounts-common.ts";
import { production } from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";
import { renderStage } from "./render-stage.ts";

let organization: PlanView;
let logArchive: PlanView;
let security: PlanView;
let account: PlanView;
beforeAll(async () => {
  organization = await renderStage("organization");
  logArchive = await renderStage("account-log-archive");
  security = await renderStage("account-security");
  account = await renderStage("account-production");
});

describe("the organization", () => {
  it("has an account for each that stacks/company.ts names, and never closes one", () => {
    const accounts = organization.ofType<{ email: string; closeOnDeletion: boolean }>(
      "aws:organizations/account:Account",
    );
    expect(accounts.map(({ inputs }) => inputs.email).toSorted()).toEqual(
      ["dev", "logArchive", "production", "security", "staging"].map(
        (name) => `aws-root+${name}@tallystick.example`,
      ),
    );
    for (const { inputs, options } of accounts) {
      expect(inputs.closeOnDeletion).toBe(false);
      expect(options).toMatchObject({ protect: true });
    }
  });

  it("has policies that AWS takes: no longer than 5,120 characters, no more than five at one place", () => {
    for (const { name, inputs } of organization.ofType<{ content: object }>(
      "aws:organizations/policy:Policy",
    ))
      expect(JSON.stringify(inputs.content).length, name).toBeLessThanOrEqual(5120);
    const attached = organization.ofType<{ targetId: string; policyId: string }>(
      "aws:organizations/policyAttachment:PolicyAttachment",
    );
    for (const type of ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]) {
      const ids = organization
        .ofType<{ type: string }>("aws:organizations/policy:Policy")
        .filter(({ inputs }) => inputs.type === type)
        .map(({ outputs }) => outputs?.["id"]);
      const byTarget = Map.groupBy(
        attached.filter(({ inputs }) => ids.includes(inputs.policyId)),
        ({ inputs }) => inputs.targetId,
      );
      // AWS's own, which allows everything, is the fifth.
      for (const [target, policies] of byTarget) expect(policies.length, target).toBeLessThanOrEqual(4);
    }
  });

  it.each([
    "organizations:LeaveOrganization",
    "cloudtrail:StopLogging",
    "guardduty:DeleteDetector",
    "config:StopConfigurationRecorder",
    "securityhub:DisableSecurityHub",
    "s3:PutAccountPublicAccessBlock",
  ])("refuses %s everywhere", (action) => {
    const denying = statementsIn(
      organization.resource<{ content: object }>("KeepGuardsPolicy").inputs.content,
    );
    expect(denying.filter(({ Action }) => [Action].flat().includes(action))).toMatchObject([
      { Effect: "Deny" },
    ]);
    expect(organization.resource("KeepGuardsOnRoot").inputs["targetId"]).toBe("r-exam");
  });

  it("refuses regions that are not used, whatever is asked of them", () => {
    const [statement] = statementsIn(
      organization.resource<{ content: object }>("RegionsPolicy").inputs.content,
    );
    expect(statement).toMatchObject({
      Effect: "Deny",
      Condition: { StringNotEquals: { "aws:RequestedRegion": regions } },
    });
  });

  it("keeps backups and keys where data is kept, from all but the break-glass role", () => {
    const [statement, backups] = statementsIn(
      organization.resource<{ content: object }>("KeepDataPolicy").inputs.content,
    );
    expect(statement?.Action).toEqual(
      expect.arrayContaining([
        "backup:DeleteBackupVaultLockConfiguration",
        "kms:ScheduleKeyDeletion",
        "dynamodb:DeleteTable",
      ]),
    );
    expect(statement?.Condition).toEqual({
      ArnNotLike: { "aws:PrincipalArn": ["arn:aws:iam::*:role/tallystick-break-glass"] },
    });
    // Who makes a backup ends it when its time is over, if the vault's lock lets it.
    expect(backups).toMatchObject({
      Action: ["backup:DeleteRecoveryPoint", "dynamodb:DeleteBackup", "rds:DeleteDBClusterSnapshot"],
      Condition: {
        ArnNotLike: {
          "aws:PrincipalArn": [
            "arn:aws:iam::*:role/tallystick-break-glass",
            "arn:aws:iam::*:role/tallystick-*-backup",
          ],
        },
      },
    });
    expect(production.resource("BackupRole").inputs["name"]).toMatch(/^tallystick-.+-backup$/);
    expect(organization.resource("KeepDataOnProduction").inputs["targetId"]).toBe(
      organization.resource("ProductionUnit").outputs?.["id"],
    );
  });

  it("has all that watches worked from the security account, in each region that is used", () => {
    const admin = organization.resource("SecurityAccount").outputs?.["id"];
    for (const type of [
      "aws:guardduty/organizationAdminAccount:OrganizationAdminAccount",
      "aws:macie2/organizationAdminAccount:OrganizationAdminAccount",
      "aws:securityhub/organizationAdminAccount:OrganizationAdminAccount",
    ]) {
      expect(regionsOf(organization, type)).toEqual(expect.arrayContaining(regions));
      for (const { inputs } of organization.ofType(type)) expect(inputs["adminAccountId"]).toBe(admin);
    }
    const inspector = organization.ofType<{ accountId: string; region: string }>(
      "aws:inspector2/delegatedAdminAccount:DelegatedAdminAccount",
    );
    for (const region of regions)
      expect(inspector.map(({ inputs }) => inputs)).toContainEqual({ accountId: admin, region });
  });
});

describe("every account", () => {
  it("records its configuration in each region, into the log archive", () => {
    for (const plan of [logArchive, security, account]) {
      expect(regionsOf(plan, "aws:cfg/recorderStatus:RecorderStatus"), plan.stage).toEqual(
        expect.arrayContaining(regions),
      );
      for (const { inputs } of plan.ofType("aws:cfg/deliveryChannel:DeliveryChannel"))
        expect(inputs["s3BucketName"]).toBe(logArchive.resource("ConfigurationBucket").inputs["bucket"]);
    }
  });

  it("has safe defaults: nothing public, volumes encrypted, metadata with a token", () => {
    for (const plan of [logArchive, security, account]) {
      expect(plan.resource("PublicAccess").inputs).toEqual({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(regionsOf(plan, "aws:ebs/encryptionByDefault:EncryptionByDefault")).toHaveLength(3);
      for (const { inputs } of plan.ofType("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"))
        expect(inputs).toMatchObject({ httpTokens: "required" });
      expect(plan.resource("Passwords").inputs).toMatchObject({ minimumPasswordLength: 14 });
    }
  });

  it("has a way to delete what is kept, open to one permission set, and told to operators", () => {
    const role = account.resource<{ name: string; assumeRolePolicy: object; inlinePolicies: unknown }>(
      "BreakGlass",
    );
    expect(role.inputs.name).toBe("tallystick-break-glass");
    expect(statementsIn(role.inputs.assumeRolePolicy)[0]?.Condition).toMatchObject({
      ArnLike: { "aws:PrincipalArn": expect.stringContaining("AWSReservedSSO_BreakGlass_") },
    });
    expect(account.resource("BreakGlassUsedTarget").inputs["arn"]).toBe(
      account.resource("Operators").outputs?.["arn"],
    );
  });
});

describe("legal holds on archived events", () => {
  it("are put by one permission set, told to operators, and let nobody read, delete or shorten", () => {
    const role = account.resource<{
      name: string;
      assumeRolePolicy: object;
      inlinePolicies: readonly { policy: object }[];
    }>("LegalHolds").inputs;
    expect(role.name).toBe("tallystick-legal-holds");
    expect(statementsIn(role.assumeRolePolicy)[0]?.Condition).toMatchObject({
      ArnLike: { "aws:PrincipalArn": expect.stringContaining("AWSReservedSSO_LegalHolds_") },
    });
    const statements = role.inlinePolicies.flatMap(({ policy }) => statementsIn(policy));
    expect(statements.flatMap(({ Action }) => Action)).toEqual([
      "s3:ListBucketVersions",
      "s3:GetObjectLegalHold",
      "s3:PutObjectLegalHold",
    ]);
    expect(account.resource("LegalHoldsUsedTarget").inputs["arn"]).toBe(
      account.resource("Operators").outputs?.["arn"],
    );
  });
});

describe("operators", () => {
  it("hear of events: EventBridge meets no condition, neither at their topic nor at its key", () => {
    for (const name of ["OperatorsPolicy", "OperatorsKey"]) {
      const { policy } = account.resource<{ policy: object }>(name).inputs;
      const letting = statementsIn(policy).filter(
        ({ Principal }) => JSON.stringify(Principal) === '{"Service":"events.amazonaws.com"}',
      );
      expect(letting.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([["Allow", undefined]]);
    }
  });
});

describe("an account with reports", () => {
  it("has signed up for QuickSight, which nobody removes in passing; others have not", () => {
    const type = "aws:quicksight/accountSubscription:AccountSubscription";
    expect(account.ofType(type).map(({ options }) => options)).toMatchObject([{ protect: true }]);
    for (const other of [security, logArchive]) expect(other.ofType(type)).toEqual([]);
    // What the stage's reports are for is what its account has.
    expect(production.ofType("aws:cloudformation/stack:Stack")).toHaveLength(1);
  });
});
