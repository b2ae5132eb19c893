import { randomUUID } from "node:crypto";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { type Billed, billedMemoryMb, billedMs, type Cause } from "./billing.ts";
import { Callbacks } from "./callbacks.ts";
import type { Clock } from "./clock.ts";
import { compileMachine } from "./compile/compile.ts";
import { InvalidDefinition } from "./compile/diagnostics.ts";
import { checkSchema } from "./compile/schema.ts";
import type { History } from "./history.ts";
import { type ExecutionOutcome, type Ports, type RunningExecution, startExecution } from "./interpreter.ts";
import type { TaskInvoker } from "./invoker.ts";
import { isJsonObject, type Json } from "./json.ts";
import type { Machine, MachineType } from "./machine.ts";
import type { ServiceInvoker } from "./service-invoker.ts";
import { StandardExecutions } from "./standard.ts";
import { type Action, type Result, StandardActions } from "./standard-actions.ts";
import { type StatusChange, statusChangeOf } from "./status-change.ts";
import { ExecutionStore, type StoredExecution } from "./store.ts";
import type { ExecutionIdentity } from "./visit.ts";
import { ApiError, errorAnswer, nextPage, okAnswer, Parameters, wireTime } from "./wire.ts";

export interface StepFunctionsPorts {
  readonly clock: Clock;
  readonly invoker: TaskInvoker;
  /** Makes the calls of service integrations; without it, each of them fails. */
  readonly services?: ServiceInvoker;
  /** Where Standard executions survive; in memory, as long as the service, by default. */
  readonly storeFile?: string;
  /**
   * Told when a Standard execution starts, ends or is redriven. After the death of a process it may be told again, or
   * of the latest status only.
   */
  readonly onStatusChange?: (change: StatusChange) => void | Promise<void>;
  /** Told of what AWS bills and no answer tells, when it comes up. */
  readonly onBilled?: (billed: Billed) => void;
  /** At least 0 and below 1; `Math.random` by default. */
  readonly random?: () => number;
  /** Unique names for executions and requests; random UUIDs by default. */
  readonly newId?: () => string;
  /** Where an execution's events go, beside the store of the Standard ones; nowhere by default. */
  readonly historyOf?: (executionArn: string, type: MachineType) => History | undefined;
}

/** A state machine as the estate's plan has it. */
export interface StateMachineInput {
  readonly name: string;
  readonly arn: string;
  readonly type: MachineType;
  /** JSON text. */
  readonly definition: string;
  readonly roleArn: string;
}

interface StateMachine extends StateMachineInput {
  readonly machine: Machine;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Executions that may run at a time. AWS allows a million; this is one process. */
const openExecutionsMax = 10_000;
const machinesTokenMax = 1_024;

/** AWS Step Functions for state machines that use JSONata, over the AWS JSON 1.0 protocol. */
export class StepFunctionsService implements Engine {
  readonly service = "states";
  readonly #ports: StepFunctionsPorts & Ports & { readonly newId: () => string };
  readonly #machines = new Map<string, StateMachine>();
  readonly #express = new Set<RunningExecution>();
  readonly #announcements = new Set<Promise<void>>();
  readonly #store: ExecutionStore;
  readonly #standard: StandardExecutions;
  readonly #standardActions: StandardActions;
  readonly #actions: ReadonlyMap<string, Action>;

