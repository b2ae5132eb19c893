import type { PlanView } from "../plan-view.ts";
import { all, type Check, each, needs, type Rule } from "./rule.ts";

/** What only the stage of an account or of the organization has. A stage of the estate has no recorder. */
const recorderType = "aws:cfg/recorder:Recorder";
const publicAccessType = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock";
const passwordType = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy";
const encryptionType = "aws:ebs/encryptionByDefault:EncryptionByDefault";
const detectorType = "aws:guardduty/detector:Detector";
const inspectionType = "aws:inspector2/enabler:Enabler";
const discoveryType = "aws:macie2/organizationConfiguration:OrganizationConfiguration";
const searchType = "aws:macie2/classificationJob:ClassificationJob";
const vaultType = "aws:backup/vault:Vault";

interface PublicAccess {
  readonly blockPublicAcls?: boolean;
  readonly blockPublicPolicy?: boolean;
  readonly ignorePublicAcls?: boolean;
  readonly restrictPublicBuckets?: boolean;
}

interface PasswordPolicy {
  readonly minimumPasswordLength?: number;
  readonly requireNumbers?: boolean;
  readonly requireLowercaseCharacters?: boolean;
  readonly maxPasswordAge?: number;
  readonly passwordReusePrevention?: number;
}

/** GuardDuty's protections of what the estate has, and the control that asks for each. */
const protections = [
  ["EKS_AUDIT_LOGS", "GuardDuty.5"],
  ["LAMBDA_NETWORK_LOGS", "GuardDuty.6"],
  ["EBS_MALWARE_PROTECTION", "GuardDuty.8"],
  ["RDS_LOGIN_EVENTS", "GuardDuty.9"],
  ["S3_DATA_EVENTS", "GuardDuty.10"],
] as const;

/** What Inspector looks at, and the control that asks for it. */
const inspections = [
  ["EC2", "Inspector.1"],
  ["ECR", "Inspector.2"],
  ["LAMBDA_CODE", "Inspector.3"],
  ["LAMBDA", "Inspector.4"],
] as const;

/** Regions in which a type is switched on: each resource names its own, or is in the stage's. */
const regionsOf = (plan: PlanView, type: string): string[] =>
  plan.ofType<{ region?: string }>(type).map(({ inputs: { region = plan.region } }) => region);

/** Complains of each region that has the first type and not the second: nothing of it `is so` there. */
const beside =
  (having: string, wanted: string, isSo: string): Check =>
  (plan) => {
    const regions = regionsOf(plan, wanted);
    return plan
      .ofType<{ region?: string }>(having)
      .filter(({ inputs: { region = plan.region } }) => !regions.includes(region))
      .map((resource) => ({
        resource,
        message: `nowhere in ${resource.inputs.region ?? plan.region} ${isSo}: add ${wanted.split(":").at(-1)} there`,
      }));
  };

/** The same for each region that an account uses: those in which changes are recorded. */
const inEachRegion = (wanted: string, isSo: string): Check => beside(recorderType, wanted, isSo);

