import { company } from "./company.ts";
import { homeRegion, type Region } from "./constants.ts";

/** What sst.config.ts needs of any stage. */
export interface Deployable {
  /** The AWS account that the stage is deployed to, 12 digits. */
  readonly awsAccount: string;
  readonly region: Region;
  /** What is made outlives the stage. */
  readonly retainData: boolean;
  /** SST refuses to remove the stage. */
  readonly protectFromDeletion: boolean;
}

/** Which of the accounts' jobs one has. Each is a file: see stacks/account.ts. */
export interface AccountJobs {
  /** The estate that the account is for, and whether it has reports; undefined for the accounts that only watch. */
  readonly workload: { readonly stage: string; readonly reports: boolean } | undefined;
  /** Collects findings of all accounts, and keeps the copies of their backups. */
  readonly security:
    | { readonly backupLockDays: LockDays; readonly copiesFrom: readonly string[] }
    | undefined;
  /** Keeps the trails and the configuration history of all accounts. */
  readonly logArchive: { readonly lockDays: number; readonly keepDays: number } | undefined;
}

/** How long nobody may delete, in days. */
export interface LockDays {
  readonly min: number;
  readonly max: number;
  /** Days until the lock itself cannot be lifted, 3 or more; undefined for one that may be lifted (governance). */
  readonly finalAfter: number | undefined;
}

/** A stage of what an AWS account has once, whatever runs in it. */
export interface AccountSettings extends Deployable, AccountJobs {
  readonly kind: "account";
  readonly stage: AccountStage;
}

/** The stage of the organization's own account: who the members are, and what none of them may do. */
export interface OrganizationSettings extends Deployable {
  readonly kind: "organization";
  readonly stage: "organization";
}

export const accountStages = [
  "account-dev",
  "account-staging",
  "account-production",
  "account-security",
  "account-log-archive",
] as const;
export type AccountStage = (typeof accountStages)[number];
export const organizationStage = "organization";

/** An account without its guards is worse than one with guards too many: no stage of these is removed in passing. */
const kept = { region: homeRegion, retainData: true, protectFromDeletion: true } as const;
const noJobs: AccountJobs = { workload: undefined, security: undefined, logArchive: undefined };

const jobsByStage: {
  readonly [S in AccountStage]: AccountJobs & { readonly awsAccount: string };
} = {
  "account-dev": {
    ...noJobs,
    awsAccount: company.accounts.dev,
    workload: { stage: "dev", reports: false },
  },
  "account-staging": {
    ...noJobs,
    awsAccount: company.accounts.staging,
    workload: { stage: "staging", reports: false },
  },
  "account-production": {
    ...noJobs,
    awsAccount: company.accounts.production,
    workload: { stage: "production", reports: true },
  },
  "account-security": {
    ...noJobs,
    awsAccount: company.accounts.security,
    // As the copies are kept: no plan may ask for less or for more.
    security: {
      backupLockDays: { min: 35, max: 400, finalAfter: 30 },
      copiesFrom: [company.accounts.production],
    },
  },
  "account-log-archive": {
    ...noJobs,
    awsAccount: company.accounts.logArchive,
    // PCI DSS 10.5.1 wants a year, of which three months at hand. After that they age as the books do.
    logArchive: { lockDays: 400, keepDays: 11 * 366 },
  },
};

/** @returns undefined for a name that is none of these stages. */
export function findAccountSettings(
  name: string | undefined,
): AccountSettings | OrganizationSettings | undefined {
  if (name === organizationStage) {
    return { ...kept, kind: "organization", stage: name, awsAccount: company.accounts.organization };
  }
  const stage = accountStages.find((known) => known === name);
  return stage && { ...kept, kind: "account", stage, ...jobsByStage[stage] };
}
