import {
  type AccountSettings,
  accountStages,
  type Deployable,
  findAccountSettings,
  type OrganizationSettings,
  organizationStage,
} from "./account-settings.ts";
import type { OperationsSettings } from "./alarms.ts";
import type { ArchiveSettings } from "./archive.ts";
import type { BackupSettings } from "./backup.ts";
import type { BooksSettings } from "./books.ts";
import type { CacheSettings } from "./cache.ts";
import type { ClusterSettings } from "./cluster.ts";
import { company } from "./company.ts";
import { appName, homeRegion } from "./constants.ts";
import type { DeliverySettings } from "./delivery.ts";
import type { EdgeSettings } from "./edge.ts";
import type { LakeSettings } from "./lake.ts";
import type { NetworkSettings } from "./network.ts";
import { type Pair, productionPair } from "./pair.ts";
import type { ReportSettings } from "./reports.ts";
import type { WarehouseSettings } from "./warehouse.ts";

/** UTC: the day is taken over to its end when the night's proof compares it (stacks/proofs.ts). */
const beforeTheProof = "cron(30 0 * * ? *)";

/** The stages of the estate. `local` is what the laptop runs; the others have an AWS account each. */
export const stages = ["local", "dev", "staging", "production", "production-standby"] as const;
export type Stage = (typeof stages)[number];

/** An acquirer as the routing sees it. The field names are those of the ACQUIRERS variable. */
export interface AcquirerSettings {
  readonly name: string;
  /** Base URL, https, without a slash at the end. */
  readonly url: string;
  /** ISO 4217 codes that it takes. */
  readonly currencies: readonly string[];
  /** What it charges us, in basis points of the amount. */
  readonly cost_bp: number;
}

/** A company that leaves files in our bucket, below its own name, by assuming a role of ours. */
export interface Deliverer {
  /** The acquirer's or bank's name: where its files are, and what its role is called after. */
  readonly name: string;
  /** Its own AWS account, 12 digits. */
  readonly awsAccount: string;
}

/** What differs from one stage to the next. A stage differs only here: stacks hold no `if (stage === …)`. */
export interface StageSettings extends Deployable {
  readonly kind: "estate";
  readonly stage: Stage;
  /** Continuous backups of the tables, for 35 days. */
  readonly pointInTimeRecovery: boolean;
  /**
   * In which epoch the stage's functions write to the books: an integer from 1, and one more with each change of region.
   * What a later epoch has written, an earlier one does not write over.
   */
  readonly epoch: number;
  /** The two regions of which this stage is one; undefined for a stage that is alone. */
  readonly pair: Pair | undefined;
  /** How long KMS waits before it deletes a key, in days: 7 to 30. */
  readonly keyDeletionDays: number;
  /** What API Gateway lets through to all functions together. */
  readonly throttle: { readonly requestsPerSecond: number; readonly burst: number };
  /** In order of preference at equal cost. Without any, no card payment can be authorized. */
  readonly acquirers: readonly AcquirerSettings[];
  readonly deliverers: readonly Deliverer[];
  /** How long the files of acquirers and banks are kept, in days. */
  readonly inboundFileDays: number;
  /**
   * What others send is scanned for malware before anything reads it, and Macie may read what is kept (ADR 48). It costs by
   * the gigabyte, and takes an account that is a member of the organization's.
   */
  readonly inspectsFiles: boolean;
  /** Undefined where all is done by functions: they need no network of ours. */
  readonly network: NetworkSettings | undefined;
  /** In the network; undefined where no reconciler runs on AWS. */
  readonly cluster: ClusterSettings | undefined;
  /**
   * On a laptop the reconciler is a process of the local cloud: what it works with is made, and neither a cluster nor a
   * network around it.
   */
  readonly reconcilerAsProcess: boolean;
  /** Aurora, for the reconciler: undefined without a cluster, but where it stands by for the home's. */
  readonly books: BooksSettings | undefined;
  /** Valkey, for the reconciler: undefined without a cluster. */
  readonly cache: CacheSettings | undefined;
  /** Events as they were sent, under lock. */
  readonly archive: ArchiveSettings | undefined;
  /** Events as Athena asks them; needs the archive. */
  readonly lake: LakeSettings | undefined;
  /** Redshift; in the network, where there is one. */
  readonly warehouse: WarehouseSettings | undefined;
  /** QuickSight, over the lake. */
  readonly reports: ReportSettings | undefined;
  /** CloudFront, its firewall and a public name. Undefined where callers use API Gateway's own address. */
  readonly edge: EdgeSettings | undefined;
  /** All roles are under the account's ceiling (stacks/deploy-role.ts), without which its deploy role makes none. */
  readonly boundedRoles: boolean;
  readonly backups: BackupSettings | undefined;
  /** Undefined for a stage that is deployed by hand. */
  readonly delivery: DeliverySettings | undefined;
  /** Alarms, dashboards and traces. Undefined where nobody is on call. */
  readonly operations: OperationsSettings | undefined;
}

