import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from "@aws-sdk/client-sfn";
import type { PaymentId } from "#core/payments/ids.ts";

/** One execution of a Standard saga, as Step Functions remembers it: for 90 days after its end. */
export interface SagaRun {
  readonly name: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Absent while it runs. */
  readonly stoppedAt?: number;
  readonly error?: string;
}

/** A payment of more versions than this is looked up for its newest ones only. */
const versionsMax = 60;
/** Step Functions lets 15 calls a second through for long. */
const atOnceMax = 5;
const describeMsMax = 3_000;

/**
 * The executions that looked after a payment. They are named after the versions that they started from, so that none
 * has to be searched for: most versions never had one.
 * @throws what AWS throws when it cannot be reached.
 */
export async function recoveryRunsOf(
  client: SFNClient,
  stateMachineArn: string,
  payment: PaymentId,
  version: number,
): Promise<SagaRun[]> {
  const first = Math.max(1, version - versionsMax + 1);
  const names = Array.from({ length: version - first + 1 }, (_, index) => `${payment}-${first + index}`);
  const runs: (SagaRun | undefined)[] = [];
  for (let start = 0; start < names.length; start += atOnceMax) {
    const some = names.slice(start, start + atOnceMax);
    runs.push(...(await Promise.all(some.map((name) => runNamed(client, stateMachineArn, name)))));
  }
  return runs.filter((run) => run !== undefined);
}

/**
 * An execution by its name; undefined where there is none, or none any more.
 * @throws what AWS throws when it cannot be reached.
 */
export async function runNamed(
  client: SFNClient,
  stateMachineArn: string,
  name: string,
): Promise<SagaRun | undefined> {
  const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
  try {
    const run = await client.send(new DescribeExecutionCommand({ executionArn }), {
      abortSignal: AbortSignal.timeout(describeMsMax),
    });
    return {
      name,
      status: run.status ?? "UNKNOWN",
      startedAt: run.startDate?.getTime() ?? 0,
      ...(run.stopDate === undefined ? {} : { stoppedAt: run.stopDate.getTime() }),
      ...(run.error === undefined ? {} : { error: run.error }),
    };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}
