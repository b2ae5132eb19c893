import type { ExecutionOutcome, RunningExecution } from "./interpreter.ts";

/** A Standard execution: AWS keeps those, and none of the Express ones. */
export interface StandardExecution {
  readonly arn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  /** JSON text as it was given. */
  readonly input: string;
  readonly running: RunningExecution;
  /** Set when it has ended, with epoch milliseconds. */
  end: { readonly outcome: ExecutionOutcome; readonly stoppedAt: number } | undefined;
}

/** Standard executions that stay known. The earliest that have ended go first; AWS keeps them for 90 days. */
const knownExecutionsMax = 20_000;

/** The executions that have not ended, of either type, and the Standard ones that have. */
export class Executions {
  readonly #open = new Set<RunningExecution>();
  readonly #standard = new Map<string, StandardExecution>();

  get openCount(): number {
    return this.#open.size;
  }

  /** Keeps count of an execution until it ends. */
  track(execution: RunningExecution): void {
    this.#open.add(execution);
    const forget = (): void => {
      this.#open.delete(execution);
    };
    execution.outcome.then(forget, forget);
  }

  find(arn: string): StandardExecution | undefined {
    return this.#standard.get(arn);
  }

  keep(execution: StandardExecution): void {
    this.#standard.set(execution.arn, execution);
    for (const [arn, { end }] of this.#standard) {
      if (this.#standard.size <= knownExecutionsMax) break;
      if (end !== undefined) this.#standard.delete(arn);
    }
  }

  /** Stops everything that runs; resolves when nothing does. */
  async stopAll(cause: string): Promise<void> {
    const open = [...this.#open];
    for (const execution of open) execution.stop({ error: undefined, cause });
    await Promise.allSettled(open.map(({ outcome }) => outcome));
  }
}
