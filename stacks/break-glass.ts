import { company } from "./company.ts";
import { homeRegion } from "./constants.ts";
import { breakGlassRole } from "./guard-policies.ts";
import { type Operators, tell } from "./operators.ts";
import type { Permission } from "./permissions.ts";
import { inlinePolicy, trustPeople } from "./roles.ts";

const sessionSecondsMax = 3600;
/** The permission set of IAM Identity Center whose people may. It asks for a second factor, which IAM sees no more. */
const permissionSet = "BreakGlass";

/**
 * May delete what the organization keeps everyone else from deleting (KeepData), and read. Assumed from the security
 * account, by one permission set; each time operators are told.
 */
export function createBreakGlass(operators: Operators): void {
  const role = new aws.iam.Role("BreakGlass", {
    name: breakGlassRole,
    description: "Deletes what nobody else may: backups, keys, tables",
    maxSessionDuration: sessionSecondsMax,
    assumeRolePolicy: trustPeople(company.accounts.security, permissionSet, {
      // The event that tells of it is in the region that was asked, and the rule is in this one.
      StringEquals: { "aws:RequestedRegion": homeRegion },
    }),
    managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    inlinePolicies: [inlinePolicy(deletions())],
  });
  tell(operators, "BreakGlassUsed", {
    source: ["aws.sts"],
    "detail-type": ["AWS API Call via CloudTrail"],
    detail: { eventName: ["AssumeRole"], requestParameters: { roleArn: [role.arn] } },
  });
}

/** By kind of resource, in this account only. */
function deletions(): Permission[] {
  const { accountId } = aws.getCallerIdentityOutput();
  const own = (service: string, resource: string) =>
    $interpolate`arn:aws:${service}:*:${accountId}:${resource}`;
  return [
    {
      actions: ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
      resources: [
        "arn:aws:ec2:*::snapshot/*",
        own("backup", "recovery-point:*"),
        own("rds", "cluster-snapshot:*"),
      ],
    },
    {
      actions: ["backup:DeleteBackupVault", "backup:PutBackupVaultAccessPolicy"],
      resources: [own("backup", "backup-vault:*")],
    },
    { actions: ["kms:DisableKey", "kms:ScheduleKeyDeletion"], resources: [own("kms", "key/*")] },
    {
      actions: ["dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:DeleteBackup"],
      resources: [own("dynamodb", "table/*")],
    },
    {
      actions: ["rds:DeleteDBCluster", "rds:DeleteDBClusterSnapshot", "rds:ModifyDBCluster"],
      resources: [own("rds", "cluster:*"), own("rds", "cluster-snapshot:*")],
    },
    {
      actions: ["s3:BypassGovernanceRetention", "s3:DeleteBucket", "s3:DeleteObjectVersion"],
      resources: [`arn:aws:s3:::${$app.name}-*`],
    },
  ];
}
