import { redrivability } from "./redrive.ts";
import type { ExecutionStatus, StoredExecution } from "./store.ts";

/** What EventBridge's default bus gets when a Standard execution starts, ends or is redriven. */
export interface StatusChange {
  readonly source: "aws.states";
  readonly detailType: "Step Functions Execution Status Change";
  /** The execution's ARN. */
  readonly resources: readonly [string];
  readonly detail: StatusChangeDetail;
}

/** Dates are epoch milliseconds; input and output are JSON texts. */
interface StatusChangeDetail {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly stateMachineVersionArn: null;
  readonly stateMachineAliasArn: null;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string | null;
  readonly inputDetails: { readonly included: boolean };
  readonly output: string | null;
  readonly outputDetails: { readonly included: boolean } | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly redriveCount: number;
  readonly redriveDate: number | null;
  readonly redriveStatus: "NOT_REDRIVABLE" | "REDRIVABLE";
  readonly redriveStatusReason: string | null;
}

/** AWS leaves input and output out of events that would pass EventBridge's limit with them. */
const dataBytesMax = 248 * 1_024;

/**
 * @param lastEventId of the execution's history
 * @param now epoch milliseconds
 */
export function statusChangeOf(execution: StoredExecution, lastEventId: number, now: number): StatusChange {
  const { arn, input, output } = execution;
  const included = Buffer.byteLength(JSON.stringify([input, output])) <= dataBytesMax;
  const { redriveStatus, redriveStatusReason } = redrivability(execution, lastEventId, now);
  return {
    source: "aws.states",
    detailType: "Step Functions Execution Status Change",
    resources: [arn],
    detail: {
      executionArn: arn,
      stateMachineArn: execution.machineArn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      input: included ? input : null,
      inputDetails: { included },
      output: included ? output : null,
      outputDetails: output === null ? null : { included },
      error: execution.error,
      cause: execution.cause,
      redriveCount: execution.redriveCount,
      redriveDate: execution.redrivenAt,
      redriveStatus,
      redriveStatusReason: redriveStatusReason ?? null,
    },
  };
}