/** Hosts under `.test` never resolve: the local cloud maps them to the sandbox acquirers that it starts. */
const sandboxAcquirers: readonly AcquirerSettings[] = [
  {
    name: "alpha",
    url: "https://alpha.acquirer.test",
    currencies: ["EUR", "GBP", "JPY", "USD"],
    cost_bp: 20,
  },
  {
    name: "beta",
    url: "https://beta.acquirer.test",
    currencies: ["EUR", "GBP", "JPY", "KWD", "USD"],
    cost_bp: 35,
  },
];

export const isSandbox = ({ url }: AcquirerSettings): boolean => new URL(url).hostname.endsWith(".test");

/** No accounts of anyone: nobody assumes these roles, the local cloud hands out their keys. */
const sandboxDeliverers: readonly Deliverer[] = [
  { name: "alpha", awsAccount: "111111111111" },
  { name: "beta", awsAccount: "222222222222" },
  { name: "bank", awsAccount: "333333333333" },
];

/** Our bank: what lies below this name is its word about our account (ADR 65). */
const banks: readonly Deliverer[] =
  company.bankAccount === undefined ? [] : [{ name: "bank", awsAccount: company.bankAccount }];

/** AWS's documentation has this number. Nobody can deploy the stage `local` to it. */
const localAccount = "123456789012";

const disposable = {
  region: homeRegion,
  retainData: false,
  protectFromDeletion: false,
  pointInTimeRecovery: false,
  epoch: 1,
  pair: undefined,
  keyDeletionDays: 7,
  inboundFileDays: 30,
  inspectsFiles: false,
  boundedRoles: true,
  reconcilerAsProcess: false,
  delivery: undefined,
  throttle: { requestsPerSecond: 200, burst: 400 },
} as const;

const durable = {
  region: homeRegion,
  retainData: true,
  protectFromDeletion: true,
  pointInTimeRecovery: true,
  epoch: 1,
  pair: undefined,
  keyDeletionDays: 30,
  // Ten years, and what is left of the last: as long as books and their evidence are kept.
  inboundFileDays: 11 * 366,
  inspectsFiles: true,
  boundedRoles: true,
  reconcilerAsProcess: false,
  throttle: { requestsPerSecond: 2000, burst: 4000 },
} as const;

/** One for all stages: an upgrade is tried in staging by a commit, and reaches production by the same one. */
const kubernetesVersion = "1.35";

const production: Omit<StageSettings, "stage" | "kind"> = {
  ...durable,
  epoch: productionPair.home.epoch,
  pair: productionPair,
  awsAccount: company.accounts.production,
  acquirers: [],
  deliverers: banks,
  network: { addressPrefix: "10.30", zones: 3, nat: "per-zone" },
  cluster: {
    version: kubernetesVersion,
    vcpusMax: 64,
    reconciler: { imageTag: undefined, podsMin: 2, podsMax: 20 },
  },
  books: { capacity: { min: 1, max: 32 }, instances: 2 },
  cache: { gigabytesMax: 10, unitsPerSecondMax: 50_000 },
  // Ten years: no one can end them earlier. What can be deleted is deleted a year later, as the books' evidence is.
  archive: { lock: { mode: "COMPLIANCE", days: 3_653 }, keepDays: 11 * 366 },
  lake: { keepDays: 11 * 366, gigabytesPerQueryMax: 1_000 },
  warehouse: {
    units: { base: 8, max: 128 },
    unitHoursPerDayMax: 250,
    beyondThat: "log",
    loadEvery: beforeTheProof,
  },
  reports: { group: "finance" },
  edge: {
    apiDomain: `api.${company.domain}`,
    originSecretGeneration: 2,
    // A large merchant's servers behind one address: 400 in a second, where all together may send 2,000.
    requestsPerAddress: 120_000,
    anonymousRequestsPerAddress: 1_000,
  },
  backups: {
    dailyDays: 35,
    monthlyDays: 400,
    lock: { min: 35, max: 400, finalAfter: 30 },
    copies: true,
    restoreTests: true,
  },
  delivery: { branch: "main", approval: true },
  operations: { concurrencyQuota: 1_000, tracedShare: 0.01 },
};

