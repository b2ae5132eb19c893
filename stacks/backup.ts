import type { LockDays } from "./account-settings.ts";
import { copiesVaultArn, lockVault } from "./backup-copies.ts";
import { copiesMayRead } from "./backup-keys.ts";
import type { Books } from "./books.ts";
import { recoveryRegion } from "./constants.ts";
import { createKey, keyPolicy } from "./keys.ts";
import { physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import { trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

export interface BackupSettings {
  /** How long a day's backup is kept, in days; within the lock's limits. */
  readonly dailyDays: number;
  /** How long that of a month's first day is kept, in days; undefined for none. */
  readonly monthlyDays: number | undefined;
  readonly lock: LockDays;
  /** Copies in the recovery region, and in the security account. */
  readonly copies: boolean;
  /** Each week one backup of each table is restored, and removed again. */
  readonly restoreTests: boolean;
}

/** UTC; when least is paid. */
const dailyAt = "cron(0 3 * * ? *)";
const monthlyAt = "cron(0 4 1 * ? *)";
const restoreTestAt = "cron(0 6 ? * SUN *)";
const startMinutesMax = 60;
const completionMinutesMax = 6 * 60;

const managed = (name: string): string => `arn:aws:iam::aws:policy/${name}`;

/**
 * Backups that outlive a mistake in the stage, its deletion and its account. Point-in-time recovery of the tables
 * answers faster, and dies with the table.
 */
export function createBackups(
  parts: Pick<Parts, "settings" | "tables" | "buckets">,
  books: Books | undefined,
): void {
  const { settings, tables, buckets } = parts;
  if (settings.backups === undefined) return;
  const { lock, restoreTests } = settings.backups;
  const vault = createVault("Backups", settings, lock);
  const copies = settings.backups.copies
    ? [createVault("BackupCopies", settings, lock, recoveryRegion).arn, copiesVaultArn()]
    : [];
  const plan = createPlan(settings.backups, vault, copies);
  const role = new aws.iam.Role("BackupRole", {
    name: physicalName("Backup"),
    description: "Backs up and, in restore tests, restores",
    assumeRolePolicy: trustOnly("backup.amazonaws.com"),
    managedPolicyArns: [
      managed("service-role/AWSBackupServiceRolePolicyForBackup"),
      managed("service-role/AWSBackupServiceRolePolicyForRestores"),
      managed("AWSBackupServiceRolePolicyForS3Backup"),
      managed("AWSBackupServiceRolePolicyForS3Restore"),
    ],
  });
  // What can be made again from the journal or expires by itself is not backed up.
  const kept = [tables.payments, tables.ledger, tables.vault, tables.merchants, tables.deadLetters];
  const tableArns = kept.map(({ arn }) => arn);
  new aws.backup.Selection("BackupSelection", {
    name: physicalName("Kept"),
    planId: plan.id,
    iamRoleArn: role.arn,
    resources: [...tableArns, buckets.inbound.arn, ...(books === undefined ? [] : [books.cluster.arn])],
  });
  if (restoreTests) createRestoreTests(vault, role, tableArns);
}

function createVault(
  name: string,
  settings: StageSettings,
  lock: LockDays,
  region?: string,
): aws.backup.Vault {
  const place = region === undefined ? {} : { region };
  const key = createKey(settings, name, {
    ...place,
    description: "Encrypts backups",
    policy: keyPolicy(...copiesMayRead(settings)),
  });
  const vault = new aws.backup.Vault(
    name,
    { ...place, name: physicalName(name), kmsKeyArn: key.arn, forceDestroy: !settings.retainData },
    { retainOnDelete: settings.retainData },
  );
  lockVault(name, vault, lock, region);
  return vault;
}

function createPlan(
  { dailyDays, monthlyDays }: BackupSettings,
  vault: aws.backup.Vault,
  copies: readonly $util.Input<string>[],
): aws.backup.Plan {
  const rule = (ruleName: string, schedule: string, deleteAfter: number) => ({
    ruleName,
    schedule,
    targetVaultName: vault.name,
    startWindow: startMinutesMax,
    completionWindow: completionMinutesMax,
    lifecycle: { deleteAfter },
    copyActions: copies.map((destinationVaultArn) => ({ destinationVaultArn, lifecycle: { deleteAfter } })),
  });
  return new aws.backup.Plan("BackupPlan", {
    name: physicalName("Backups"),
    rules: [
      rule("daily", dailyAt, dailyDays),
      ...(monthlyDays === undefined ? [] : [rule("monthly", monthlyAt, monthlyDays)]),
    ],
  });
}

/** A backup that was never restored is a hope. Names here take letters, digits and underscores only. */
function createRestoreTests(
  vault: aws.backup.Vault,
  role: aws.iam.Role,
  tableArns: readonly $util.Output<string>[],
): void {
  const plan = new aws.backup.RestoreTestingPlan("RestoreTests", {
    name: physicalName("RestoreTests").replaceAll("-", "_"),
    scheduleExpression: restoreTestAt,
    startWindowHours: 1,
    recoveryPointSelection: {
      algorithm: "LATEST_WITHIN_WINDOW",
      includeVaults: [vault.arn],
      recoveryPointTypes: ["SNAPSHOT"],
      selectionWindowDays: 7,
    },
  });
  new aws.backup.RestoreTestingSelection("RestoredTables", {
    name: "tables",
    restoreTestingPlanName: plan.name,
    protectedResourceType: "DynamoDB",
    protectedResourceArns: [...tableArns],
    iamRoleArn: role.arn,
    validationWindowHours: 1,
  });
}