/** What an account has once, or once in a region, whatever runs in it. */
export const accountRules: readonly Rule[] = [
  {
    name: "account-not-public",
    shows: ["PCI 1.4.4", "S3.1"],
    says: "No bucket of an account can become public, whatever its own settings say.",
    check: all(
      needs(recorderType, publicAccessType, "has no AccountPublicAccessBlock: public buckets are possible"),
      each<PublicAccess>(
        publicAccessType,
        ({ blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets }) =>
          !(blockPublicAcls && blockPublicPolicy && ignorePublicAcls && restrictPublicBuckets) &&
          "lets something be public: set all four",
      ),
    ),
  },
  {
    name: "volumes-encrypted",
    shows: ["PCI 3.5.1", "EC2.7"],
    says: "Disks are encrypted, in each region that is used, also where nobody asks for it.",
    check: all(
      inEachRegion(encryptionType, "are disks encrypted by themselves"),
      each<{ enabled?: boolean }>(
        encryptionType,
        ({ enabled = true }) => !enabled && "is switched off: set enabled",
      ),
    ),
  },
  {
    name: "passwords-strong",
    shows: ["PCI 8.3.6", "PCI 8.3.7", "PCI 8.3.9", "IAM.7"],
    says: "A password of IAM, should there be one, is long, mixed, changed within 90 days and not one of the last four.",
    check: all(
      needs(recorderType, passwordType, "has no password policy: add aws.iam.AccountPasswordPolicy"),
      each<PasswordPolicy>(passwordType, (policy) => {
        const { minimumPasswordLength = 6, maxPasswordAge = 0, passwordReusePrevention = 0 } = policy;
        const mixed = policy.requireNumbers && policy.requireLowercaseCharacters;
        if (minimumPasswordLength < 12 || !mixed)
          return "lets short or plain passwords be: 12 at least, mixed";
        if (maxPasswordAge === 0 || maxPasswordAge > 90)
          return "lets passwords grow old: set maxPasswordAge 90";
        return passwordReusePrevention < 4 && "lets old passwords come back: set passwordReusePrevention";
      }),
    ),
  },
  {
    name: "root-has-no-keys",
    shows: ["PCI 2.2.2", "IAM.4"],
    says: "Accounts of the organization have no password and no keys of root: who needs root gets a session, centrally.",
    check: all(
      needs(
        "aws:organizations/organization:Organization",
        "aws:iam/organizationsFeatures:OrganizationsFeatures",
        "leaves root's credentials to each account: add aws.iam.OrganizationsFeatures",
      ),
      each<{ enabledFeatures?: readonly string[] }>(
        "aws:iam/organizationsFeatures:OrganizationsFeatures",
        ({ enabledFeatures = [] }) =>
          !["RootCredentialsManagement", "RootSessions"].every((name) => enabledFeatures.includes(name)) &&
          "keeps root's credentials: enable RootCredentialsManagement and RootSessions",
      ),
    ),
  },
  {
    name: "guards-attached",
    shows: ["PCI 7.3.1"],
    says: "Each policy that limits accounts is attached to where they are.",
    check: each<{ type?: string }>("aws:organizations/policy:Policy", (_, resource, plan) => {
      const attached = plan
        .ofType<{ policyId?: string }>("aws:organizations/policyAttachment:PolicyAttachment")
        .some(({ inputs }) => inputs.policyId === resource.outputs?.["id"]);
      return !attached && "limits nobody: add a PolicyAttachment";
    }),
  },
  {
    name: "recorders-run",
    shows: ["PCI 11.5.2", "Config.1"],
    says: "A recorder of changes is switched on, and has somewhere to write to.",
    check: all(
      inEachRegion("aws:cfg/recorderStatus:RecorderStatus", "does the recorder run"),
      inEachRegion("aws:cfg/deliveryChannel:DeliveryChannel", "does the recorder write anywhere"),
    ),
  },
  {
    name: "threats-to-everything-watched",
    shows: ["PCI 11.5.1", ...protections.map(([, control]) => control)],
    says: "GuardDuty looks at every member's clusters, functions, disks, databases and buckets.",
    check: (plan) =>
      plan.ofType<{ region?: string }>(detectorType).flatMap((detector) => {
        const { region = plan.region } = detector.inputs;
        const features = plan
          .ofType<{ region?: string; name?: string; autoEnable?: string }>(
            "aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature",
          )
          .filter(({ inputs }) => (inputs.region ?? plan.region) === region && inputs.autoEnable === "ALL");
        return protections
          .filter(([name]) => !features.some(({ inputs }) => inputs.name === name))
          .map(([name]) => ({
            resource: detector,
            message: `does not watch ${name} in ${region}: add it for ALL`,
          }));
      }),
  },
  {
    name: "weaknesses-looked-for",
    shows: ["PCI 6.3.1", "PCI 11.3.1", "PCI 11.3.1.3", ...inspections.map(([, control]) => control)],
    says: "Inspector looks for known weaknesses in nodes, images and functions, in each region that is watched.",
    check: all(
      beside(detectorType, inspectionType, "are weaknesses looked for"),
      each<{ resourceTypes?: readonly string[] }>(inspectionType, ({ resourceTypes = [] }) => {
        const missing = inspections.filter(([type]) => !resourceTypes.includes(type)).map(([type]) => type);
        return missing.length > 0 && `does not look at ${missing.join(", ")}: add it to resourceTypes`;
      }),
    ),
  },
  {
    name: "outside-access-found",
    shows: ["PCI 7.2.4", "IAM.28"],
    says: "Whatever somebody outside of the organization may use is found, in each region that is watched.",
    check: beside(detectorType, "aws:accessanalyzer/analyzer:Analyzer", "is access from outside looked for"),
  },
  {
    name: "card-data-looked-for",
    shows: ["PCI 12.10.7", "Macie.1"],
    says: "Card numbers where none should be are looked for.",
    check: all(
      beside(detectorType, discoveryType, "are card numbers looked for"),
      each<{ autoEnable?: boolean }>(
        discoveryType,
        ({ autoEnable }) => !autoEnable && "leaves out accounts that come: set autoEnable",
      ),
    ),
  },
  {
    name: "buckets-searched",
    shows: ["PCI 12.10.7"],
    says: "Buckets are searched for card numbers again and again, by a plan of ours.",
    check: all(
      needs(discoveryType, searchType, "searches no bucket: add a ClassificationJob (stacks/discovery.ts)"),
      each<{ jobType: string }>(
        searchType,
        ({ jobType }) => jobType !== "SCHEDULED" && "searches once: set jobType SCHEDULED and a frequency",
      ),
    ),
  },
  {
    name: "held-against-standards",
    shows: ["PCI 2.2.1"],
    says: "Security Hub holds all accounts against FSBP and PCI DSS 4.0.1, all day.",
    check: each<{
      configurationPolicy?: { serviceEnabled?: boolean; enabledStandardArns?: readonly string[] };
    }>(
      "aws:securityhub/configurationPolicy:ConfigurationPolicy",
      ({ configurationPolicy: { serviceEnabled, enabledStandardArns = [] } = {} }) => {
        const missing = ["aws-foundational-security-best-practices/", "pci-dss/v/4.0.1"].filter(
          (standard) => !enabledStandardArns.some((arn) => arn.includes(`::standards/${standard}`)),
        );
        return (!serviceEnabled || missing.length > 0) && `is not held against ${missing.join(", ")}`;
      },
    ),
  },
  {
    name: "someone-to-call",
    shows: ["PCI 12.10.1", "Account.1"],
    says: "AWS knows whom of ours to tell about security.",
    check: (plan) =>
      plan.ofType(recorderType).length === 0 ||
      plan
        .ofType<{ alternateContactType?: string }>("aws:account/alternativeContact:AlternativeContact")
        .some(({ inputs }) => inputs.alternateContactType === "SECURITY")
        ? []
        : [{ resource: undefined, message: "AWS would tell nobody: add an AlternativeContact for SECURITY" }],
  },
  {
    name: "backups-locked",
    shows: ["PCI 12.10.1"],
    says: "Nobody takes a backup out of its vault before its time.",
    check: each<{ name?: string }>(
      vaultType,
      ({ name }, _, plan) =>
        !plan
          .ofType<{ backupVaultName?: string; minRetentionDays?: number }>(
            "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
          )
          .some(({ inputs }) => inputs.backupVaultName === name && (inputs.minRetentionDays ?? 0) > 0) &&
        "has no lock: add a VaultLockConfiguration with minRetentionDays",
    ),
  },
];
