import { compileMachine } from "../compile/compile.ts";
import type { HistoryEvent } from "../history.ts";
import { type ExecutionOutcome, type RunningExecution, startExecution } from "../interpreter.ts";
import type { LambdaInvocation, LambdaOutcome } from "../invoker.ts";
import type { Json } from "../json.ts";
import type { MachineType } from "../machine.ts";
import type { ServiceInvoker } from "../service-invoker.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a function does when it is called for the n-th time (from 0) under its name. */
type FakeFunction = (event: Json, call: number) => FakeAnswer | Promise<FakeAnswer>;

type FakeAnswer = { readonly returns: Json } | { readonly throws: string } | { readonly refuses: string };

export interface RunOptions {
  readonly input?: Json;
  readonly type?: MachineType;
  /** The machine's own limit. */
  readonly timeoutSeconds?: number;
  readonly functions?: Readonly<Record<string, FakeFunction>>;
  /** What its tasks call that is no function. */
  readonly services?: ServiceInvoker;
  readonly random?: () => number;
  readonly clock?: VirtualClock;
}

export interface StartedRun {
  readonly clock: VirtualClock;
  readonly execution: RunningExecution;
  readonly events: readonly HistoryEvent[];
  readonly invocations: readonly LambdaInvocation[];
}

export interface FinishedRun extends StartedRun {
  readonly outcome: ExecutionOutcome;
  /** Virtual milliseconds from start to end. */
  readonly tookMs: number;
}

/** Starts a machine of the given states, from the first, on virtual time and with functions that answer as told. */
export function start(states: object, options: RunOptions = {}): StartedRun {
  const { clock = new VirtualClock(), functions = {}, type = "STANDARD", timeoutSeconds } = options;
  const definition = {
    QueryLanguage: "JSONata",
    StartAt: Object.keys(states)[0],
    States: states,
    ...(timeoutSeconds === undefined ? {} : { TimeoutSeconds: timeoutSeconds }),
  };
  const events: HistoryEvent[] = [];
  const invocations: LambdaInvocation[] = [];
  const calls = new Map<string, number>();
  const invoke = async (invocation: LambdaInvocation): Promise<LambdaOutcome> => {
    const { functionName, payload } = invocation;
    invocations.push(invocation);
    const call = calls.get(functionName) ?? 0;
    calls.set(functionName, call + 1);
    const answer = await functions[functionName]?.(JSON.parse(payload), call);
    return toOutcome(answer ?? { refuses: "ResourceNotFoundException" });
  };
  const execution = startExecution(
    {
      machine: compileMachine(definition, type),
      identity: {
        executionArn: "arn:aws:states:eu-central-1:111111111111:execution:machine:run",
        executionName: "run",
        stateMachineArn: "arn:aws:states:eu-central-1:111111111111:stateMachine:machine",
        stateMachineName: "machine",
        roleArn: "arn:aws:iam::111111111111:role/machine",
      },
      input: options.input ?? {},
      history: { record: (event) => events.push(event) },
    },
    {
      clock,
      invoker: { invoke },
      random: options.random ?? (() => 0.5),
      ...(options.services === undefined ? {} : { services: options.services }),
    },
  );
  return { clock, execution, events, invocations };
}

/** Starts a machine and lets virtual time run to its end. */
export async function run(states: object, options: RunOptions = {}): Promise<FinishedRun> {
  const started = start(states, options);
  const outcome = await started.clock.settle(started.execution.outcome);
  return { ...started, outcome, tookMs: started.clock.now() - started.execution.startedAt };
}

/** A Task that calls a function with the state's input. */
export function task(functionName: string, more: object = {}): object {
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Arguments: { FunctionName: functionName, Payload: "{% $states.input %}" },
    Output: "{% $states.result.Payload %}",
    ...more,
  };
}

function toOutcome(answer: FakeAnswer): LambdaOutcome {
  if ("refuses" in answer) return { kind: "refused", error: answer.refuses, cause: "refused" };
  const common = { executedVersion: "$LATEST", requestId: "00000000-0000-4000-8000-000000000000" };
  return "returns" in answer
    ? { kind: "returned", payload: JSON.stringify(answer.returns), ...common }
    : { kind: "function_error", payload: functionError(answer.throws), ...common };
}

/** What Lambda gives for an error that a Node function throws. */
export function functionError(errorType: string): string {
  return JSON.stringify({ errorType, errorMessage: `${errorType} happened`, trace: [] });
}
