import type { Failure } from "./errors.ts";
import type { HistoryEvent } from "./history.ts";
import type { JournalRecord, Mark, TaskAnswer } from "./journal.ts";
import type { Json } from "./json.ts";

/** Where a scope stood. Its own variables only: those of the outer scopes are theirs. */
export interface ScopeSnapshot {
  /** `undefined` until its first state was entered. */
  stateName: string | undefined;
  input: Json;
  readonly variables: Record<string, Json>;
  lastEventId: number;
  /** It left its last state, and `input` is its output. */
  ended: boolean;
  /** Its group has recorded that it ended. */
  closed: boolean;
  visit: VisitSnapshot | undefined;
}

/** How far a state had come. */
export interface VisitSnapshot {
  /** Epoch milliseconds. */
  readonly enteredAt: number;
  readonly enteredEventId: number;
  /** What the engine had last heard of: the cause of an evaluation that fails. */
  wokenBy: number;
  /** What its retriers have dealt with so far. */
  failures: Failure[];
  /** When the next attempt is due, in epoch milliseconds. */
  retryAt: number | undefined;
  waitUntil: number | undefined;
  /** How the attempt failed, if nothing has dealt with that yet. */
  failure: Failure | undefined;
  /** The history says so already: `MapStateFailed`, `ParallelStateFailed`. */
  groupFailed: boolean;
  attempt: AttemptSnapshot | undefined;
}

export type AttemptSnapshot = TaskSnapshot | GroupSnapshot | { kind: "done"; result: Json };

export interface TaskSnapshot {
  readonly kind: "task";
  readonly parameters: Json;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  /** Epoch milliseconds. */
  readonly scheduledAt: number;
  readonly token: string | undefined;
  started: boolean;
  submitted: boolean;
  answer: TaskAnswer | undefined;
}

export interface GroupSnapshot {
  readonly kind: "group";
  /** What `MapStateStarted` or `ParallelStateStarted` was kept with. */
  readonly start: Extract<Mark, { readonly kind: "map" | "parallel" }>;
  readonly children: Map<number, ScopeSnapshot>;
  readonly startedEventId: number;
  /** Last events of iterations in whose place no other one has started. */
  room: number[];
}

/** An execution's journal, read again from its start: where each of its scopes stood at the end. */
export class Replay {
  readonly root: ScopeSnapshot = newScope(0, null);
  lastEventId = 0;
  readonly #scopes = new Map<string, ScopeSnapshot>([["", this.root]]);

  /** States that stand open, without those whose branches or iterations do. */
  get openStates(): number {
    return openIn(this.root);
  }

  apply({ scope: path, event, mark }: JournalRecord): void {
    const scope = this.#scopes.get(path);
    if (scope === undefined) throw new Error(`the journal has no start of the scope '${path}'`);
    if (event !== undefined) {
      this.lastEventId = event.id;
      this.#applyEvent(path, scope, event, mark);
    } else if (mark !== undefined && scope.visit !== undefined) applyMark(scope, scope.visit, mark);
  }

