import { type Example, either, type Violation, without } from "./violation.ts";

const recorder: Example = { type: "aws:cfg/recorder:Recorder", inputs: {} };
const detector: Example = { type: "aws:guardduty/detector:Detector", inputs: { region: "eu-central-1" } };
const discovery: Example = {
  type: "aws:macie2/organizationConfiguration:OrganizationConfiguration",
  inputs: { autoEnable: true, region: "eu-central-1" },
};
const search = (jobType: string): Example => ({
  type: "aws:macie2/classificationJob:ClassificationJob",
  inputs: { jobType },
});
const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true };
const passwords = { requireNumbers: true, requireLowercaseCharacters: true, maxPasswordAge: 90 };
const watching = (name: string): Example => ({
  type: "aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature",
  inputs: { name, autoEnable: "ALL", region: "eu-central-1" },
});
const inspection = (...resourceTypes: string[]): Example => ({
  type: "aws:inspector2/enabler:Enabler",
  inputs: { resourceTypes, region: "eu-central-1" },
});
const watched = ["EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS"];
const standard = (name: string): string => `arn:aws:securityhub:eu-west-1::standards/${name}`;
const foundational = standard("aws-foundational-security-best-practices/v/1.0.0");

export const accountViolations: readonly Violation[] = [
  either("account-not-public", "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", closed, {
    ...closed,
    restrictPublicBuckets: true,
  }),
  without("volumes-encrypted", recorder, {
    type: "aws:ebs/encryptionByDefault:EncryptionByDefault",
    inputs: { enabled: true, region: "eu-west-1" },
  }),
  either(
    "passwords-strong",
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    { ...passwords, minimumPasswordLength: 14, passwordReusePrevention: 3 },
    { ...passwords, minimumPasswordLength: 14, passwordReusePrevention: 4 },
  ),
  either(
    "root-has-no-keys",
    "aws:iam/organizationsFeatures:OrganizationsFeatures",
    { enabledFeatures: ["RootSessions"] },
    { enabledFeatures: ["RootSessions", "RootCredentialsManagement"] },
  ),
  without(
    "guards-attached",
    { type: "aws:organizations/policy:Policy", inputs: {} },
    { type: "aws:organizations/policyAttachment:PolicyAttachment", inputs: { policyId: "it" } },
  ),
  {
    rule: "recorders-run",
    broken: [recorder, { type: "aws:cfg/deliveryChannel:DeliveryChannel", inputs: {} }],
    kept: [
      recorder,
      { type: "aws:cfg/deliveryChannel:DeliveryChannel", inputs: {} },
      { type: "aws:cfg/recorderStatus:RecorderStatus", inputs: {} },
    ],
  },
  {
    rule: "threats-to-everything-watched",
    broken: [detector, ...watched.map(watching)],
    kept: [detector, ...[...watched, "S3_DATA_EVENTS"].map(watching)],
  },
  {
    rule: "weaknesses-looked-for",
    broken: [detector, inspection("EC2", "ECR", "LAMBDA")],
    kept: [detector, inspection("EC2", "ECR", "LAMBDA", "LAMBDA_CODE")],
  },
  without("outside-access-found", detector, {
    type: "aws:accessanalyzer/analyzer:Analyzer",
    inputs: { region: "eu-central-1" },
  }),
  without("card-data-looked-for", detector, discovery),
  {
    rule: "buckets-searched",
    broken: [discovery, search("ONE_TIME")],
    kept: [discovery, search("SCHEDULED")],
  },
  either(
    "held-against-standards",
    "aws:securityhub/configurationPolicy:ConfigurationPolicy",
    { configurationPolicy: { serviceEnabled: true, enabledStandardArns: [foundational] } },
    {
      configurationPolicy: {
        serviceEnabled: true,
        enabledStandardArns: [foundational, standard("pci-dss/v/4.0.1")],
      },
    },
  ),
  without("someone-to-call", recorder, {
    type: "aws:account/alternativeContact:AlternativeContact",
    inputs: { alternateContactType: "SECURITY" },
  }),
  without(
    "backups-locked",
    { type: "aws:backup/vault:Vault", inputs: { name: "copies" } },
    {
      type: "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
      inputs: { backupVaultName: "copies", minRetentionDays: 35 },
    },
  ),
];
