import { appName, usedRegions } from "./constants.ts";

/** A policy of the organization: what it holds back no administrator of a member account can give. */
export interface GuardPolicy {
  readonly type: "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY";
  readonly description: string;
  readonly statements: readonly object[];
}

/** Deploys the stages of accounts, by the organization's people. Created in each account with the account. */
export const accountAdminRole = `${appName}-account-admin`;
/** May delete what nobody else may, for an hour, and whoever is on call is told (stacks/break-glass.ts). */
export const breakGlassRole = `${appName}-break-glass`;

/** Deploys a stage of the estate (stacks/deploy-role.ts). */
export const deployRole = `${appName}-deploy`;
/** The managed policy that all roles of an estate have as their permissions boundary. */
export const workloadBoundary = `${appName}-workload-boundary`;

/** AWS evaluates these policies before those of the account: a role is excepted by its name. */
const exceptFor = (...roles: readonly string[]): object => ({
  ArnNotLike: { "aws:PrincipalArn": roles.map((role) => `arn:aws:iam::*:role/${role}`) },
});

/** Reading is left out: what follows would blind or disarm the guards. */
const disarming = [
  "access-analyzer:DeleteAnalyzer",
  "account:DeleteAlternateContact",
  "account:PutAlternateContact",
  "cloudtrail:DeleteTrail",
  "cloudtrail:PutEventSelectors",
  "cloudtrail:PutInsightSelectors",
  "cloudtrail:StopLogging",
  "cloudtrail:UpdateTrail",
  "config:DeleteConfigurationRecorder",
  "config:DeleteDeliveryChannel",
  "config:PutConfigurationRecorder",
  "config:PutDeliveryChannel",
  "config:StopConfigurationRecorder",
  "ec2:DisableEbsEncryptionByDefault",
  "ec2:ModifyInstanceMetadataDefaults",
  "guardduty:DeleteDetector",
  "guardduty:DisassociateFromAdministratorAccount",
  "guardduty:UpdateDetector",
  "iam:DeleteAccountPasswordPolicy",
  "iam:UpdateAccountPasswordPolicy",
  "inspector2:Disable",
  "inspector2:DisassociateMember",
  "macie2:DisableMacie",
  "macie2:DisassociateFromAdministratorAccount",
  "s3:PutAccountPublicAccessBlock",
  "securityhub:BatchDisableStandards",
  "securityhub:DisableSecurityHub",
  "securityhub:DisassociateFromAdministratorAccount",
];

/** What has no region: it is asked of us-east-1, or of a name without one. */
const regionless = [
  "account:*",
  "budgets:*",
  "ce:*",
  "cloudfront:*",
  "globalaccelerator:*",
  "health:*",
  "iam:*",
  "organizations:*",
  "route53:*",
  "route53domains:*",
  "shield:*",
  "sts:*",
  "support:*",
  "waf:*",
];

/** What cannot be had again: backups, keys, and what protects them. */
const destroying = [
  "backup:DeleteBackupVault",
  "backup:DeleteBackupVaultAccessPolicy",
  "backup:DeleteBackupVaultLockConfiguration",
  "backup:PutBackupVaultAccessPolicy",
  "backup:UpdateRecoveryPointLifecycle",
  "dynamodb:DeleteTable",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
  "rds:DeleteDBCluster",
  "rds:DeleteGlobalCluster",
  "s3:BypassGovernanceRetention",
  "s3:DeleteBucket",
  "s3:DeleteObjectVersion",
];

/** What AWS Backup does when a backup's time is over, by the role that made it. The lock of its vault says when that is. */
const expiring = ["backup:DeleteRecoveryPoint", "dynamodb:DeleteBackup", "rds:DeleteDBClusterSnapshot"];
const backupRoles = `${appName}-*-backup`;

