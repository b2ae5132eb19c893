import type { Callbacks } from "./callbacks.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Clock } from "./clock.ts";
import { EvaluationError, errorNames, StateFailure } from "./errors.ts";
import type { EventDetails, Trace } from "./history.ts";
import type { TaskInvoker } from "./invoker.ts";
import type { Mark } from "./journal.ts";
import { exceedsBytes, isJsonObject, type Json, type JsonObject, payloadBytesMax } from "./json.ts";
import type { EvaluationScope, StatesVariable } from "./jsonata/scope.ts";
import type { Template } from "./jsonata/template.ts";
import type { Exit, Graph, MachineType, State } from "./machine.ts";
import type { ScopeSnapshot, VisitSnapshot } from "./replay.ts";
import type { ServiceInvoker } from "./service-invoker.ts";
import type { Variables } from "./variables.ts";

/** Who and what is running: the context object's `Execution` and `StateMachine`. */
export interface ExecutionIdentity {
  readonly executionArn: string;
  readonly executionName: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
}

/** How often an execution was redriven, and when last, in epoch milliseconds. */
export interface Redrive {
  readonly count: number;
  readonly at: number | undefined;
}

/** What one execution shares between all its scopes. */
export interface Run {
  readonly identity: ExecutionIdentity;
  readonly machineType: MachineType;
  readonly input: Json;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly invoker: TaskInvoker;
  readonly services: ServiceInvoker | undefined;
  readonly callbacks: Callbacks | undefined;
  readonly redrive: Redrive;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly trace: Trace;
  /** Told of each execution of a state, retries among them. */
  readonly transition: () => void;
  /** Runs a scope from where its frame stands to its end. Rejects with StateFailure or Cancelled. */
  readonly runScope: (frame: Frame) => Promise<Json>;
}

/**
 * Where a scope (the machine, a branch, an iteration) stands. With its state's name, input and variables it is all
 * that starting the scope again from its current state takes.
 */
export interface Frame {
  /** `""` for the machine, `/0/3` for the iteration 3 in the branch 0. */
  readonly path: string;
  readonly graph: Graph;
  readonly variables: Variables;
  readonly cancellation: Cancellation;
  /** The item of the innermost map around this scope. */
  readonly mapItem: MapItem | undefined;
  stateName: string;
  input: Json;
  /** The scope's latest event, which its next event follows. */
  lastEventId: number;
  /** The state that it stood in before a restart, until it is visited again. */
  earlier?: VisitSnapshot | undefined;
  /** It had left its last state before a restart. */
  ended?: boolean;
}

/** Moves a new frame to where its scope stood before a restart. */
export function restoreFrame(frame: Frame, snapshot: ScopeSnapshot): Frame {
  frame.variables.assign(snapshot.variables);
  frame.lastEventId = snapshot.lastEventId;
  frame.input = snapshot.input;
  frame.stateName = snapshot.stateName ?? frame.stateName;
  frame.earlier = snapshot.visit;
  frame.ended = snapshot.ended;
  return frame;
}

export interface MapItem {
  readonly index: number;
  readonly value: Json;
}

type StateType = State["type"];
type Retryable = Extract<StateType, "Map" | "Parallel" | "Task">;
const retryable: ReadonlySet<StateType> = new Set<Retryable>(["Map", "Parallel", "Task"]);

/** One visit of a scope to a state, from its entry to its exit: what its expressions can reach, and its events. */
export class Visit implements EvaluationScope, StatesVariable {
  readonly run: Run;
  readonly frame: Frame;
  readonly state: State;
  readonly input: Json;
  result: Json | undefined;
  errorOutput: Json | undefined;
  retryCount = 0;
  /** The item that a map is selecting, for its own expressions. */
  selectedItem: MapItem | undefined;
  /** The token of the callback that its task waits for. */
  taskToken: string | undefined;
  /** How far the state had come before a restart. */
  readonly earlier: VisitSnapshot | undefined;
  readonly #enteredAt: number;
  readonly #enteredEventId: number;
  /** The latest event when the engine last woke up: what AWS names as the cause of a failed evaluation. */
  #wokenBy: number;

