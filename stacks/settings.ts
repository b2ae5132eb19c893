/** The stages of the estate. `local` is what the laptop runs; the others are accounts on AWS. */
export const stages = ["local", "dev", "staging", "production"] as const;
export type Stage = (typeof stages)[number];

export const appName = "tallystick";

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

/** What differs from one stage to the next. A stage differs only here: stacks hold no `if (stage === …)`. */
export interface StageSettings {
  readonly stage: Stage;
  readonly region: "eu-west-1";
  /** Tables, keys and the user pool outlive the stage. */
  readonly retainData: boolean;
  /** AWS and SST refuse to delete what holds data, even when asked. */
  readonly protectFromDeletion: boolean;
  /** Continuous backups of the tables, for 35 days. */
  readonly pointInTimeRecovery: boolean;
  /** How long KMS waits before it deletes a key, in days: 7 to 30. */
  readonly keyDeletionDays: number;
  /** What API Gateway lets through to all functions together; each merchant's own limit is lower. */
  readonly throttle: { readonly requestsPerSecond: number; readonly burst: number };
  /** In order of preference at equal cost. Without any, no card payment can be authorized. */
  readonly acquirers: readonly AcquirerSettings[];
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

const disposable = {
  region: "eu-west-1",
  retainData: false,
  protectFromDeletion: false,
  pointInTimeRecovery: false,
  keyDeletionDays: 7,
  throttle: { requestsPerSecond: 200, burst: 400 },
} as const;

const durable = {
  region: "eu-west-1",
  retainData: true,
  protectFromDeletion: true,
  pointInTimeRecovery: true,
  keyDeletionDays: 30,
  throttle: { requestsPerSecond: 2000, burst: 4000 },
} as const;

const settingsByStage: { readonly [S in Stage]: Omit<StageSettings, "stage"> } = {
  local: { ...disposable, acquirers: sandboxAcquirers },
  // A company that runs these stages lists the acquirers it has contracts with, and sets the secrets AcquirerApiKeys
  // and AcquirerNotificationSecrets.
  dev: { ...disposable, acquirers: [] },
  staging: { ...durable, throttle: disposable.throttle, acquirers: [] },
  production: { ...durable, acquirers: [] },
};

/**
 * The settings of a stage.
 * @throws Error for a name that is not a stage: SST would otherwise create a whole new estate under a typing error.
 */
export function settingsOf(name: string | undefined): StageSettings {
  const stage = stages.find((known) => known === name);
  if (stage === undefined) {
    throw new Error(
      `"${name ?? ""}" is not a stage of ${appName}. Stages: ${stages.join(", ")} (stacks/settings.ts).`,
    );
  }
  return { stage, ...settingsByStage[stage] };
}
