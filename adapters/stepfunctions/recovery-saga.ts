import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Payment } from "#core/payments/payment.ts";

/** Starting is one short call. */
const startMsMax = 3_000;

/** Starts the `recovery` saga: once per version of a payment and reason, for Standard executions keep their names. */
export class RecoverySaga {
  readonly #client: SFNClient;
  readonly #stateMachineArn: string;

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#client = client;
    this.#stateMachineArn = stateMachineArn;
  }

  /**
   * @param strays whether an acquirer may hold money that the payment does not know of
   * @throws whatever the call throws: then it may have started or not, and a second try finds out.
   */
  async start({ book, id, version }: Payment, { strays = false } = {}): Promise<void> {
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn: this.#stateMachineArn,
          name: strays ? `${id}-${version}-strays` : `${id}-${version}`,
          input: JSON.stringify({ book, payment: id, ...(strays && { strays }) }),
        }),
        { abortSignal: AbortSignal.timeout(startMsMax) },
      );
    } catch (error) {
      // Somebody was reminded of the same version before: its execution does the work, or did it.
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }
}