const settingsByStage: { readonly [S in Stage]: Omit<StageSettings, "stage" | "kind"> } = {
  local: {
    ...disposable,
    boundedRoles: false,
    backups: undefined,
    awsAccount: localAccount,
    acquirers: sandboxAcquirers,
    deliverers: sandboxDeliverers,
    network: undefined,
    cluster: undefined,
    reconcilerAsProcess: true,
    books: { capacity: { min: 0.5, max: 1 }, instances: 1 },
    cache: undefined,
    // What is locked for longer keeps its owner from wiping it by the API.
    archive: { lock: { mode: "GOVERNANCE", days: 1 }, keepDays: 30 },
    lake: { keepDays: 30, gigabytesPerQueryMax: 1 },
    // PostgreSQL stands in for it here: docs/local-cloud.md.
    warehouse: {
      units: { base: 8, max: 8 },
      unitHoursPerDayMax: 1,
      beyondThat: "deactivate",
      loadEvery: beforeTheProof,
    },
    reports: undefined,
    edge: undefined,
    operations: undefined,
  },
  // A company that runs these stages lists the acquirers it has contracts with, and sets the secrets AcquirerApiKeys
  // and AcquirerNotificationSecrets.
  dev: {
    ...disposable,
    awsAccount: company.accounts.dev,
    acquirers: [],
    deliverers: [],
    // A private cluster is deployed from inside its network, and this stage from a laptop.
    network: undefined,
    cluster: undefined,
    books: undefined,
    cache: undefined,
    // What is locked for longer keeps the stage from being removed.
    archive: { lock: { mode: "GOVERNANCE", days: 1 }, keepDays: 30 },
    lake: { keepDays: 30, gigabytesPerQueryMax: 1 },
    warehouse: undefined,
    reports: undefined,
    edge: {
      apiDomain: `api.dev.${company.domain}`,
      originSecretGeneration: 1,
      requestsPerAddress: 30_000,
      anonymousRequestsPerAddress: 1_000,
    },
    backups: {
      dailyDays: 7,
      monthlyDays: undefined,
      lock: { min: 7, max: 35, finalAfter: undefined },
      copies: false,
      restoreTests: false,
    },
    operations: undefined,
  },
  staging: {
    ...durable,
    awsAccount: company.accounts.staging,
    throttle: disposable.throttle,
    acquirers: [],
    deliverers: [],
    network: { addressPrefix: "10.20", zones: 3, nat: "one" },
    cluster: {
      version: kubernetesVersion,
      vcpusMax: 16,
      reconciler: { imageTag: undefined, podsMin: 1, podsMax: 4 },
    },
    books: { capacity: { min: 0.5, max: 4 }, instances: 2 },
    cache: { gigabytesMax: 1, unitsPerSecondMax: 5_000 },
    archive: { lock: { mode: "GOVERNANCE", days: 30 }, keepDays: 400 },
    lake: { keepDays: 400, gigabytesPerQueryMax: 100 },
    // Two hours' work a day, and it stops: nobody waits for it.
    warehouse: {
      units: { base: 8, max: 16 },
      unitHoursPerDayMax: 16,
      beyondThat: "deactivate",
      loadEvery: beforeTheProof,
    },
    reports: undefined,
    edge: {
      apiDomain: `api.staging.${company.domain}`,
      originSecretGeneration: 1,
      requestsPerAddress: 30_000,
      anonymousRequestsPerAddress: 1_000,
    },
    backups: {
      dailyDays: 35,
      monthlyDays: undefined,
      lock: { min: 7, max: 35, finalAfter: undefined },
      copies: false,
      restoreTests: true,
    },
    delivery: { branch: "main", approval: false },
    operations: { concurrencyQuota: 1_000, tracedShare: 0.1 },
  },
  production,
  "production-standby": {
    ...production,
    region: productionPair.standby.region,
    epoch: productionPair.standby.epoch,
    // For the books, which follow the home's. Another prefix than its: the two can be peered.
    network: { addressPrefix: "10.40", zones: 2, nat: "none" },
    // What settles and reports can wait for hours, and is put up when it is known which region stays (ADR 45).
    cluster: undefined,
    // Nobody asks it anything: it has only to follow. It grows as the home's does once it is the one that is written to.
    books: { capacity: { min: 0.5, max: 32 }, instances: 1 },
    cache: undefined,
    lake: undefined,
    warehouse: undefined,
    reports: undefined,
    // The tables are backed up where they are made; each replica has its own point-in-time recovery.
    backups: undefined,
  },
};

/** A stage of any kind. stacks/stage.ts says what each kind creates. */
export type Settings = StageSettings | AccountSettings | OrganizationSettings;

/** @returns undefined for a name that is not a stage. */
export function findSettings(name: string | undefined): Settings | undefined {
  const stage = stages.find((known) => known === name);
  if (stage === undefined) return findAccountSettings(name);
  return { kind: "estate", stage, ...settingsByStage[stage] };
}

/**
 * The settings of a stage.
 * @throws Error for a name that is not a stage: SST would otherwise create a whole new estate under a typing error.
 */
export function settingsOf(name: string | undefined): Settings {
  const settings = findSettings(name);
  if (settings !== undefined) return settings;
  const all = [...stages, organizationStage, ...accountStages];
  throw new Error(
    `"${name ?? ""}" is not a stage of ${appName}. Stages: ${all.join(", ")} (stacks/settings.ts).`,
  );
}
