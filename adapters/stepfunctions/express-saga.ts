import { type SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";

/** An end that came in time, or only that the saga goes on without its caller. */
export type ExpressEnd =
  | { readonly kind: "ended"; readonly output: unknown }
  | { readonly kind: "unknown"; readonly reason: string };

interface Start {
  /** For the console. Express names do not deduplicate: that is the conditional write's work. */
  readonly name: string;
  readonly input: object;
}

/** Starting is one short call; who wants to wait for the end uses `run`. */
const startMsMax = 3_000;

/** An Express state machine that answers its caller. */
export class ExpressSaga {
  readonly #client: SFNClient;
  readonly #stateMachineArn: string;

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#client = client;
    this.#stateMachineArn = stateMachineArn;
  }

  /**
   * Runs the saga and waits for its end, at most `waitMs`. Never throws: whether the saga started is not known
   * after a lost call, so every failure is the same answer, and the saga, if it runs, goes on by itself.
   */
  async run({ name, input }: Start, waitMs: number): Promise<ExpressEnd> {
    const command = new StartSyncExecutionCommand({
      stateMachineArn: this.#stateMachineArn,
      name,
      input: JSON.stringify(input),
    });
    try {
      const execution = await this.#client.send(command, { abortSignal: AbortSignal.timeout(waitMs) });
      if (execution.status !== "SUCCEEDED")
        return { kind: "unknown", reason: `saga ${execution.status}: ${execution.error}` };
      return { kind: "ended", output: JSON.parse(execution.output ?? "{}") };
    } catch (error) {
      return { kind: "unknown", reason: error instanceof Error ? error.name : String(error) };
    }
  }

  /** Starts the saga and does not wait for it. @throws whatever the call throws: then it may have started or not. */
  async start({ name, input }: Start): Promise<void> {
    await this.#client.send(
      new StartExecutionCommand({
        stateMachineArn: this.#stateMachineArn,
        name,
        input: JSON.stringify(input),
      }),
      { abortSignal: AbortSignal.timeout(startMsMax) },
    );
  }
}
