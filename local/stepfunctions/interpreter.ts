import type { Callbacks } from "./callbacks.ts";
import { Cancellation, Cancelled } from "./cancellation.ts";
import type { Clock } from "./clock.ts";
import { errorNames, type Failure, StateFailure, shownFailure } from "./errors.ts";
import { type History, Trace } from "./history.ts";
import type { TaskInvoker } from "./invoker.ts";
import type { Json } from "./json.ts";
import type { Machine, State } from "./machine.ts";
import type { ScopeSnapshot } from "./replay.ts";
import type { ServiceInvoker } from "./service-invoker.ts";
import { visitChoice } from "./states/choice.ts";
import { visitFail } from "./states/fail.ts";
import { visitMap } from "./states/map.ts";
import { visitParallel } from "./states/parallel.ts";
import { visitTask } from "./states/task.ts";
import { visitWait } from "./states/wait.ts";
import { Variables } from "./variables.ts";
import { type ExecutionIdentity, type Frame, type Redrive, type Run, restoreFrame, Visit } from "./visit.ts";

/** The world that an execution runs in. */
export interface Ports {
  readonly clock: Clock;
  readonly invoker: TaskInvoker;
  /** Makes the calls of the service integrations beside Lambda; without it, each of them fails. */
  readonly services?: ServiceInvoker | undefined;
  /** Where tasks wait for their tokens: needed by Standard machines that have such tasks. */
  readonly callbacks?: Callbacks | undefined;
  /** At least 0 and below 1. */
  readonly random: () => number;
}

export interface ExecutionRequest {
  readonly machine: Machine;
  readonly identity: ExecutionIdentity;
  readonly input: Json;
  /** `undefined` records nothing and costs nothing. */
  readonly history: History | undefined;
  /** `undefined` starts at the beginning. */
  readonly resumption?: Resumption | undefined;
  /** Called whenever a state is executed: when it is entered, and when it is tried again. */
  readonly transition?: (() => void) | undefined;
}

/** Where an execution goes on that has run before. Times are epoch milliseconds. */
export interface Resumption {
  readonly root: ScopeSnapshot;
  readonly lastEventId: number;
  readonly startedAt: number;
  readonly redrive: Redrive;
}

export type ExecutionOutcome =
  | { readonly status: "SUCCEEDED"; readonly output: Json }
  | ({ readonly status: "ABORTED" | "FAILED" | "TIMED_OUT" } & Failure)
  /** It has not ended: its history is where it will go on. */
  | { readonly status: "SUSPENDED"; readonly error?: undefined; readonly cause?: undefined };

/** An execution on its way. */
export interface RunningExecution {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Rejects only on a defect of the engine or of a port. */
  readonly outcome: Promise<ExecutionOutcome>;
  /** Ends it as ABORTED, unless it has ended. */
  stop(reason: Failure): void;
  /** Leaves it where it stands, with nothing more recorded. Its tasks in flight run on, and nobody hears of them. */
  suspend(): void;
}

/** AWS ends an Express execution after 5 minutes, and a Standard one after a year. */
const durationMsMax = { EXPRESS: 300_000, STANDARD: 31_536_000_000 } as const;

/** Starts an execution of a compiled machine; its time, tasks and chance all come from `ports`. */
export function startExecution(request: ExecutionRequest, ports: Ports): RunningExecution {
  const { machine, resumption } = request;
  const { clock } = ports;
  const startedAt = resumption?.startedAt ?? clock.now();
  const cancellation = new Cancellation();
  let ending: Ending | undefined;
  const stop = (status: "ABORTED" | "TIMED_OUT", reason: Failure): void => {
    ending ??= { status, reason };
    cancellation.cancel();
  };
  const limitMs = Math.min(
    durationMsMax[machine.type],
    machine.timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : machine.timeoutSeconds * 1_000,
  );
  // A redrive starts the machine's own time anew.
  const spentMs = clock.now() - (resumption?.redrive.at ?? startedAt);
  const stopTimer = clock.schedule(Math.max(0, limitMs - spentMs), () =>
    stop("TIMED_OUT", { error: errorNames.timeout, cause: undefined }),
  );
  const outcome = run(request, ports, startedAt, cancellation, () => ending).finally(stopTimer);
  return {
    startedAt,
    outcome,
    stop: (reason) => stop("ABORTED", reason),
    suspend: () => cancellation.cancel(),
  };
}