  constructor(ports: StepFunctionsPorts) {
    const { newId = randomUUID } = ports;
    const callbacks = new Callbacks(newId);
    this.#ports = { random: Math.random, ...ports, newId, callbacks };
    this.#store = new ExecutionStore(ports.storeFile, ports.onStatusChange !== undefined);
    this.#standard = new StandardExecutions(this.#store, {
      ...this.#ports,
      historyOf: (arn) => ports.historyOf?.(arn, "STANDARD"),
      changed: (execution) => this.#announce(execution),
    });
    const { clock } = ports;
    const admit = (): void => this.#admit("STANDARD");
    this.#standardActions = new StandardActions({
      ...{ clock, store: this.#store, standard: this.#standard, callbacks, admit },
    });
    this.#actions = new Map<string, Action>([
      ...this.#standardActions.actions,
      ["DescribeStateMachine", (parameters) => this.#describeStateMachine(parameters)],
      ["ListExecutions", (parameters) => this.#listExecutions(parameters)],
      ["ListStateMachines", (parameters) => this.#listStateMachines(parameters)],
      ["StartExecution", (parameters, cause) => this.#startExecution(parameters, cause)],
      ["StartSyncExecution", (parameters) => this.#startSyncExecution(parameters)],
    ]);
  }

  /** Compiles and adds a state machine. Throws InvalidDefinition. */
  createStateMachine(input: StateMachineInput): void {
    if (this.#machines.has(input.arn)) throw new Error(`there is a state machine ${input.arn} already`);
    const definition = parseDefinition(input.definition);
    const machine = compileMachine(definition, input.type);
    if (isJsonObject(definition)) checkSchema(definition);
    this.#machines.set(input.arn, { ...input, machine, createdAt: this.#ports.clock.now() });
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    const requestId = this.#ports.newId();
    try {
      const action = this.#actions.get(call.action);
      if (action === undefined)
        throw new ApiError("UnknownOperationException", `Unknown operation: ${call.action}`);
      // The caller's signal is left alone: an execution goes on when its caller hangs up.
      const { caller, headers } = call;
      const cause = { caller: caller.name, action: call.action, trace: headers["x-amzn-trace-id"] };
      const result = await action(new Parameters(call.body), cause);
      this.#store.flush();
      return okAnswer(result, requestId);
    } catch (error) {
      if (error instanceof ApiError) return errorAnswer(error, requestId);
      throw error;
    }
  }

  /**
   * Goes on with the Standard executions that the last process left, and announces what it had no time to. Call it when
   * their tasks can run. Returns how many go on.
   */
  resume(): number {
    for (const id of this.#store.unannounced()) this.#announce(this.#store.get(id));
    return this.#standard.resumeAll();
  }

  /** Stops Express executions, and leaves Standard ones where they stand; resolves when nothing moves any more. */
  async close(): Promise<void> {
    const express = [...this.#express];
    const reason = { error: undefined, cause: "The local Step Functions engine is closing" };
    for (const execution of express) execution.stop(reason);
    await Promise.allSettled(express.map(({ outcome }) => outcome));
    await this.#standard.suspendAll();
    await Promise.all(this.#announcements);
    this.#store.close();
  }

  async #startSyncExecution(parameters: Parameters): Promise<Result> {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    const input = parameters.executionInput();
    const name = parameters.executionName() ?? this.#ports.newId();
    if (machine.type !== "EXPRESS") throw typeNotSupported();
    const { identity, running } = this.#startExpress(machine, name, input.value);
    const outcome = await running.outcome;
    const stoppedAt = this.#ports.clock.now();
    const included = parameters.optional("includedData") !== "METADATA_ONLY";
    const output = outcome.status === "SUCCEEDED" ? JSON.stringify(outcome.output) : undefined;
    return {
      executionArn: identity.executionArn,
      stateMachineArn: machine.arn,
      name,
      startDate: wireTime(running.startedAt),
      stopDate: wireTime(stoppedAt),
      status: outcome.status,
      ...reasonOf(outcome),
      ...(included ? { input: input.text, output } : {}),
      inputDetails: { included },
      outputDetails: { included },
      traceHeader: parameters.optional("traceHeader"),
      billingDetails: {
        billedMemoryUsedInMB: billedMemoryMb,
        billedDurationInMilliseconds: billedMs(stoppedAt - running.startedAt),
      },
    };
  }

  #startExecution(parameters: Parameters, cause: Cause): Result {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    const input = parameters.executionInput();
    const name = parameters.executionName() ?? this.#ports.newId();
    if (machine.type === "EXPRESS") {
      const { identity, running } = this.#startExpress(machine, name, input.value);
      const { clock, onBilled } = this.#ports;
      // AWS forgets how it ends. A defect of the engine stays an unhandled rejection: nothing here could answer for it.
      void running.outcome.then(() => {
        const quantity = billedMemoryMb * billedMs(clock.now() - running.startedAt);
        onBilled?.({ machineArn: machine.arn, unit: "mb_ms", quantity, cause });
      });
      return { executionArn: identity.executionArn, startDate: wireTime(running.startedAt) };
    }
    const arn = executionArn(machine, name);
    const known = this.#store.find(arn);
    if (known !== undefined && !this.#store.isForgotten(known, this.#ports.clock.now())) {
      return replayStart(known, input.text);
    }
    this.#admit("STANDARD");
    if (known !== undefined) this.#store.remove(known.id);
    const { startedAt } = this.#standard.start(machine, arn, name, input, cause);
    return { executionArn: arn, startDate: wireTime(startedAt) };
  }

  #startExpress(
    machine: StateMachine,
    name: string,
    input: Json,
  ): { readonly identity: ExecutionIdentity; readonly running: RunningExecution } {
    this.#admit("EXPRESS");
    const arn = `${expressPrefix(machine)}:${name}:${this.#ports.newId()}`;
    const identity: ExecutionIdentity = {
      executionArn: arn,
      executionName: name,
      stateMachineArn: machine.arn,
      stateMachineName: machine.name,
      roleArn: machine.roleArn,
    };
    const history = this.#ports.historyOf?.(arn, "EXPRESS");
    const running = startExecution({ machine: machine.machine, identity, input, history }, this.#ports);
    this.#express.add(running);
    const forget = (): void => {
      this.#express.delete(running);
    };
    running.outcome.then(forget, forget);
    return { identity, running };
  }

  #admit(type: MachineType): void {
    if (this.#express.size + this.#standard.openCount < openExecutionsMax) return;
    const code = type === "EXPRESS" ? "ThrottlingException" : "ExecutionLimitExceeded";
    throw new ApiError(code, `More than ${openExecutionsMax} executions are running`);
  }

  /** An announcement that fails is made again after the next start. */
  #announce(execution: StoredExecution): void {
    const { onStatusChange, clock } = this.#ports;
    const { id, status, redriveCount } = execution;
    if (onStatusChange === undefined) return;
    const noted = (): void => this.#store.announce(id, status, redriveCount);
    const change = statusChangeOf(execution, this.#store.lastEventId(id), clock.now());
    const announcement = Promise.resolve(change)
      .then(onStatusChange)
      .then(noted)
      .catch(() => undefined)
      .finally(() => this.#announcements.delete(announcement));
    this.#announcements.add(announcement);
  }

  #listExecutions(parameters: Parameters): Result {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    if (machine.type === "EXPRESS") throw typeNotSupported();
    return this.#standardActions.list(machine.arn, parameters);
  }

  #describeStateMachine(parameters: Parameters): Result {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    return {
      ...listing(machine),
      status: "ACTIVE",
      definition: machine.definition,
      roleArn: machine.roleArn,
      loggingConfiguration: { level: "OFF", includeExecutionData: false },
      tracingConfiguration: { enabled: false },
    };
  }

  #listStateMachines(parameters: Parameters): Result {
    const listed = ["ListStateMachines"];
    const start = parameters.pageStart(listed, machinesTokenMax) ?? 0;
    const end = start + parameters.pageSize();
    return {
      stateMachines: [...this.#machines.values()].slice(start, end).map(listing),
      nextToken: end < this.#machines.size ? nextPage(listed, end) : undefined,
    };
  }

  #find(arn: string): StateMachine {
    const machine = this.#machines.get(arn);
    if (machine !== undefined) return machine;
    throw new ApiError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  }
}

