import { company } from "./company.ts";
import type { StageSettings } from "./settings.ts";

/**
 * What the policy of a key says that backups are encrypted under: where copies go to the security account, its AWS Backup
 * may read them, and nobody else there.
 * @param byGrant for a key of Aurora, whose snapshots are copied by a grant that lasts as long as the copy.
 */
export function copiesMayRead({ backups }: StageSettings, byGrant = false): readonly object[] {
  if (!backups?.copies) return [];
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
