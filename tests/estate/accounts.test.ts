import { beforeAll, describe, expect, it } from "vitest";
import { production, type Statement } from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";
import { renderStage } from "./render-stage.ts";

const regions = ["eu-west-1", "eu-central-1", "us-east-1"];
/** Dev, production, staging, security, log archive: all that something runs in. */
const inspected = ["111122223333", "123456789012", "444455556666", "777788889999", "999988887777"];
const regionsOf = (plan: PlanView, type: string): unknown[] =>
  plan.ofType<{ region?: string }>(type).map(({ inputs }) => inputs.region);
const statementsIn = (
  policy: unknown,
): readonly (Statement & { readonly Sid: string; readonly Principal?: unknown })[] =>
  (policy as { Statement: readonly (Statement & { readonly Sid: string })[] }).Statement;

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

describe("the security account", () => {
  it("has one trail of all accounts and regions, validated, encrypted, in the log archive", () => {
    expect(security.resource("Activity").inputs).toMatchObject({
      isOrganizationTrail: true,
      isMultiRegionTrail: true,
      enableLogFileValidation: true,
      kmsKeyId: "arn:aws:kms:eu-west-1:999988887777:alias/tallystick-account-log-archive-archive",
      s3BucketName: logArchive.resource("TrailBucket").inputs["bucket"],
    });
  });

  it("writes down who else than production's own roles reads or writes cards and books", () => {
    const { advancedEventSelectors } = security.resource<{
      advancedEventSelectors: readonly {
        name: string;
        fieldSelectors: readonly Readonly<Record<string, unknown>>[];
      }[];
    }>("Activity").inputs;
    const tables = advancedEventSelectors.find(({ name }) => name.includes("production"));
    expect(tables?.fieldSelectors).toEqual(
      expect.arrayContaining([
        {
          field: "resources.ARN",
          equals: ["eu-west-1", "eu-central-1"].flatMap((region) =>
            ["vault", "ledger"].map(
              (table) => `arn:aws:dynamodb:${region}:123456789012:table/tallystick-production-${table}`,
            ),
          ),
        },
        {
          field: "userIdentity.arn",
          notStartsWiths: ["arn:aws:sts::123456789012:assumed-role/tallystick-production-"],
        },
      ]),
    );
  });

  it("writes down who else reads or writes acquirers' files and archived events: those that production has", () => {
    const { advancedEventSelectors } = security.resource<{
      advancedEventSelectors: readonly {
        name: string;
        fieldSelectors: readonly { field: string; startsWiths?: readonly string[] }[];
      }[];
    }>("Activity").inputs;
    const files = advancedEventSelectors.find(({ name }) => name === "Files of production in other hands");
    const objects = files?.fieldSelectors.find(({ field }) => field === "resources.ARN")?.startsWiths;
    expect(objects).toEqual(
      ["Inbound", "Archive", "ArchiveLanding", "InboundReplica", "ArchiveReplica"].map(
        (name) => `${String(production.resource(`${name}Bucket`).outputs?.["arn"])}/`,
      ),
    );
  });

  it("enrols every member in GuardDuty with all protections, in each region", () => {
    const features = security.ofType<{ region: string; name: string; autoEnable: string }>(
      "aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature",
    );
    for (const region of regions) {
      const here = features.filter(({ inputs }) => inputs.region === region);
      expect(here.map(({ inputs }) => inputs.name).toSorted(), region).toEqual([
        "EBS_MALWARE_PROTECTION",
        "EKS_AUDIT_LOGS",
        "LAMBDA_NETWORK_LOGS",
        "RDS_LOGIN_EVENTS",
        "S3_DATA_EVENTS",
      ]);
    }
    for (const { inputs } of security.ofType(
      "aws:guardduty/organizationConfiguration:OrganizationConfiguration",
    ))
      expect(inputs["autoEnableOrganizationMembers"]).toBe("ALL");
  });

  it("has Inspector look at all that runs in each account, in each region", () => {
    const enablers = security.ofType<{ accountIds: string[]; region: string; resourceTypes: string[] }>(
      "aws:inspector2/enabler:Enabler",
    );
    for (const region of regions) {
      const here = enablers.filter(({ inputs }) => inputs.region === region);
      expect(here.flatMap(({ inputs }) => inputs.accountIds).toSorted(), region).toEqual(inspected);
      for (const { inputs } of here)
        expect(inputs.resourceTypes).toEqual(["EC2", "ECR", "LAMBDA", "LAMBDA_CODE"]);
    }
    // Those who come later.
    expect(
      regionsOf(security, "aws:inspector2/organizationConfiguration:OrganizationConfiguration").toSorted(),
    ).toEqual(regions.toSorted());
  });

  it("has Macie in each account that there is, in each region: those before it too, which it does not enrol itself", () => {
    const members = security.ofType<{ accountId: string; region: string; email: string }>(
      "aws:macie2/member:Member",
    );
    const accounts = organization.ofType<{ email: string }>("aws:organizations/account:Account");
    const others = accounts.map(({ inputs }) => inputs.email).filter((email) => !email.includes("security"));
    for (const region of regions) {
      const here = members.filter(({ inputs }) => inputs.region === region);
      expect(here.map(({ inputs }) => inputs.email).toSorted(), region).toEqual(others.toSorted());
    }
  });

  it("looks for card numbers in files that production and staging got, all of them, and in a sample of the archive", () => {
    const searched = (name: string) =>
      security.resource<{
        s3JobDefinition: {
          bucketCriteria: { includes: { ands: readonly { simpleCriterion: { values: string[] } }[] } };
        };
      }>(name).inputs;
    const bucketsOf = (name: string) =>
      searched(name).s3JobDefinition.bucketCriteria.includes.ands.flatMap(
        (each) => each.simpleCriterion.values,
      );
    for (const [job, bucket] of [
      ["InboundSearch", "InboundBucket"],
      ["ArchiveSearch", "ArchiveBucket"],
    ] as const)
      expect(bucketsOf(job), job).toEqual([
        production.resource(bucket).inputs["bucket"],
        expect.stringMatching(/^tallystick-staging-.+-444455556666$/),
      ]);
    expect(searched("InboundSearch")).toMatchObject({
      samplingPercentage: 100,
      scheduleFrequency: { dailySchedule: true },
    });
    expect(searched("ArchiveSearch")).toMatchObject({ scheduleFrequency: { weeklySchedule: "MONDAY" } });
  });

  it("tells operators of card numbers itself, as Security Hub does not hear of them", () => {
    const rule = security.resource<{ name: string; eventPattern: string }>("CardDataFound").inputs;
    expect(JSON.parse(rule.eventPattern)).toMatchObject({
      source: ["aws.macie"],
      detail: { type: expect.arrayContaining(["SensitiveData:S3Object/Financial"]) },
    });
    expect(security.resource("CardDataFoundTarget").inputs).toEqual({
      rule: rule.name,
      arn: security.resource("Operators").outputs?.["arn"],
    });
  });

  it("holds all accounts against FSBP and PCI DSS 4.0.1", () => {
    expect(security.resource("Standards").inputs["configurationPolicy"]).toMatchObject({
      serviceEnabled: true,
      enabledStandardArns: [
        "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0",
        "arn:aws:securityhub:eu-west-1::standards/pci-dss/v/4.0.1",
      ],
    });
    expect(security.resource("StandardsEverywhere").inputs["targetId"]).toBe("r-exam");
  });

  it("keeps copies of backups that production may add to, and nobody may take from", () => {
    expect(security.resource("CopiesLock").inputs).toMatchObject({
      minRetentionDays: 35,
      changeableForDays: 30,
    });
    const [statement] = statementsIn(security.resource<{ policy: object }>("CopiesPolicy").inputs.policy);
    expect(statement).toMatchObject({
      Action: "backup:CopyIntoBackupVault",
      Principal: { AWS: ["arn:aws:iam::123456789012:root"] },
    });
  });
});

describe("the log archive", () => {
  it("locks the trail's files for more than a year, for its own administrators too", () => {
    expect(logArchive.resource("TrailBucketLock").inputs).toMatchObject({
      rule: { defaultRetention: { mode: "COMPLIANCE", days: 400 } },
    });
  });

  it("has no default lock on the bucket of the configuration, to which AWS Config would not deliver", () => {
    expect(
      logArchive
        .ofType<{ bucket: string }>("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
        .map(({ inputs }) => inputs.bucket),
    ).toEqual(["tallystick-account-log-archive-trail-999988887777"]);
  });

  it("lets nobody but the security account read, and the services write", () => {
    for (const name of ["TrailBucketPolicy", "ConfigurationBucketPolicy"]) {
      const allowing = statementsIn(logArchive.resource<{ policy: object }>(name).inputs.policy).filter(
        ({ Effect }) => Effect === "Allow",
      );
      expect(
        allowing.map(({ Sid }) => Sid),
        name,
      ).toEqual(["Look", "Write", "Read"]);
      expect(allowing[2]).toMatchObject({ Principal: { AWS: "arn:aws:iam::777788889999:root" } });
    }
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
