import { type Billed, type Cause, earlierRun } from "./billing.ts";
import type { Clock } from "./clock.ts";
import { compileMachine } from "./compile/compile.ts";
import { InvalidDefinition } from "./compile/diagnostics.ts";
import { errorNames, type Failure } from "./errors.ts";
import type { History, HistoryEvent } from "./history.ts";
import { type Ports, type Resumption, type RunningExecution, startExecution } from "./interpreter.ts";
import type { Mark } from "./journal.ts";
import type { Json } from "./json.ts";
import type { Machine } from "./machine.ts";
import { redrivability } from "./redrive.ts";
import { Replay } from "./replay.ts";
import type { ExecutionStore, StoredDefinition, StoredExecution } from "./store.ts";

/** A machine whose executions are Standard ones. */
export interface StandardMachine extends StoredDefinition {
  readonly machine: Machine;
}

export interface StandardPorts extends Ports {
  readonly clock: Clock;
  /** Told of every event too. */
  readonly historyOf: (executionArn: string) => History | undefined;
  /** Called when an execution has another status. */
  readonly changed: (execution: StoredExecution) => void;
  readonly onBilled?: ((billed: Billed) => void) | undefined;
}

interface Start {
  readonly input: Json;
  readonly cause: Cause;
  readonly resumption?: Resumption | undefined;
  /** Steps behind the last event. */
  readonly notes?: number;
}

/** What an open execution's end depends on. */
type End = Pick<StoredExecution, "cause" | "error" | "output" | "status">;

/** Compiled definitions of executions that are resumed. */
const compiledMax = 100;

/** Standard executions: each step is kept before the next one, so that they go on where a process left them. */
export class StandardExecutions {
  readonly #store: ExecutionStore;
  readonly #ports: StandardPorts;
  readonly #open = new Map<number, RunningExecution>();
  readonly #definitionIds = new WeakMap<StandardMachine, number>();
  readonly #compiled = new Map<number, Machine>();

  constructor(store: ExecutionStore, ports: StandardPorts) {
    const { services } = ports;
    this.#store = store;
    this.#ports = {
      ...ports,
      // What a task is called with must be kept before it is: after a restart it is called with the same.
      invoker: {
        invoke: (invocation) => {
          store.flush();
          return ports.invoker.invoke(invocation);
        },
      },
      services: services && {
        call: (call) => {
          store.flush();
          return services.call(call);
        },
      },
    };
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Starts an execution that has no namesake. */
  start(
    machine: StandardMachine,
    arn: string,
    name: string,
    input: { readonly text: string; readonly value: Json },
    cause: Cause,
  ): StoredExecution {
    const definitionId = this.#definitionIds.get(machine) ?? this.#store.keepDefinition(machine);
    this.#definitionIds.set(machine, definitionId);
    const startedAt = this.#ports.clock.now();
    const row = { arn, name, machineArn: machine.arn, definitionId, input: input.text, startedAt };
    const id = this.#store.create(row);
    const execution = this.#store.get(id);
    this.#ports.changed(execution);
    this.#run(execution, machine, machine.machine, { input: input.value, cause });
    return execution;
  }

  /** Resolves when it has ended. Nothing happens to one that has. */
  async stop(execution: StoredExecution, reason: Failure): Promise<void> {
    const running = this.#open.get(execution.id);
    running?.stop(reason);
    await running?.outcome;
  }

  /** Goes on from what did not succeed. The execution must be redrivable. Returns when, in epoch milliseconds. */
  redrive(execution: StoredExecution, token: string | undefined, cause: Cause): number {
    const { id } = execution;
    const now = this.#ports.clock.now();
    const last = this.#store.lastEventId(id);
    if (redrivability(execution, last, now).redriveStatus !== "REDRIVABLE") {
      throw new Error(`the execution ${execution.arn} cannot be redriven`);
    }
    const event: HistoryEvent = {
      type: "ExecutionRedriven",
      id: last + 1,
      previousEventId: last,
      timestamp: now,
      details: { redriveCount: execution.redriveCount + 1 },
    };
    this.#store.redrive(id, event, token);
    this.#ports.historyOf(execution.arn)?.record(event, "", undefined);
    this.#ports.changed(this.#store.get(id));
    // AWS counts the redrive itself, and each state that it runs again.
    this.#bill(execution, cause, 1 + this.#resume(id, cause).openStates);
    return now;
  }

  /** Goes on with what had not ended when the last process did. Returns how many. */
  resumeAll(): number {
    const ids = this.#store.running().filter((id) => !this.#open.has(id));
    for (const id of ids) this.#resume(id, earlierRun);
    return ids.length;
  }

