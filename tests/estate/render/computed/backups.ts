import { named, type Rules, text, uuidOf } from "./forms.ts";

/** AWS Backup. */
export const backups: Rules = {
  "aws:backup/plan:Plan": ({ name, region, account }) => {
    const id = uuidOf(name);
    return { id, arn: `arn:aws:backup:${region}:${account}:backup-plan:${id}` };
  },
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": (made) =>
    named(made, "backup", "restore-testing-plan:"),
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": ({ inputs }) => ({
    id: text(inputs["name"]),
  }),
  "aws:backup/regionSettings:RegionSettings": ({ region }) => ({ id: region }),
  "aws:backup/selection:Selection": ({ name }) => ({ id: uuidOf(name) }),
  "aws:backup/vault:Vault": (made) => named(made, "backup", "backup-vault:"),
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": ({ inputs }) => ({
    id: text(inputs["backupVaultName"]),
  }),
  "aws:backup/vaultNotifications:VaultNotifications": ({ inputs }) => ({
    id: text(inputs["backupVaultName"]),
  }),
  "aws:backup/vaultPolicy:VaultPolicy": ({ inputs }) => ({ id: text(inputs["backupVaultName"]) }),
};