  constructor(run: Run, frame: Frame, state: State) {
    this.run = run;
    this.frame = frame;
    this.state = state;
    this.input = frame.input;
    this.#wokenBy = frame.lastEventId;
    this.earlier = frame.earlier;
    if (this.earlier !== undefined) {
      frame.earlier = undefined;
      this.#wokenBy = this.earlier.wokenBy;
      this.#enteredAt = this.earlier.enteredAt;
      this.#enteredEventId = this.earlier.enteredEventId;
      return;
    }
    this.#enteredAt = run.clock.now();
    this.#enteredEventId = this.record(`${state.type}StateEntered`, () => ({
      name: state.name,
      input: frame.input,
    }));
    run.transition();
  }

  get states(): StatesVariable {
    return this;
  }

  get variables(): Variables {
    return this.frame.variables;
  }

  now(): number {
    return this.run.clock.now();
  }

  random(): number {
    return this.run.random();
  }

  context(): Json {
    const { identity, machineType, input, startedAt, redrive } = this.run;
    const item = this.selectedItem ?? this.frame.mapItem;
    return {
      Execution: {
        Id: identity.executionArn,
        Input: input,
        Name: identity.executionName,
        RoleArn: identity.roleArn,
        StartTime: new Date(startedAt).toISOString(),
        ...(machineType === "STANDARD" ? { RedriveCount: redrive.count } : {}),
        ...(redrive.at === undefined ? {} : { RedriveTime: new Date(redrive.at).toISOString() }),
      },
      StateMachine: { Id: identity.stateMachineArn, Name: identity.stateMachineName },
      State: {
        Name: this.state.name,
        EnteredTime: new Date(this.#enteredAt).toISOString(),
        ...(retryable.has(this.state.type) ? { RetryCount: this.retryCount } : {}),
      },
      ...(this.taskToken === undefined ? {} : { Task: { Token: this.taskToken } }),
      ...(item === undefined ? {} : { Map: { Item: { Index: item.index, Value: item.value } } }),
    };
  }

  /** Records an event that follows this scope's latest one. */
  record<Type extends keyof EventDetails>(
    type: Type,
    details: () => EventDetails[Type],
    mark?: Mark,
  ): number {
    const { frame } = this;
    frame.lastEventId = this.run.trace.record(type, frame.lastEventId, details, frame.path, mark);
    return frame.lastEventId;
  }

  /** Keeps a step of this scope that is no event. */
  note(mark: Mark): void {
    this.run.trace.note(mark, this.frame.path);
  }

  /** Call this after waiting for anything but an expression. */
  wake(): void {
    this.#wokenBy = this.frame.lastEventId;
  }

  /** A failure that the engine itself finds in this state, with the words that AWS puts before its cause. */
  failure(error: string, problem: string): StateFailure {
    const place = `the state '${this.state.name}' (entered at the event id #${this.#enteredEventId})`;
    return new StateFailure({ error, cause: `An error occurred while executing ${place}. ${problem}` });
  }

  /** The failure behind something thrown in this state. Throws on what is no failure: a cancellation, a defect. */
  toFailure(thrown: unknown): StateFailure {
    if (thrown instanceof StateFailure) return thrown;
    if (!(thrown instanceof EvaluationError)) throw thrown;
    const failure = this.failure(errorNames.queryEvaluation, thrown.message);
    const { trace } = this.run;
    const details = () => ({
      error: errorNames.queryEvaluation,
      cause: failure.failure.cause ?? "",
      location: thrown.location,
      state: this.state.name,
    });
    const { frame } = this;
    frame.lastEventId = trace.record("EvaluationFailed", this.#wokenBy, details, frame.path);
    return failure;
  }

  /** The number that a field gives. Throws EvaluationError. */
  async number(template: Template, location: string, min: number, max: number): Promise<number> {
    const value = await template.evaluate(this);
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    if (typeof value !== "number" && template.expression !== undefined) {
      throw template.expression.unexpectedType("number", value);
    }
    throw new EvaluationError(
      `The ${location} field must be an integer from ${min} to ${max}: ${value}`,
      location,
    );
  }

  /** The text that a field gives. Throws EvaluationError. */
  async string(template: Template, location: string): Promise<string> {
    const value = await template.evaluate(this);
    if (typeof value === "string") return value;
    throw (
      template.expression?.unexpectedType("string", value) ??
      new EvaluationError(`The ${location} field must be a string`, location)
    );
  }

  /** Leaves the state by `exit`. Output and variables are evaluated with the variables as they were on entry. */
  async leave(exit: Exit, otherwise: Json): Promise<string | undefined> {
    const assigned = exit.assign === undefined ? undefined : await exit.assign.evaluate(this);
    const output = exit.output === undefined ? otherwise : await exit.output.evaluate(this);
    if (output !== this.input) this.#checkSize(output);
    const variables: JsonObject = isJsonObject(assigned) ? assigned : {};
    if (assigned !== undefined) this.#checkSize(variables);
    const { name, type } = this.state;
    this.record(
      `${type}StateExited`,
      () => (assigned === undefined ? { name, output } : { name, output, assignedVariables: variables }),
      { kind: "exit", next: exit.next ?? null },
    );
    this.frame.variables.assign(variables);
    this.frame.input = output;
    return exit.next;
  }

  #checkSize(value: Json): void {
    if (!exceedsBytes(value, payloadBytesMax)) return;
    throw dataLimitExceeded(this.state.name);
  }
}

/** @param source the state, or the service or function whose result it is */
export function dataLimitExceeded(source: string): StateFailure {
  const cause = `The state/task '${source}' returned a result with a size exceeding the maximum number of bytes service limit.`;
  return new StateFailure({ error: errorNames.dataLimitExceeded, cause });
}