export const guardPolicies: {
  readonly [Name in "KeepGuards" | "NoRoot" | "Regions" | "Encrypted" | "KeepData" | "Tls"]: GuardPolicy;
} = {
  KeepGuards: {
    type: "SERVICE_CONTROL_POLICY",
    description: "No member leaves, and none disarms its trail, its recorder or its detectors",
    statements: [
      { Sid: "Stay", Effect: "Deny", Action: "organizations:LeaveOrganization", Resource: "*" },
      {
        // The ceiling of the estate's roles: whoever could raise it could make a role that may everything.
        Sid: "Ceiling",
        Effect: "Deny",
        Action: ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:SetDefaultPolicyVersion"],
        Resource: `arn:aws:iam::*:policy/${workloadBoundary}`,
        Condition: exceptFor(accountAdminRole),
      },
      {
        Sid: "Watched",
        Effect: "Deny",
        Action: disarming,
        Resource: "*",
        Condition: exceptFor(accountAdminRole),
      },
      {
        // Whoever could change these roles would be one of them.
        Sid: "Exceptions",
        Effect: "Deny",
        Action: [
          "iam:AttachRolePolicy",
          "iam:DeleteRole",
          "iam:DeleteRolePermissionsBoundary",
          "iam:DeleteRolePolicy",
          "iam:DetachRolePolicy",
          "iam:PutRolePolicy",
          "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole",
        ],
        Resource: [accountAdminRole, breakGlassRole, deployRole].map((role) => `arn:aws:iam::*:role/${role}`),
        Condition: exceptFor(accountAdminRole),
      },
      {
        // People come by IAM Identity Center, partners by roles: nobody needs a key that never expires.
        Sid: "NoUsers",
        Effect: "Deny",
        Action: ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser"],
        Resource: "*",
      },
    ],
  },
  NoRoot: {
    type: "SERVICE_CONTROL_POLICY",
    description: "The root users of members do nothing",
    statements: [
      {
        Sid: "NoRoot",
        Effect: "Deny",
        Action: "*",
        Resource: "*",
        Condition: {
          ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:root" },
          // Sessions that the organization's own account opens for one task, such as removing a root password.
          BoolIfExists: { "aws:AssumedRoot": "false" },
        },
      },
    ],
  },
  Regions: {
    type: "SERVICE_CONTROL_POLICY",
    description: `Only ${usedRegions.join(", ")}`,
    statements: [
      {
        Sid: "Regions",
        Effect: "Deny",
        NotAction: regionless,
        Resource: "*",
        Condition: { StringNotEquals: { "aws:RequestedRegion": usedRegions } },
      },
    ],
  },
  Encrypted: {
    type: "SERVICE_CONTROL_POLICY",
    description: "Nothing is stored in the clear, and no object is public by its ACL",
    statements: [
      {
        Sid: "Databases",
        Effect: "Deny",
        Action: ["rds:CreateDBCluster", "rds:CreateDBInstance"],
        Resource: "*",
        Condition: { Bool: { "rds:StorageEncrypted": "false" } },
      },
      {
        Sid: "Volumes",
        Effect: "Deny",
        Action: ["ec2:CreateVolume", "ec2:RunInstances"],
        Resource: "arn:aws:ec2:*:*:volume/*",
        Condition: { Bool: { "ec2:Encrypted": "false" } },
      },
      {
        Sid: "Objects",
        Effect: "Deny",
        Action: ["s3:CreateBucket", "s3:PutBucketAcl", "s3:PutObject", "s3:PutObjectAcl"],
        Resource: "*",
        Condition: {
          StringEquals: { "s3:x-amz-acl": ["authenticated-read", "public-read", "public-read-write"] },
        },
      },
    ],
  },
  KeepData: {
    type: "SERVICE_CONTROL_POLICY",
    description: "Tables, backups and keys are deleted with the break-glass role only",
    statements: [
      {
        Sid: "Keep",
        Effect: "Deny",
        Action: destroying,
        Resource: "*",
        Condition: exceptFor(breakGlassRole),
      },
      {
        Sid: "KeepBackups",
        Effect: "Deny",
        Action: expiring,
        Resource: "*",
        Condition: exceptFor(breakGlassRole, backupRoles),
      },
    ],
  },
  Tls: {
    type: "RESOURCE_CONTROL_POLICY",
    description: "Data, keys and secrets are asked for by TLS only, whoever asks",
    statements: [
      {
        Sid: "Tls",
        Effect: "Deny",
        Principal: "*",
        Action: ["kms:*", "s3:*", "secretsmanager:*", "sqs:*"],
        Resource: "*",
        Condition: { BoolIfExists: { "aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false" } },
      },
    ],
  },
};

/** Puts every role that the program makes from here on under the account's ceiling, those that SST makes too. */
export function boundRoles(accountId: string): void {
  $transform(aws.iam.Role, (args) => {
    args.permissionsBoundary ??= `arn:aws:iam::${accountId}:policy/${workloadBoundary}`;
  });
}
