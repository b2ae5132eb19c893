import { beforeAll, describe, expect, it } from "vitest";
import { regions, regionsOf, statementsIn } from "./accounts-common.ts";
import { production } from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";
import { renderStage } from "./render-stage.ts";

/** Dev, production, staging, security, log archive: all that something runs in. */
const inspected = ["111122223333", "123456789012", "444455556666", "777788889999", "999988887777"];

let organization: PlanView;
let logArchive: PlanView;
let security: PlanView;
beforeAll(async () => {
  organization = await renderStage("organization");
  logArchive = await renderStage("account-log-archive");
  security = await renderStage("account-security");
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
