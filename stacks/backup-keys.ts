import { company } from "./company.ts";
import type { StageSettings } from "./settings.ts";

/**
 * The policy of a key that backups are encrypted under: the stage's own account, and where copies go to the security
 * account its AWS Backup, and nobody else there.
 * @param byGrant for a key of Aurora, whose snapshots are copied by a grant that lasts as long as the copy.
 */
export function copiesMayRead({ awsAccount, backups }: StageSettings, byGrant = false): string {
  const account = {
    Sid: "Account",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${awsAccount}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  const copies = backups?.copies ? copying(byGrant) : [];
  return JSON.stringify({ Version: "2012-10-17", Statement: [account, ...copies] });
}

function copying(byGrant: boolean): object[] {
  const { security } = company.accounts;
  const backupRole = `arn:aws:iam::${security}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup`;
  const byBackup = { ArnLike: { "aws:PrincipalArn": backupRole } };
  const copies = {
    Sid: "Copies",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${security}:root` },
    Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    Resource: "*",
    Condition: byBackup,
  };
  if (!byGrant) return [copies];
  const grants = {
    ...copies,
    Sid: "Grants",
    Action: ["kms:CreateGrant"],
    Condition: { ...byBackup, Bool: { "kms:GrantIsForAWSResource": "true" } },
  };
  return [copies, grants];
}