  #applyEvent(path: string, scope: ScopeSnapshot, event: HistoryEvent, mark: Mark | undefined): void {
    if (event.type === "ExecutionRedriven") this.#redrive(scope, event.id);
    if (event.type === "ExecutionStarted") scope.input = event.details.input;
    if (event.type.startsWith("MapIteration")) this.#applyIteration(path, scope, event);
    if (ofNoState.test(event.type)) return;
    // What follows a group follows its last branch or iteration.
    if (event.type !== "MapStateSucceeded" && event.type !== "ParallelStateSucceeded") {
      scope.lastEventId = event.id;
    }
    if (event.type.endsWith("StateEntered")) enter(scope, event);
    else if (event.type.endsWith("StateExited")) this.#exit(path, scope, event, mark);
    else if (scope.visit !== undefined) this.#applyAttempt(path, scope, scope.visit, event, mark);
  }

  #applyAttempt(
    path: string,
    scope: ScopeSnapshot,
    visit: VisitSnapshot,
    event: HistoryEvent,
    mark: Mark | undefined,
  ): void {
    switch (event.type) {
      case "TaskScheduled":
      case "LambdaFunctionScheduled":
        visit.retryAt = undefined;
        visit.attempt = taskOf(event, mark);
        break;
      case "TaskStarted":
      case "LambdaFunctionStarted":
        if (visit.attempt?.kind === "task") visit.attempt.started = true;
        break;
      case "TaskSubmitted":
        visit.wokenBy = event.id;
        if (visit.attempt?.kind === "task") visit.attempt.submitted = true;
        break;
      case "TaskSucceeded":
      case "LambdaFunctionSucceeded":
        visit.wokenBy = event.id;
        visit.attempt = { kind: "done", result: event.details.output };
        break;
      case "MapStateStarted":
      case "ParallelStateStarted":
        if (mark?.kind === "map" || mark?.kind === "parallel") this.#startGroup(path, scope, visit, mark);
        break;
      case "MapStateSucceeded":
      case "ParallelStateSucceeded":
        visit.wokenBy = scope.lastEventId;
        if (visit.attempt?.kind === "group") visit.attempt = { kind: "done", result: outputs(visit.attempt) };
        break;
      case "MapStateFailed":
      case "ParallelStateFailed":
        visit.groupFailed = true;
        break;
      case "EvaluationFailed":
      case "TaskFailed":
      case "TaskTimedOut":
      case "LambdaFunctionFailed":
      case "LambdaFunctionTimedOut":
        visit.failure = { error: event.details.error, cause: event.details.cause };
        break;
      default:
    }
  }

  #startGroup(path: string, scope: ScopeSnapshot, visit: VisitSnapshot, start: GroupSnapshot["start"]): void {
    const children = new Map<number, ScopeSnapshot>();
    visit.retryAt = undefined;
    visit.attempt = { kind: "group", start, children, startedEventId: scope.lastEventId, room: [] };
    if (start.kind === "map") return;
    for (let index = 0; index < start.size; index += 1) {
      const child = newScope(scope.lastEventId, start.input);
      children.set(index, child);
      this.#scopes.set(`${path}/${index}`, child);
    }
  }

  #applyIteration(path: string, scope: ScopeSnapshot, event: HistoryEvent): void {
    const attempt = scope.visit?.attempt;
    if (attempt?.kind !== "group" || attempt.start.kind !== "map" || !("index" in event.details)) return;
    const { index } = event.details;
    if (event.type === "MapIterationStarted") {
      attempt.room = attempt.room.filter((last) => last !== event.previousEventId);
      const child = newScope(event.id, attempt.start.inputs[index] ?? null);
      attempt.children.set(index, child);
      this.#scopes.set(`${path}/${index}`, child);
    } else if (event.type === "MapIterationSucceeded") {
      scope.lastEventId = event.id;
      const child = attempt.children.get(index);
      if (child === undefined) return;
      child.closed = true;
      attempt.room.push(child.lastEventId);
    }
  }

  #exit(path: string, scope: ScopeSnapshot, event: HistoryEvent, mark: Mark | undefined): void {
    if (!("output" in event.details)) return;
    if ("assignedVariables" in event.details) Object.assign(scope.variables, event.details.assignedVariables);
    scope.input = event.details.output;
    scope.visit = undefined;
    if (mark?.kind !== "exit") return;
    scope.ended = mark.next === null;
    scope.stateName = mark.next ?? scope.stateName;
    const parent = path === "" ? undefined : this.#scopes.get(path.slice(0, path.lastIndexOf("/")));
    const group = parent?.visit?.attempt;
    if (scope.ended && parent !== undefined && group?.kind === "group" && group.start.kind === "parallel") {
      scope.closed = true;
      parent.lastEventId = event.id;
    }
  }

  /** What did not succeed is to be tried again, with all its retries. */
  #redrive(scope: ScopeSnapshot, eventId: number): void {
    if (scope.ended) return;
    scope.lastEventId = eventId;
    const { visit } = scope;
    if (visit === undefined) return;
    visit.failures = [];
    visit.failure = undefined;
    visit.groupFailed = false;
    visit.retryAt = undefined;
    visit.waitUntil = undefined;
    if (visit.attempt?.kind !== "group") visit.attempt = undefined;
    else for (const child of visit.attempt.children.values()) this.#redrive(child, eventId);
  }
}

function openIn({ ended, visit }: ScopeSnapshot): number {
  if (ended || visit === undefined) return 0;
  if (visit.attempt?.kind !== "group") return 1;
  return [...visit.attempt.children.values()].reduce((total, child) => total + openIn(child), 0);
}

const ofNoState = /^(?:Execution|MapIteration)/;
function newScope(lastEventId: number, input: Json): ScopeSnapshot {
  return {
    stateName: undefined,
    input,
    variables: {},
    lastEventId,
    ended: false,
    closed: false,
    visit: undefined,
  };
}

function enter(scope: ScopeSnapshot, { id, previousEventId, timestamp, details }: HistoryEvent): void {
  if (!("name" in details) || !("input" in details)) return;
  scope.stateName = details.name;
  scope.input = details.input;
  scope.visit = {
    enteredAt: timestamp,
    enteredEventId: id,
    wokenBy: previousEventId,
    failures: [],
    retryAt: undefined,
    waitUntil: undefined,
    failure: undefined,
    groupFailed: false,
    attempt: undefined,
  };
}

function taskOf(
  event: Extract<HistoryEvent, { readonly type: "LambdaFunctionScheduled" | "TaskScheduled" }>,
  mark: Mark | undefined,
): TaskSnapshot {
  const { details } = event;
  return {
    kind: "task",
    parameters: "parameters" in details ? details.parameters : details.input,
    timeoutSeconds: details.timeoutInSeconds,
    heartbeatSeconds: details.heartbeatInSeconds,
    scheduledAt: event.timestamp,
    token: mark?.kind === "token" ? mark.token : undefined,
    started: false,
    submitted: false,
    answer: undefined,
  };
}

function applyMark(scope: ScopeSnapshot, visit: VisitSnapshot, mark: Mark): void {
  switch (mark.kind) {
    case "wait":
      visit.waitUntil = mark.until;
      break;
    case "retry":
      visit.failures.push(mark.failure);
      visit.retryAt = mark.at;
      visit.wokenBy = scope.lastEventId;
      visit.failure = undefined;
      visit.attempt = undefined;
      break;
    case "failed":
      visit.failure = mark.failure;
      break;
    case "answer":
      if (visit.attempt?.kind === "task") visit.attempt.answer = mark.answer;
      break;
    default:
  }
}

function outputs({ children }: GroupSnapshot): readonly Json[] {
  return [...children].sort(([a], [b]) => a - b).map(([, { input }]) => input);
}
