import { createAccountDefaults } from "./account-defaults.ts";
import { createReporting } from "./account-reports.ts";
import type { AccountSettings } from "./account-settings.ts";
import { createCopiesVault } from "./backup-copies.ts";
import { createBackupWatch } from "./backup-watch.ts";
import { createBreakGlass } from "./break-glass.ts";
import { refuseToDeploy } from "./company.ts";
import { createDeployRole } from "./deploy-role.ts";
import { createDetection } from "./detection.ts";
import { createLegalHolds } from "./legal-holds.ts";
import { createLogArchive } from "./log-archive.ts";
import { createOperators } from "./operators.ts";
import { createRecorders } from "./recorders.ts";
import { createTrail } from "./trail.ts";

/**
 * What an AWS account has once, whatever runs in it: two stages of an estate in one account would fight over it. The
 * organization and the log archive come first (docs/from-nothing-to-production.md).
 */
export async function createAccount(
  settings: AccountSettings,
): Promise<Record<string, $util.Output<string>>> {
  const { accountId } = await aws.getCallerIdentity();
  refuseToDeploy(settings.stage, settings.awsAccount, accountId);
  const operators = createOperators();
  createAccountDefaults();
  createBreakGlass(operators);
  const archive = settings.logArchive && createLogArchive(settings.logArchive);
  // What is recorded is refused by a bucket whose policy is not there yet.
  createRecorders(archive);
  if (settings.security !== undefined) {
    createTrail();
    await createDetection(operators);
    createCopiesVault(settings.security.backupLockDays, settings.security.copiesFrom);
  }
  if (settings.workload !== undefined) {
    createDeployRole(settings.workload.stage);
    createBackupWatch(operators);
    createLegalHolds(operators, { stage: settings.workload.stage, awsAccount: settings.awsAccount });
    if (settings.workload.reports) createReporting(settings);
  }
  return {};
}
