import type { Clock } from "./clock.ts";
import { errorNames, type Failure, StateFailure } from "./errors.ts";
import type { Mark } from "./journal.ts";
import type { Json, JsonObject } from "./json.ts";

interface Entered {
  readonly name: string;
  readonly input: Json;
}

interface Exited {
  readonly name: string;
  readonly output: Json;
  readonly assignedVariables?: JsonObject;
}

interface TaskPart {
  readonly resourceType: string;
  readonly resource: string;
}

interface TaskLimits {
  readonly timeoutInSeconds?: number;
  readonly heartbeatInSeconds?: number;
}

interface Iteration {
  readonly name: string;
  readonly index: number;
}

type Nothing = Readonly<Record<string, never>>;
type StateType = "Choice" | "Fail" | "Map" | "Parallel" | "Pass" | "Succeed" | "Task" | "Wait";
type GroupType = "Map" | "Parallel";

/** What each type of event says, with the member names of the AWS API. Values are JSON values, not texts. */
export type EventDetails = {
  ExecutionStarted: { readonly input: Json; readonly roleArn: string };
  ExecutionSucceeded: { readonly output: Json };
  ExecutionFailed: Failure;
  ExecutionTimedOut: Failure;
  ExecutionAborted: Failure;
  ExecutionRedriven: { readonly redriveCount: number };
  EvaluationFailed: {
    readonly error: string;
    readonly cause: string;
    readonly location: string | undefined;
    readonly state: string;
  };
  TaskScheduled: TaskPart & TaskLimits & { readonly region: string; readonly parameters: Json };
  TaskStarted: TaskPart;
  TaskSubmitted: TaskPart & { readonly output: Json };
  TaskSucceeded: TaskPart & { readonly output: Json };
  TaskFailed: TaskPart & Failure;
  TaskTimedOut: TaskPart & Failure;
  LambdaFunctionScheduled: TaskLimits & { readonly resource: string; readonly input: Json };
  LambdaFunctionStarted: Nothing;
  LambdaFunctionSucceeded: { readonly output: Json };
  LambdaFunctionFailed: Failure;
  LambdaFunctionTimedOut: Failure;
  MapStateStarted: { readonly length: number };
  ParallelStateStarted: Nothing;
  MapIterationStarted: Iteration;
  MapIterationSucceeded: Iteration;
  MapIterationFailed: Iteration;
  MapIterationAborted: Iteration;
} & { [Type in `${StateType}StateEntered`]: Entered } & {
  [Type in `${StateType}StateExited`]: Exited;
} & { [Type in `${StateType}StateAborted`]: Nothing } & {
  [Type in `${GroupType}State${"Succeeded" | "Failed"}`]: Nothing;
};

export type EventType = keyof EventDetails;

/** One event of an execution, in the order and with the ids that AWS gives. */
export type HistoryEvent = {
  [Type in EventType]: {
    readonly type: Type;
    /** Counts from 1 without a gap. */
    readonly id: number;
    /** The event that led to this one; 0 for the first two. */
    readonly previousEventId: number;
    /** Epoch milliseconds. */
    readonly timestamp: number;
    readonly details: EventDetails[Type];
  };
}[EventType];

/** Takes the events of one execution as they happen, and what else it would need to go on after a restart. */
export interface History {
  record(event: HistoryEvent, scope: string, mark: Mark | undefined): void;
  /** A step that is no event. */
  note?(mark: Mark, scope: string): void;
  /** Keeps all that `work` records, or, if the process dies meanwhile, nothing of it. */
  together?(work: () => void): void;
}

/** Events in one execution's history on AWS; the last one is `ExecutionFailed` when an execution gets this far. */
export const historyEventsMax = 25_000;

/** Numbers an execution's events, and hands them to its history when it has one: without one they cost a counter. */
export class Trace {
  #lastEventId: number;
  readonly #history: History | undefined;
  readonly #clock: Clock;

  /** @param lastEventId of the part that is recorded already, 0 for none */
  constructor(history: History | undefined, clock: Clock, lastEventId = 0) {
    this.#history = history;
    this.#clock = clock;
    this.#lastEventId = lastEventId;
  }

  /** Returns the event's id. Throws a StateFailure when only the room for the execution's last event is left. */
  record<Type extends EventType>(
    type: Type,
    previousEventId: number,
    details: () => EventDetails[Type],
    scope: string,
    mark?: Mark,
  ): number {
    if (this.#lastEventId >= historyEventsMax - 1) {
      throw new StateFailure({
        error: errorNames.runtime,
        cause: `The execution reached the maximum number of history events (${historyEventsMax}).`,
      });
    }
    return this.#append(type, previousEventId, details, scope, mark);
  }

  /** Keeps a step that is no event, where steps are kept. */
  note(mark: Mark, scope: string): void {
    this.#history?.note?.(mark, scope);
  }

  /** Runs `work`, whose steps are kept together. */
  together(work: () => void): void {
    if (this.#history?.together === undefined) work();
    else this.#history.together(work);
  }

  /** Records the execution's own end, for which there is always room. */
  recordEnd<Type extends "ExecutionAborted" | "ExecutionFailed" | "ExecutionSucceeded" | "ExecutionTimedOut">(
    type: Type,
    previousEventId: number,
    details: () => EventDetails[Type],
  ): void {
    this.#append(type, previousEventId, details, "", undefined);
  }

  get lastEventId(): number {
    return this.#lastEventId;
  }

  #append<Type extends EventType>(
    type: Type,
    previousEventId: number,
    details: () => EventDetails[Type],
    scope: string,
    mark: Mark | undefined,
  ): number {
    this.#lastEventId += 1;
    if (this.#history !== undefined) {
      const event = {
        type,
        id: this.#lastEventId,
        previousEventId,
        timestamp: this.#clock.now(),
        details: details(),
      };
      // TypeScript cannot see that `type` and `details` of a generic Type belong together.
      this.#history.record(event as unknown as HistoryEvent, scope, mark);
    }
    return this.#lastEventId;
  }
}
