import type { LockDays } from "./account-settings.ts";
import { company } from "./company.ts";
import { homeRegion } from "./constants.ts";
import { createKey, keptForGood } from "./keys.ts";
import { nameIn, physicalName } from "./naming.ts";

/** The vault of the security account, for the plans of other accounts. */
export const copiesVaultArn = (): string =>
  `arn:aws:backup:${homeRegion}:${company.accounts.security}:backup-vault:${nameIn("account-security", "Copies")}`;

/**
 * Where copies of production's backups are out of reach of production's own administrators: they may put copies in,
 * and nobody at all may take them out before their time.
 */
export function createCopiesVault(days: LockDays, writers: readonly string[]): void {
  const description = "Encrypts the copies of other accounts' backups";
  const key = createKey(keptForGood, "Copies", { description }, { protect: true });
  const vault = new aws.backup.Vault(
    "Copies",
    { name: physicalName("Copies"), kmsKeyArn: key.arn },
    { retainOnDelete: true, protect: true },
  );
  new aws.backup.VaultPolicy("CopiesPolicy", {
    backupVaultName: vault.name,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: writers.map((account) => `arn:aws:iam::${account}:root`) },
          Action: "backup:CopyIntoBackupVault",
          Resource: "*",
        },
      ],
    }),
  });
  lockVault("Copies", vault, days);
}

/**
 * Nothing in the vault is deleted before its time.
 * @param days with `finalAfter`, the lock itself cannot be lifted after so many days, by nobody, AWS included.
 */
export function lockVault(
  name: string,
  vault: aws.backup.Vault,
  { min, max, finalAfter }: LockDays,
  region?: string,
): void {
  new aws.backup.VaultLockConfiguration(
    `${name}Lock`,
    {
      backupVaultName: vault.name,
      minRetentionDays: min,
      maxRetentionDays: max,
      ...(finalAfter !== undefined && { changeableForDays: finalAfter }),
      ...(region !== undefined && { region }),
    },
    // A removed lock would be removed on AWS too, as long as it can be.
    { retainOnDelete: finalAfter !== undefined },
  );
}
