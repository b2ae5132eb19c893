import { randomUUID } from "node:crypto";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Clock } from "./clock.ts";
import { compileMachine } from "./compile/compile.ts";
import { InvalidDefinition } from "./compile/diagnostics.ts";
import { checkSchema } from "./compile/schema.ts";
import { Executions, type StandardExecution } from "./executions.ts";
import type { History } from "./history.ts";
import { type ExecutionOutcome, type RunningExecution, startExecution } from "./interpreter.ts";
import type { TaskInvoker } from "./invoker.ts";
import { isJsonObject, type Json } from "./json.ts";
import type { Machine, MachineType } from "./machine.ts";
import type { ExecutionIdentity } from "./visit.ts";
import { ApiError, errorAnswer, okAnswer, Parameters, wireTime } from "./wire.ts";

export interface StepFunctionsPorts {
  readonly clock: Clock;
  readonly invoker: TaskInvoker;
  /** At least 0 and below 1; `Math.random` by default. */
  readonly random?: () => number;
  /** Unique names for executions and requests; random UUIDs by default. */
  readonly newId?: () => string;
  /** Where an execution's events go; nowhere by default. */
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

/** An action's answer; members that are `undefined` are left out of it. */
type Result = Readonly<Record<string, unknown>>;
type Action = (parameters: Parameters) => Result | Promise<Result>;

/** Executions that may run at a time. AWS allows a million; this is one process. */
const openExecutionsMax = 10_000;
const billedStepMs = 100;
/** What AWS bills for an execution with small payloads. */
const billedMemoryMb = 64;

/** AWS Step Functions for state machines that use JSONata, over the AWS JSON 1.0 protocol. */
export class StepFunctionsService implements Engine {
  readonly service = "states";
  readonly #ports: Required<StepFunctionsPorts>;
  readonly #machines = new Map<string, StateMachine>();
  readonly #executions = new Executions();
  readonly #actions: ReadonlyMap<string, Action> = new Map<string, Action>([
    ["DescribeExecution", (parameters) => this.#describeExecution(parameters)],
    ["DescribeStateMachine", (parameters) => this.#describeStateMachine(parameters)],
    ["ListStateMachines", () => this.#listStateMachines()],
    ["StartExecution", (parameters) => this.#startExecution(parameters)],
    ["StartSyncExecution", (parameters) => this.#startSyncExecution(parameters)],
    ["StopExecution", (parameters) => this.#stopExecution(parameters)],
  ]);

  constructor(ports: StepFunctionsPorts) {
    this.#ports = { random: Math.random, newId: randomUUID, historyOf: () => undefined, ...ports };
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
      return okAnswer(await action(new Parameters(call.body)), requestId);
    } catch (error) {
      if (error instanceof ApiError) return errorAnswer(error, requestId);
      throw error;
    }
  }

  /** Stops every running execution; resolves when all have ended. */
  close(): Promise<void> {
    return this.#executions.stopAll("The local Step Functions engine is closing");
  }

  async #startSyncExecution(parameters: Parameters): Promise<Result> {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    const input = parameters.executionInput();
    const name = parameters.executionName() ?? this.#ports.newId();
    if (machine.type !== "EXPRESS") throw typeNotSupported();
    const { identity, running } = this.#start(machine, name, input.value);
    const outcome = await running.outcome;
    const stoppedAt = this.#ports.clock.now();
    const included = parameters.optional("includedData") !== "METADATA_ONLY";
    const output = outcome.status === "SUCCEEDED" ? JSON.stringify(outcome.output) : undefined;
    const billedMs = Math.max(1, Math.ceil((stoppedAt - running.startedAt) / billedStepMs)) * billedStepMs;
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
      billingDetails: { billedMemoryUsedInMB: billedMemoryMb, billedDurationInMilliseconds: billedMs },
    };
  }

  #startExecution(parameters: Parameters): Result {
    const machine = this.#find(parameters.arn("stateMachineArn", "stateMachine"));
    const input = parameters.executionInput();
    const name = parameters.executionName() ?? this.#ports.newId();
    if (machine.type === "EXPRESS") {
      const { identity, running } = this.#start(machine, name, input.value);
      // AWS forgets how it ends. A defect of the engine stays an unhandled rejection: nothing here could answer for it.
      void running.outcome.then(() => undefined);
      return { executionArn: identity.executionArn, startDate: wireTime(running.startedAt) };
    }
    const known = this.#executions.find(executionArn(machine, name));
    if (known !== undefined) return replayStart(known, input.text);
    const { identity, running } = this.#start(machine, name, input.value);
    const execution: StandardExecution = {
      arn: identity.executionArn,
      name,
      stateMachineArn: machine.arn,
      input: input.text,
      running,
      end: undefined,
    };
    this.#executions.keep(execution);
    void running.outcome.then((outcome) => {
      execution.end = { outcome, stoppedAt: this.#ports.clock.now() };
    });
    return { executionArn: execution.arn, startDate: wireTime(running.startedAt) };
  }

  #start(
    machine: StateMachine,
    name: string,
    input: Json,
  ): { readonly identity: ExecutionIdentity; readonly running: RunningExecution } {
    if (this.#executions.openCount >= openExecutionsMax) {
      const code = machine.type === "EXPRESS" ? "ThrottlingException" : "ExecutionLimitExceeded";
      throw new ApiError(code, `More than ${openExecutionsMax} executions are running`);
    }
    const arn =
      machine.type === "EXPRESS"
        ? `${expressPrefix(machine)}:${name}:${this.#ports.newId()}`
        : executionArn(machine, name);
    const identity: ExecutionIdentity = {
      executionArn: arn,
      executionName: name,
      stateMachineArn: machine.arn,
      stateMachineName: machine.name,
      roleArn: machine.roleArn,
    };
    const history = this.#ports.historyOf(arn, machine.type);
    const running = startExecution({ machine: machine.machine, identity, input, history }, this.#ports);
    this.#executions.track(running);
    return { identity, running };
  }

  #describeExecution(parameters: Parameters): Result {
    const execution = this.#findExecution(parameters);
    const { end } = execution;
    return {
      executionArn: execution.arn,
      stateMachineArn: execution.stateMachineArn,
      name: execution.name,
      status: end?.outcome.status ?? "RUNNING",
      startDate: wireTime(execution.running.startedAt),
      stopDate: end === undefined ? undefined : wireTime(end.stoppedAt),
      input: execution.input,
      inputDetails: { included: true },
      ...(end?.outcome.status === "SUCCEEDED"
        ? { output: JSON.stringify(end.outcome.output), outputDetails: { included: true } }
        : {}),
      ...(end === undefined ? {} : reasonOf(end.outcome)),
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
    };
  }