  /** Returns where it goes on. */
  #resume(id: number, cause: Cause): Replay {
    const execution = this.#store.get(id);
    const definition = this.#store.definition(execution.definitionId);
    const replay = new Replay();
    let notes = 0;
    for (const record of this.#store.journal(id)) {
      notes = record.event === undefined ? notes + 1 : 0;
      replay.apply(record);
    }
    const input: Json = JSON.parse(execution.input);
    const { startedAt, redriveCount, redrivenAt } = execution;
    const resumption: Resumption | undefined =
      replay.lastEventId === 0
        ? undefined
        : {
            root: replay.root,
            lastEventId: replay.lastEventId,
            startedAt,
            redrive: { count: redriveCount, at: redrivenAt ?? undefined },
          };
    const machine = this.#compile(execution, definition);
    if (machine instanceof InvalidDefinition) this.#refuse(execution, replay.lastEventId, machine.message);
    else this.#run(execution, definition, machine, { input, cause, resumption, notes });
    return replay;
  }

  /** Leaves everything where it stands; resolves when nothing moves any more. */
  async suspendAll(): Promise<void> {
    const open = [...this.#open.values()];
    for (const running of open) running.suspend();
    await Promise.allSettled(open.map(({ outcome }) => outcome));
  }

  #run(
    execution: StoredExecution,
    { arn, name, roleArn }: StoredDefinition,
    machine: Machine,
    { input, cause, resumption, notes = 0 }: Start,
  ): void {
    const identity = {
      executionArn: execution.arn,
      executionName: execution.name,
      stateMachineArn: arn,
      stateMachineName: name,
      roleArn,
    };
    const history = this.#historyOf(execution, resumption?.lastEventId ?? 0, notes);
    const transition = (): void => this.#bill(execution, cause, 1);
    const running = startExecution(
      { machine, identity, input, history, resumption, transition },
      this.#ports,
    );
    this.#open.set(execution.id, running);
    const forget = (): void => {
      if (this.#open.get(execution.id) === running) this.#open.delete(execution.id);
    };
    // A defect of the engine stays an unhandled rejection: nothing here could answer for it.
    void running.outcome.finally(forget);
  }

  #bill({ machineArn }: StoredExecution, cause: Cause, quantity: number): void {
    this.#ports.onBilled?.({ machineArn, unit: "transitions", quantity, cause });
  }

  #historyOf({ id, arn }: StoredExecution, lastEventId: number, lastNote: number): History {
    const store = this.#store;
    const told = this.#ports.historyOf(arn);
    let eventId = lastEventId;
    let notes = lastNote;
    return {
      record: (event, scope, mark) => {
        eventId = event.id;
        notes = 0;
        const end = endOf(event);
        if (end === undefined) store.record(id, event, scope, mark);
        else {
          store.end(id, event, end);
          this.#ports.changed(store.get(id));
        }
        told?.record(event, scope, mark);
      },
      together: (work) => store.atomically(work),
      note: (mark: Mark, scope) => {
        notes += 1;
        store.note(id, eventId, notes, scope, mark);
        told?.note?.(mark, scope);
      },
    };
  }

  #compile(
    { definitionId }: StoredExecution,
    { definition, type }: StoredDefinition,
  ): InvalidDefinition | Machine {
    const known = this.#compiled.get(definitionId);
    if (known !== undefined) return known;
    try {
      const machine = compileMachine(JSON.parse(definition), type);
      if (this.#compiled.size >= compiledMax) this.#compiled.clear();
      this.#compiled.set(definitionId, machine);
      return machine;
    } catch (thrown) {
      if (thrown instanceof InvalidDefinition) return thrown;
      throw thrown;
    }
  }

  /** Another version of this engine took the definition, and this one does not. */
  #refuse({ id, arn }: StoredExecution, lastEventId: number, reason: string): void {
    const event: HistoryEvent = {
      type: "ExecutionFailed",
      id: lastEventId + 1,
      previousEventId: lastEventId,
      timestamp: this.#ports.clock.now(),
      details: { error: errorNames.runtime, cause: reason },
    };
    const end = endOf(event);
    if (end === undefined) throw new Error("a failure is an end");
    this.#store.end(id, event, end);
    this.#ports.historyOf(arn)?.record(event, "", undefined);
    this.#ports.changed(this.#store.get(id));
  }
}

function endOf(event: HistoryEvent): End | undefined {
  const nothing = { output: null, error: null, cause: null };
  switch (event.type) {
    case "ExecutionSucceeded":
      return { ...nothing, status: "SUCCEEDED", output: JSON.stringify(event.details.output) };
    case "ExecutionFailed":
      return failed("FAILED", event.details);
    case "ExecutionAborted":
      return failed("ABORTED", event.details);
    case "ExecutionTimedOut":
      return failed("TIMED_OUT", event.details);
    default:
      return undefined;
  }
}

function failed(
  status: StoredExecution["status"],
  { error, cause }: { readonly error: string | undefined; readonly cause: string | undefined },
): End {
  return { status, output: null, error: error ?? null, cause: cause ?? null };
}
