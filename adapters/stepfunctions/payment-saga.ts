import { SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import type { Payment } from "#core/payments/payment.ts";
import { fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";

/** What the caller learns: the outcome, or only that the saga goes on without it. */
export type SagaEnd =
  | { readonly kind: "ended"; readonly payment: Payment }
  | { readonly kind: "unknown"; readonly reason: string };

/** Starts the `payment` saga. Its names do not deduplicate (Express): that is the conditional insert's work. */
export class PaymentSaga {
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
  async run(payment: Payment, waitMs: number): Promise<SagaEnd> {
    const command = new StartSyncExecutionCommand({
      stateMachineArn: this.#stateMachineArn,
      ...startOf(payment),
    });
    try {
      const execution = await this.#client.send(command, { abortSignal: AbortSignal.timeout(waitMs) });
      if (execution.status !== "SUCCEEDED")
        return { kind: "unknown", reason: `saga ${execution.status}: ${execution.error}` };
      const output = JSON.parse(execution.output ?? "{}") as { payment: PaymentRecord };
      return { kind: "ended", payment: fromRecord(output.payment) };
    } catch (error) {
      return { kind: "unknown", reason: error instanceof Error ? error.name : String(error) };
    }
  }

  /** Starts the saga and does not wait for it. @throws whatever the call throws: then it may have started or not. */
  async start(payment: Payment): Promise<void> {
    await this.#client.send(
      new StartExecutionCommand({ stateMachineArn: this.#stateMachineArn, ...startOf(payment) }),
      { abortSignal: AbortSignal.timeout(startMsMax) },
    );
  }
}

/** Starting is one short call; who wants to wait for the end uses `run`. */
const startMsMax = 3_000;

const startOf = (payment: Payment) => ({
  name: payment.id,
  input: JSON.stringify({ payment: toRecord(payment) }),
});

/** A connection that is not there by then will not come; the wait for the answer itself is bounded by `run`. */
const connectionTimeoutMs = 500;

export function createStepFunctions(): SFNClient {
  return new SFNClient({
    // A second StartSyncExecution would be a second saga: the first may have started before its reply was lost.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connectionTimeoutMs },
    // `sync-states.…` cannot be resolved behind a custom endpoint.
    disableHostPrefix: process.env["AWS_ENDPOINT_URL"] !== undefined,
  });
}