  #stopExecution(parameters: Parameters): Result {
    const execution = this.#findExecution(parameters);
    execution.running.stop({ error: parameters.optional("error"), cause: parameters.optional("cause") });
    return { stopDate: wireTime(execution.end?.stoppedAt ?? this.#ports.clock.now()) };
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

  #listStateMachines(): Result {
    return { stateMachines: [...this.#machines.values()].map(listing) };
  }

  #find(arn: string): StateMachine {
    const machine = this.#machines.get(arn);
    if (machine !== undefined) return machine;
    throw new ApiError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  }

  #findExecution(parameters: Parameters): StandardExecution {
    const arn = parameters.arn("executionArn", "execution");
    const execution = this.#executions.find(arn);
    if (execution !== undefined) return execution;
    throw new ApiError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
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
function replayStart(known: StandardExecution, input: string): Result {
  if (known.end === undefined && known.input === input) {
    return { executionArn: known.arn, startDate: wireTime(known.running.startedAt) };
  }
  throw new ApiError("ExecutionAlreadyExists", `Execution Already Exists: '${known.arn}'`);
}

// AWS says why an execution timed out in its history alone.
function reasonOf(outcome: ExecutionOutcome): Result {
  return outcome.status === "SUCCEEDED" || outcome.status === "TIMED_OUT"
    ? {}
    : { error: outcome.error, cause: outcome.cause };
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
