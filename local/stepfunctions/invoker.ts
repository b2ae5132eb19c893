/** One call of a Lambda function by a Task state. */
export interface LambdaInvocation {
  /** Name, partial ARN or ARN of the function, as the state machine gives it. */
  readonly functionName: string;
  /** Version or alias; `undefined` for none given. */
  readonly qualifier: string | undefined;
  /** JSON text of the event. */
  readonly payload: string;
  /** Role that the state machine runs as. */
  readonly roleArn: string;
  readonly executionArn: string;
  readonly stateName: string;
  /** 0 for the first call, counting the state's retries. */
  readonly retryCount: number;
}

export type LambdaOutcome =
  /** The function returned `payload`, or failed and `payload` is its error object. Both are JSON texts. */
  | {
      readonly kind: "returned" | "function_error";
      readonly payload: string;
      /** `$LATEST` or a version number. */
      readonly executedVersion: string;
      readonly requestId: string;
    }
  /** Lambda did not run the function. `error` is its exception's name without prefix: `TooManyRequestsException`. */
  | { readonly kind: "refused"; readonly error: string; readonly cause: string };

/**
 * Runs the tasks of state machines. Throws only when the call could not be made at all. A Task that times out or is
 * cancelled stops waiting and does not stop the function, as on AWS.
 */
export interface TaskInvoker {
  invoke(invocation: LambdaInvocation): Promise<LambdaOutcome>;
}
