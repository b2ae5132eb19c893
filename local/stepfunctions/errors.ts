/** Error names that AWS Step Functions itself gives to failures. */
export const errorNames = {
  all: "States.ALL",
  dataLimitExceeded: "States.DataLimitExceeded",
  heartbeatTimeout: "States.HeartbeatTimeout",
  queryEvaluation: "States.QueryEvaluationError",
  runtime: "States.Runtime",
  taskFailed: "States.TaskFailed",
  timeout: "States.Timeout",
} as const;

/** Why a state or an execution failed. Either part may be missing, as on AWS. */
export interface Failure {
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** Another name that retriers and catchers know it by, and that AWS does not show. */
  readonly alias?: string;
}

/** What AWS shows of a failure. */
export function shownFailure({ error, cause }: Failure): Failure {
  return { error, cause };
}

/** A state failed. Thrown inside the interpreter only: Retry and Catch see it, and the execution's end is a value. */
export class StateFailure extends Error {
  override readonly name = "StateFailure";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.error ?? "failed"}: ${failure.cause ?? "no cause"}`);
    this.failure = failure;
  }
}

/** A field of a state could not be evaluated. `location` is the field as AWS names it, such as `Output/a[0]`. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
  readonly location: string | undefined;

  constructor(message: string, location: string | undefined) {
    super(message);
    this.location = location;
  }
}

/**
 * Whether a retrier or catcher with these `ErrorEquals` applies to `error`.
 * `States.Runtime` always ends the execution, and `States.ALL` leaves `States.DataLimitExceeded` alone.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function matchesError(errorEquals: readonly string[], error: string | undefined): boolean {
  if (error === errorNames.runtime) return false;
  for (const pattern of errorEquals) {
    if (pattern === error) return true;
    if (pattern === errorNames.all && error !== errorNames.dataLimitExceeded) return true;
    if (pattern === errorNames.taskFailed && isTaskFailure(error)) return true;
    if (pattern === errorNames.timeout && error === errorNames.heartbeatTimeout) return true;
  }
  return false;
}

/** Whether a retrier or catcher applies to `failure`, under either of its names. */
export function matchesFailure(errorEquals: readonly string[], { error, alias }: Failure): boolean {
  return matchesError(errorEquals, error) || (alias !== undefined && errorEquals.includes(alias));
}

function isTaskFailure(error: string | undefined): boolean {
  return (
    error !== errorNames.timeout &&
    error !== errorNames.heartbeatTimeout &&
    error !== errorNames.dataLimitExceeded
  );
}
