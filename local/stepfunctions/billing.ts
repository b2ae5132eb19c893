/** Whose call made an execution run. */
export interface Cause {
  /** Short name of who signed the call. */
  readonly caller: string;
  readonly action: string;
  /** `X-Amzn-Trace-Id` of the call. */
  readonly trace: string | undefined;
}

/** What AWS bills a state machine for, beside what the answers of its API tell. */
export interface Billed {
  readonly machineArn: string;
  /** Executions of states by Standard machines, or memory times duration of Express ones. */
  readonly unit: "mb_ms" | "transitions";
  readonly quantity: number;
  readonly cause: Cause;
}

/** The cause of what an earlier process started: nobody remembers who asked for it. */
export const earlierRun: Cause = { caller: "(earlier run)", action: "StartExecution", trace: undefined };

const billedStepMs = 100;
/** AWS bills memory in chunks of 64 MB, and an execution with small payloads takes one. */
export const billedMemoryMb = 64;

/** An Express execution's duration, as AWS rounds it. */
export function billedMs(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / billedStepMs)) * billedStepMs;
}