interface Ending {
  readonly status: "ABORTED" | "TIMED_OUT";
  readonly reason: Failure;
}

async function run(
  request: ExecutionRequest,
  ports: Ports,
  startedAt: number,
  cancellation: Cancellation,
  ending: () => Ending | undefined,
): Promise<ExecutionOutcome> {
  const { machine, identity, input, resumption } = request;
  const trace = new Trace(request.history, ports.clock, resumption?.lastEventId);
  const context: Run = {
    clock: ports.clock,
    invoker: ports.invoker,
    services: ports.services,
    callbacks: ports.callbacks,
    random: ports.random,
    redrive: resumption?.redrive ?? { count: 0, at: undefined },
    identity,
    machineType: machine.type,
    input,
    startedAt,
    trace,
    transition: request.transition ?? (() => undefined),
    runScope: (frame) => runScope(context, frame),
  };
  const started = () => ({ input, roleArn: identity.roleArn });
  if (resumption === undefined) trace.record("ExecutionStarted", 0, started, "");
  const frame: Frame = {
    path: "",
    graph: machine.graph,
    variables: new Variables(undefined),
    cancellation,
    mapItem: undefined,
    stateName: machine.graph.startAt,
    input,
    lastEventId: 0,
  };
  try {
    if (resumption !== undefined) restoreFrame(frame, resumption.root);
    const output = await runScope(context, frame);
    trace.recordEnd("ExecutionSucceeded", frame.lastEventId, () => ({ output }));
    return { status: "SUCCEEDED", output };
  } catch (thrown) {
    return end(thrown, trace, frame, ending());
  }
}

function end(thrown: unknown, trace: Trace, frame: Frame, ending: Ending | undefined): ExecutionOutcome {
  if (thrown instanceof StateFailure) {
    const failure = shownFailure(thrown.failure);
    trace.recordEnd("ExecutionFailed", frame.lastEventId, () => failure);
    return { status: "FAILED", ...failure };
  }
  if (!(thrown instanceof Cancelled)) throw thrown;
  if (ending === undefined) return { status: "SUSPENDED" };
  const type = ending.status === "ABORTED" ? "ExecutionAborted" : "ExecutionTimedOut";
  trace.recordEnd(type, 0, () => ending.reason);
  return { status: ending.status, ...ending.reason };
}

/** Runs a scope from the state that its frame names to its end. */
async function runScope(context: Run, frame: Frame): Promise<Json> {
  if (frame.ended === true) return frame.input;
  // Bounded by the events that an execution may have: every state records at least one.
  for (;;) {
    frame.cancellation.throwIfCancelled();
    const state = frame.graph.states.get(frame.stateName);
    if (state === undefined) throw new Error(`the machine has no state '${frame.stateName}'`);
    const next = await visitState(context, frame, state);
    if (next === undefined) return frame.input;
    frame.stateName = next;
  }
}

async function visitState(context: Run, frame: Frame, state: State): Promise<string | undefined> {
  const visit = new Visit(context, frame, state);
  try {
    // What retries and catches looks at its failure itself.
    const failed = "recovery" in state ? undefined : visit.earlier?.failure;
    if (failed !== undefined) throw new StateFailure(failed);
    switch (state.type) {
      case "Pass":
      case "Succeed":
        return await visit.leave(state.exit, visit.input);
      case "Fail":
        return await visitFail(visit, state);
      case "Wait":
        return await visitWait(visit, state);
      case "Choice":
        return await visitChoice(visit, state);
      case "Task":
        return await visitTask(visit, state);
      case "Parallel":
        return await visitParallel(visit, state);
      case "Map":
        return await visitMap(visit, state);
    }
  } catch (thrown) {
    throw visit.toFailure(thrown);
  }
}
