import type { Integration } from "./integrations.ts";
import type { Template } from "./jsonata/template.ts";

/** AWS's largest `TimeoutSeconds`, `HeartbeatSeconds` and `Seconds`. */
export const secondsMax = 99_999_999;

export type MachineType = "EXPRESS" | "STANDARD";

/** A state machine, compiled: every expression parsed, every name resolved. */
export interface Machine {
  readonly type: MachineType;
  readonly graph: Graph;
  /** The machine's own `TimeoutSeconds`. */
  readonly timeoutSeconds: number | undefined;
}

/** The states of a machine, of a branch or of an iteration. */
export interface Graph {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export type State =
  | PassState
  | TaskState
  | ChoiceState
  | WaitState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

interface Named {
  readonly name: string;
}

/** What a state leaves behind, and where it goes. */
export interface Exit {
  /** `undefined` keeps the state's own result: the input, the task's result, the error. */
  readonly output: Template | undefined;
  readonly assign: Template | undefined;
  /** `undefined` ends the scope. */
  readonly next: string | undefined;
}

/** What Task, Parallel and Map do about failures. */
export interface Recovery {
  readonly retriers: readonly Retrier[];
  readonly catchers: readonly Catcher[];
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number | undefined;
  readonly jitter: "FULL" | "NONE";
}

export interface Catcher {
  readonly errorEquals: readonly string[];
  readonly exit: Exit;
}

interface PassState extends Named {
  readonly type: "Pass";
  readonly exit: Exit;
}

interface SucceedState extends Named {
  readonly type: "Succeed";
  readonly exit: Exit;
}

export interface FailState extends Named {
  readonly type: "Fail";
  readonly error: Template | undefined;
  readonly cause: Template | undefined;
}

export interface WaitState extends Named {
  readonly type: "Wait";
  readonly until:
    | { readonly kind: "seconds"; readonly seconds: Template }
    | { readonly kind: "timestamp"; readonly timestamp: Template };
  readonly exit: Exit;
}

export interface ChoiceState extends Named {
  readonly type: "Choice";
  readonly rules: readonly ChoiceRule[];
  /** What happens when no rule matches; `undefined` fails the execution. */
  readonly otherwise: Exit | undefined;
}

interface ChoiceRule {
  readonly condition: Template;
  readonly exit: Exit;
}

export interface TaskState extends Named {
  readonly type: "Task";
  readonly resource: TaskResource;
  readonly arguments: Template | undefined;
  readonly timeoutSeconds: Template | undefined;
  readonly heartbeatSeconds: Template | undefined;
  readonly recovery: Recovery;
  readonly exit: Exit;
}

export type TaskResource =
  /** `arn:aws:states:::lambda:invoke`. A callback waits for its task token to come back. */
  | { readonly kind: "lambda_invoke"; readonly callback: boolean }
  /** `arn:aws:states:::sqs:sendMessage`, `arn:aws:states:::aws-sdk:…`, … */
  | { readonly kind: "service"; readonly integration: Integration; readonly callback: boolean }
  /** The function's own ARN as the resource. */
  | { readonly kind: "lambda_function"; readonly functionArn: string };

export interface ParallelState extends Named {
  readonly type: "Parallel";
  readonly arguments: Template | undefined;
  readonly branches: readonly Graph[];
  readonly recovery: Recovery;
  readonly exit: Exit;
}

export interface MapState extends Named {
  readonly type: "Map";
  /** `undefined` takes the state's input. */
  readonly items: Template | undefined;
  readonly itemSelector: Template | undefined;
  readonly maxConcurrency: Template | undefined;
  /** Evaluated as AWS does, and then without effect: only distributed maps tolerate failures. */
  readonly tolerances: readonly Tolerance[];
  readonly processor: Graph;
  readonly recovery: Recovery;
  readonly exit: Exit;
}

interface Tolerance {
  readonly field: "ToleratedFailureCount" | "ToleratedFailurePercentage";
  readonly limit: Template;
}