function parseDefinition(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InvalidDefinition([{ code: "INVALID_JSON_DESCRIPTION", message, location: "/" }]);
  }
}

/** The same start again: AWS answers it while the execution runs, and refuses any other use of its name. */
function replayStart({ arn, status, input, startedAt }: StoredExecution, text: string): Result {
  if (status === "RUNNING" && input === text) return { executionArn: arn, startDate: wireTime(startedAt) };
  throw new ApiError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
}

// AWS says why an execution timed out in its history alone.
function reasonOf(outcome: ExecutionOutcome): Result {
  return outcome.status === "FAILED" || outcome.status === "ABORTED"
    ? { error: outcome.error, cause: outcome.cause }
    : {};
}

function listing({ arn, name, type, createdAt }: StateMachine): Result {
  return { stateMachineArn: arn, name, type, creationDate: wireTime(createdAt) };
}

function executionArn(machine: StateMachine, name: string): string {
  return `${machine.arn.replace(":stateMachine:", ":execution:")}:${name}`;
}

function expressPrefix(machine: StateMachine): string {
  return machine.arn.replace(":stateMachine:", ":express:");
}

function typeNotSupported(): ApiError {
  const message = "This operation is not supported by this type of state machine";
  return new ApiError("StateMachineTypeNotSupported", message);
}
