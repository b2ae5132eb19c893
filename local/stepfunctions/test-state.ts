import { Cancellation } from "./cancellation.ts";
import { errorNames, type Failure, matchesFailure, StateFailure } from "./errors.ts";
import { Trace } from "./history.ts";
import type { Ports } from "./interpreter.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { type Catcher, type MapState, type Recovery, type State, secondsMax } from "./machine.ts";
import { findCatcher, RetryCounts } from "./retry.ts";
import { visitChoice } from "./states/choice.ts";
import { visitFail } from "./states/fail.ts";
import { attemptTask } from "./states/task.ts";
import { visitWait } from "./states/wait.ts";
import { Variables } from "./variables.ts";
import { type ExecutionIdentity, Visit } from "./visit.ts";

/** What a mocked call, Parallel or Map gives. */
export type Mock = { readonly result: Json } | { readonly failure: Failure };

export interface StateTest {
  readonly state: State;
  readonly identity: ExecutionIdentity;
  /** `null` in the context object when there is none. */
  readonly roleArn: string | undefined;
  readonly input: Json;
  readonly variables: JsonObject | undefined;
  /** Laid over the context object. */
  readonly context: JsonObject | undefined;
  readonly mock: Mock | undefined;
  /** How often the retrier that names the error was used before. */
  readonly retrierRetryCount: number;
  /** Iterations of a Map that failed. */
  readonly mapIterationFailureCount: number;
  /** A Map's items come from a reader. */
  readonly hasReader: boolean;
}

export interface StateTestOutcome {
  readonly status: "CAUGHT_ERROR" | "FAILED" | "RETRIABLE" | "SUCCEEDED";
  readonly output: Json | undefined;
  readonly failure: Failure | undefined;
  readonly next: string | undefined;
  readonly inspection: Inspection;
}

/** What the state saw on its way. */
export interface Inspection {
  readonly input: Json;
  variables?: JsonObject;
  afterArguments?: Json;
  maxConcurrency?: number;
  toleratedFailureCount?: number;
  toleratedFailurePercentage?: number;
  errorDetails?: ErrorDetails;
}

interface ErrorDetails {
  readonly catchIndex?: number;
  readonly retryIndex?: number;
  readonly retryBackoffIntervalSeconds?: number;
}

const thresholdExceeded: Failure = {
  error: "States.ExceedToleratedFailureThreshold",
  cause: "The specified tolerated failure threshold was exceeded",
};

/** Runs one state by itself, once: what it would do next is told, and not done. */
export async function testState(test: StateTest, ports: Ports): Promise<StateTestOutcome> {
  const visit = new TestedVisit(test, ports);
  const inspection: Inspection = { input: test.input };
  if (test.variables !== undefined) inspection.variables = test.variables;
  try {
    const next = await run(visit, test, inspection);
    return { status: "SUCCEEDED", output: visit.frame.input, failure: undefined, next, inspection };
  } catch (thrown) {
    return fail(visit, test, visit.toFailure(thrown).failure, inspection);
  }
}

class TestedVisit extends Visit {
  readonly #test: StateTest;

  constructor(test: StateTest, ports: Ports) {
    const { identity, input, state } = test;
    const startedAt = ports.clock.now();
    const trace = new Trace(undefined, ports.clock);
    const nested = () => Promise.reject(new Error("what runs inside of a tested state is mocked"));
    super(
      {
        ...{
          identity,
          input,
          startedAt,
          trace,
          machineType: "EXPRESS",
          redrive: { count: 0, at: undefined },
        },
        ...{ clock: ports.clock, invoker: ports.invoker, services: ports.services, callbacks: undefined },
        ...{ random: ports.random, transition: () => undefined, runScope: nested },
      },
      {
        ...{ path: "", graph: { startAt: state.name, states: new Map() }, input, stateName: state.name },
        ...{ variables: new Variables(undefined), cancellation: new Cancellation() },
        ...{ mapItem: undefined, lastEventId: 0 },
      },
      state,
    );
    this.#test = test;
    this.variables.assign(test.variables ?? {});
  }

  override context(): Json {
    const own = super.context() as { readonly [key: string]: JsonObject };
    const { context: given = {}, roleArn = null } = this.#test;
    const merged: Record<string, Json> = { ...own, Execution: { ...own["Execution"], RoleArn: roleArn } };
    for (const [key, value] of Object.entries(given)) {
      const under = merged[key];
      merged[key] = isJsonObject(under) && isJsonObject(value) ? { ...under, ...value } : value;
    }
    return merged;
  }
}

