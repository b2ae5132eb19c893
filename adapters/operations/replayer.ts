import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  ExecutionLimitExceeded,
  ExecutionNotRedrivable,
  RedriveExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createSqs } from "#adapters/sqs/check-queue.ts";
import { absurd } from "#core/kernel/invariant.ts";
import { err, ok, type Result } from "#core/kernel/result.ts";
import type { DeadLetter, DeadLetterOrigin } from "#core/operations/dead-letter.ts";

/** Why a letter was not replayed. It stays open, and the same replay may be tried again. */
export type ReplayRefusal =
  /** There is no way back for it: records that their stream forgot, a notification that nothing handles, a failover's finding. */
  | { readonly code: "no_way_back" }
  /** What it was given to failed on it again. */
  | { readonly code: "failed_again"; readonly reason: string };

/** A replayed record may take as long as its function may: Lambda answers then. */
const invokeMsMax = 25_000;

export interface ReplayClients {
  readonly queues: SQSClient;
  readonly functions: LambdaClient;
  readonly executions: SFNClient;
}

export const createReplayClients = (executions: SFNClient): ReplayClients => ({
  queues: createSqs(),
  // A second invocation beside the first is harmless, and tells less clearly what happened.
  functions: new LambdaClient({ maxAttempts: 1 }),
  executions,
});

/**
 * Gives dead letters back to what failed on them. Everything that takes them is idempotent: a letter may be replayed
 * twice, and days later.
 */
export class Replayer {
  readonly #clients: ReplayClients;
  /** URLs of the queues that messages may go back to. */
  readonly #queueUrls: readonly string[];

  constructor(clients: ReplayClients, queueUrls: readonly string[]) {
    this.#clients = clients;
    this.#queueUrls = queueUrls;
  }

  /** @returns what was done, for people. @throws what AWS throws when it cannot be reached: then nothing is known. */
  replay({ origin, replays, reason }: DeadLetter): Promise<Result<string, ReplayRefusal>> {
    switch (origin.kind) {
      case "message":
        return this.#sendBack(origin);
      case "record":
        return this.#handOver(origin);
      case "execution":
        return endsForGood(reason)
          ? this.#startAnew(origin, replays.length + 1)
          : this.#redrive(origin, replays.length + 1);
      case "lost_records":
      case "notification":
      case "finding":
        return Promise.resolve(err({ code: "no_way_back" }));
      default:
        return absurd(origin);
    }
  }

  async #sendBack({ queueArn, body }: Of<"message">): Promise<Result<string, ReplayRefusal>> {
    const name = queueArn.slice(queueArn.lastIndexOf(":") + 1);
    const url = this.#queueUrls.find((each) => each.endsWith(`/${name}`));
    if (url === undefined) return err({ code: "no_way_back" });
    await this.#clients.queues.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    return ok(`sent to ${name}`);
  }

  async #handOver({ functionArn, record }: Of<"record">): Promise<Result<string, ReplayRefusal>> {
    const { FunctionError: failed, Payload: payload } = await this.#clients.functions.send(
      new InvokeCommand({ FunctionName: functionArn, Payload: Buffer.from(`{"Records":[${record}]}`) }),
      { abortSignal: AbortSignal.timeout(invokeMsMax) },
    );
    const answer = Buffer.from(payload ?? []).toString();
    const name = functionArn.slice(functionArn.lastIndexOf(":") + 1);
    if (failed === undefined && !reportsFailures(answer)) return ok(`handed to ${name}`);
    return err({ code: "failed_again", reason: `${name}: ${answer}`.slice(0, reasonLengthMax) });
  }

  /** From the state that failed, with what the states before it did; past 14 days from the start, under a new name. */
  async #redrive(origin: Of<"execution">, n: number): Promise<Result<string, ReplayRefusal>> {
    const { executionArn } = origin;
    try {
      await this.#clients.executions.send(new RedriveExecutionCommand({ executionArn }));
      return ok("redriven");
    } catch (error) {
      if (!(error instanceof ExecutionNotRedrivable || error instanceof ExecutionLimitExceeded)) throw error;
      return this.#startAnew(origin, n);
    }
  }

  async #startAnew(
    { executionArn, stateMachineArn, input }: Of<"execution">,
    n: number,
  ): Promise<Result<string, ReplayRefusal>> {
    const name = `${executionArn.slice(executionArn.lastIndexOf(":") + 1)}-replay-${n}`.slice(-nameLengthMax);
    await this.#clients.executions.send(new StartExecutionCommand({ stateMachineArn, name, input }));
    return ok(`started anew as ${name}`);
  }
}

/**
 * Whether the execution ended in a Fail state of its own making: redriven, it would enter that again, and fail again at
 * once. The recovery ends so (workflows/recovery) when its last look has found nothing.
 */
const endsForGood = (reason: string): boolean => reason.startsWith("FAILED: Unresolved");

type Of<Kind extends DeadLetterOrigin["kind"]> = Extract<DeadLetterOrigin, { readonly kind: Kind }>;

const reasonLengthMax = 500;
const nameLengthMax = 80;

/** Functions behind streams answer which records they failed on; an empty answer is success. */
function reportsFailures(answer: string): boolean {
  const { batchItemFailures: failures = [] } = (JSON.parse(answer || "null") ?? {}) as {
    batchItemFailures?: readonly unknown[];
  };
  return failures.length > 0;
}