async function run(visit: Visit, test: StateTest, inspection: Inspection): Promise<string | undefined> {
  const { state, mock } = test;
  switch (state.type) {
    case "Pass":
    case "Succeed":
      return visit.leave(state.exit, visit.input);
    case "Fail":
      return visitFail(visit, state);
    case "Wait":
      return visitWait(visit, state);
    case "Choice":
      return visitChoice(visit, state);
    case "Task":
      if (state.arguments !== undefined) inspection.afterArguments = await state.arguments.evaluate(visit);
      visit.result = mock === undefined ? await attemptTask(visit, state, undefined) : resultOf(mock);
      return visit.leave(state.exit, visit.result);
    case "Parallel":
      if (state.arguments !== undefined) await state.arguments.evaluate(visit);
      visit.result = resultOf(mock);
      return visit.leave(state.exit, visit.result);
    case "Map":
      await readMap(visit, test, state, inspection);
      visit.result = resultOf(mock);
      return visit.leave(state.exit, visit.result);
  }
}

function resultOf(mock: Mock | undefined): Json {
  if (mock === undefined) throw new Error("what runs inside of a tested state is mocked");
  if ("failure" in mock) throw new StateFailure(mock.failure);
  return mock.result;
}

/** Evaluates a Map's fields, and holds the iterations that failed against its tolerances. */
async function readMap(
  visit: Visit,
  { hasReader, mapIterationFailureCount: failures }: StateTest,
  state: MapState,
  inspection: Inspection,
): Promise<void> {
  const items = hasReader ? [] : await (state.items?.evaluate(visit) ?? visit.input);
  if (!Array.isArray(items))
    throw visit.failure(errorNames.queryEvaluation, "The Items field must be an array");
  const { maxConcurrency } = state;
  inspection.maxConcurrency =
    maxConcurrency === undefined ? 0 : await visit.number(maxConcurrency, "MaxConcurrency", 0, secondsMax);
  let exceeded = false;
  for (const { field, limit } of state.tolerances) {
    if (field === "ToleratedFailureCount") {
      inspection.toleratedFailureCount = await visit.number(limit, field, 0, secondsMax);
      exceeded ||= failures > inspection.toleratedFailureCount;
    } else {
      inspection.toleratedFailurePercentage = await visit.number(limit, field, 0, 100);
      exceeded ||= failures * 100 > inspection.toleratedFailurePercentage * items.length;
    }
  }
  if (exceeded) throw new StateFailure(thresholdExceeded);
}

/** What Retry and Catch would do about a failure. */
async function fail(
  visit: Visit,
  { state, retrierRetryCount }: StateTest,
  failure: Failure,
  inspection: Inspection,
): Promise<StateTestOutcome> {
  const outcome = { failure, inspection, output: undefined, next: undefined };
  if (!("recovery" in state)) return { ...outcome, status: "FAILED" };
  const { recovery } = state;
  const retry = retryOf(recovery, failure, retrierRetryCount, visit.run.random);
  const catcher = findCatcher(recovery.catchers, failure);
  if (retry?.retryBackoffIntervalSeconds !== undefined) {
    inspection.errorDetails = retry;
    return { ...outcome, status: "RETRIABLE" };
  }
  if (catcher === undefined) {
    if (retry !== undefined) inspection.errorDetails = retry;
    return { ...outcome, status: "FAILED" };
  }
  inspection.errorDetails = { ...retry, catchIndex: recovery.catchers.indexOf(catcher) };
  return catchWith(visit, catcher, failure, inspection);
}

function retryOf(
  { retriers }: Recovery,
  failure: Failure,
  used: number,
  random: () => number,
): ErrorDetails | undefined {
  const retryIndex = retriers.findIndex(({ errorEquals }) => matchesFailure(errorEquals, failure));
  const retrier = retriers[retryIndex];
  if (retrier === undefined) return undefined;
  const counts = new RetryCounts();
  for (let count = 0; count < Math.min(used, retrier.maxAttempts); count += 1) {
    counts.next(retriers, failure, random);
  }
  const delayMs = counts.next(retriers, failure, random);
  return delayMs === undefined
    ? { retryIndex }
    : { retryIndex, retryBackoffIntervalSeconds: delayMs / 1_000 };
}

async function catchWith(
  visit: Visit,
  { exit }: Catcher,
  failure: Failure,
  inspection: Inspection,
): Promise<StateTestOutcome> {
  const { error, cause } = failure;
  visit.result = undefined;
  visit.errorOutput = {
    ...(error === undefined ? {} : { Error: error }),
    ...(cause === undefined ? {} : { Cause: cause }),
  };
  try {
    const next = await visit.leave(exit, visit.errorOutput);
    return { status: "CAUGHT_ERROR", output: visit.frame.input, failure, next, inspection };
  } catch (thrown) {
    const second = visit.toFailure(thrown).failure;
    return { status: "FAILED", output: undefined, failure: second, next: undefined, inspection };
  }
}
