import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Plan } from "../plan/plan.ts";
import { systemClock } from "../stepfunctions/clock.ts";
import type { InvocationOutcome } from "./environment.ts";
import { type EventInvocationPorts, EventInvocations } from "./events/invocations.ts";
import { eventSettingsOf } from "./events/settings.ts";
import { memoryEventStore } from "./events/store.ts";
import { type FunctionDefinition, functionsOf, parseFunctionReference } from "./function-definition.ts";
import { eventBytesMax, payloadBytesMax } from "./function-error.ts";
import { EnvironmentPool, PoolStopped } from "./pool.ts";
import { functionNotFound, payloadTooLarge, serviceStopping, throttled } from "./service-error.ts";
import { StartQueue } from "./start-queue.ts";
import { lambdaVariables, traceHeader } from "./variables.ts";
import { handleCall } from "./wire.ts";

/** AWS's default for an account and region. */
const accountConcurrencyDefault = 1_000;
/** About 50 MB each. */
const environmentsPerFunctionDefault = 10;
const idleMsDefault = 10 * 60_000;
/** AWS gives an init 10 s; a laptop that starts many at once, with both cores busy, is slower. */
const initMsDefault = 30_000;
/** Lambda's name for the only version here. */
const latest = "$LATEST";

/** One line that a function wrote. It may hold whatever the function logs: nothing here looks into it. */
export interface FunctionLogLine {
  /** Logical name of the function in the plan. */
  readonly functionName: string;
  /** Undefined while the environment loads its handler. */
  readonly requestId: string | undefined;
  readonly line: string;
}

/** One invocation that ran, for whoever bills it. */
export interface InvocationReport {
  readonly definition: FunctionDefinition;
  /** From the event's arrival in the environment to the handler's answer. */
  readonly durationMs: number;
  /** `X-Amzn-Trace-Id` that it ran under. */
  readonly trace: string;
}

export interface LambdaServiceOptions {
  readonly plan: Plan;
  /** Directory that the handlers of the plan are relative to. Absolute. */
  readonly taskRoot: string;
  /**
   * Variables that win over the plan's and Lambda's own: credentials of the function's role, `AWS_ENDPOINT_URL`, and
   * the plan's values whose hosts resolve elsewhere on this machine. Asked anew for each environment.
   */
  readonly environmentOf: (definition: FunctionDefinition) => Readonly<Record<string, string>>;
  readonly log: (line: FunctionLogLine) => void;
  readonly onInvoked?: (report: InvocationReport) => void;
  /** Where compiled handlers are kept between starts; a cold start takes about half as long then. Absolute. */
  readonly compileCacheDirectory?: string;
  /** Invocations at once, over all functions. */
  readonly accountConcurrencyMax?: number;
  /** Environments of one function at once; invocations beyond wait for one. */
  readonly environmentsPerFunctionMax?: number;
  /** Milliseconds after which an environment that did nothing is ended. */
  readonly idleMsMax?: number;
  /** Milliseconds after which an environment that does not load its handler is ended. */
  readonly initMsMax?: number;
  /** What asynchronous invocations stand on. By default this machine's clock, memory, and no destinations. */
  readonly events?: Partial<EventInvocationPorts>;
}

export interface InvokeOptions {
  /** The invocation's own id, for a caller who must know it. A new one when left out. */
  readonly requestId?: string;
  /** Stops the waiting, not the function: Lambda runs an invocation to its end although the caller left. */
  readonly signal?: AbortSignal;
  /** `X-Amzn-Trace-Id` of whoever causes the invocation. */
  readonly trace?: string;
  /** Answers the last 4 KiB of the invocation's log lines too. */
  readonly tail?: boolean;
}

export interface InvokeResult {
  /** JSON text: what the handler returned, or what Lambda says about its failure. */
  readonly payload: string;
  readonly functionError?: "Unhandled" | "Handled";
  readonly logTail?: string;
}

/** A function whose handler could not be loaded ahead of its first invocation. */
export interface WarmFailure {
  readonly functionName: string;
  /** JSON text, as its invocations will answer it. */
  readonly payload: string;
}

interface Deployed {
  readonly definition: FunctionDefinition;
  readonly pool: EnvironmentPool;
  inFlight: number;
}

/** AWS Lambda for the functions of the plan: each environment is a worker thread of this process. */
export class LambdaService implements Engine {
  readonly service = "lambda";
  readonly #options: LambdaServiceOptions;
  readonly #functions = new Map<string, Deployed>();
  readonly #starts = new StartQueue(Math.max(2, availableParallelism()));
  readonly #events: EventInvocations;
  #inFlight = 0;
  #isStopped = false;

  /** @throws Refusal when the plan deploys a function that this machine cannot run. */
  constructor(options: LambdaServiceOptions) {
    this.#options = options;
    for (const definition of functionsOf(options.plan)) {
      this.#functions.set(definition.name, { definition, pool: this.#poolOf(definition), inFlight: 0 });
    }
    this.#events = new EventInvocations({
      clock: systemClock,
      store: memoryEventStore(),
      deliver: () => Promise.reject(new Error("nothing here delivers to destinations")),
      warn: () => undefined,
      ...options.events,
      functions: this.functions,
      settings: eventSettingsOf(options.plan, this.functions),
      invoke: async ({ functionName, payload, requestId, trace }) => {
        const how = { requestId, ...(trace !== undefined && { trace }) };
        const { functionError, ...answer } = await this.invoke(functionName, payload, how);
        return { ...answer, functionError };
      },
    });
  }

  /** The functions of the plan, in its order. */
  get functions(): readonly FunctionDefinition[] {
    return [...this.#functions.values()].map(({ definition }) => definition);
  }

  /**
   * Runs a function and waits for its answer (`RequestResponse`). A function that fails is a result.
   * `nameOrArn` may carry the version `$LATEST`. `payload` is JSON text of 6 MiB at most.
   * @throws LambdaServiceError `ResourceNotFoundException`, `TooManyRequestsException` or
   * `RequestEntityTooLargeException`, when the function did not run.
   * @throws the signal's reason, once it aborts.
   */
  async invoke(nameOrArn: string, payload: string, options: InvokeOptions = {}): Promise<InvokeResult> {
    const deployed = this.#find(nameOrArn);
    checkSize(payload, payloadBytesMax, "RequestResponse");
    if (this.#isStopped) throw serviceStopping();
    options.signal?.throwIfAborted();
    const { functionError, logTail, ...outcome } = await unlessAborted(
      this.#run(deployed, payload, options),
      options.signal,
    );
    return {
      ...outcome,
      ...(functionError !== undefined && { functionError }),
      ...(options.tail === true && { logTail }),
    };
  }

  /**
   * Keeps an event for the function and returns; the function runs later, and twice more when it fails (`Event`).
   * `payload` is JSON text of 1 MiB at most.
   * @returns the request id that its invocations will have.
   * @throws LambdaServiceError when the event is not accepted.
   */
  invokeLater(nameOrArn: string, payload: string, options: Pick<InvokeOptions, "trace"> = {}): string {
    const { definition } = this.#find(nameOrArn);
    checkSize(payload, eventBytesMax, "Event");
    if (this.#isStopped) throw serviceStopping();
    const requestId = randomUUID();
    this.#events.accept({ requestId, functionName: definition.name, payload, trace: options.trace });
    return requestId;
  }

  /** Goes on with the events that an earlier run accepted. To be called once what they need is up. */
  resumeEvents(): void {
    this.#events.resume();
  }

  /** @throws LambdaServiceError when an invocation would not be admitted (`DryRun`). */
  check(nameOrArn: string, payload: string): void {
    this.#find(nameOrArn);
    checkSize(payload, payloadBytesMax, "RequestResponse");
  }

  handle(call: AwsCall): Promise<AwsAnswer> {
    return handleCall(call, this);
  }

  /**
   * Starts environments ahead of their first invocation.
   * `names`: names, ARNs or logical names of functions. `count`: how many each is to have.
   * @returns the functions whose handlers cannot be loaded.
   */
  async warm(names: readonly string[], count: number): Promise<readonly WarmFailure[]> {
    const failures = await Promise.all(
      names.map(async (name) => {
        const { definition, pool } = this.#byLogicalName(name) ?? this.#find(name);
        const payloads = await pool.warm(count);
        return payloads.slice(0, 1).map((payload) => ({ functionName: definition.logicalName, payload }));
      }),
    );
    return failures.flat();
  }

  /** Ends every environment, whatever it runs. The service cannot be used again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const eventsEnd = this.#events.stop();
    await Promise.all([...this.#functions.values()].map(({ pool }) => pool.stop()));
    await eventsEnd;
  }

  async #run(deployed: Deployed, payload: string, options: InvokeOptions): Promise<InvocationOutcome> {
    const { definition, pool } = deployed;
    const accountMax = this.#options.accountConcurrencyMax ?? accountConcurrencyDefault;
    if (definition.reservedConcurrency !== undefined && deployed.inFlight >= definition.reservedConcurrency) {
      throw throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
    }
    if (this.#inFlight >= accountMax) throw throttled("ConcurrentInvocationLimitExceeded");
    deployed.inFlight += 1;
    this.#inFlight += 1;
    const trace = traceHeader(options.trace, Date.now());
    try {
      const { durationMs, ...outcome } = await pool.invoke({
        requestId: options.requestId ?? randomUUID(),
        payload,
        invokedFunctionArn: definition.arn,
        traceHeader: trace,
      });
      this.#options.onInvoked?.({ definition, durationMs, trace });
      return outcome;
    } catch (thrown) {
      throw thrown instanceof PoolStopped ? serviceStopping() : thrown;
    } finally {
      deployed.inFlight -= 1;
      this.#inFlight -= 1;
    }
  }

  #find(nameOrArn: string): Deployed {
    const reference = parseFunctionReference(nameOrArn);
    const deployed = reference === undefined ? undefined : this.#functions.get(reference.name);
    const isHere =
      (reference?.arn === undefined || reference.arn === deployed?.definition.arn) &&
      (reference?.qualifier === undefined || reference.qualifier === latest);
    if (deployed !== undefined && isHere) return deployed;
    const { region, account } = this.#options.plan;
    throw functionNotFound(
      nameOrArn.startsWith("arn:") ? nameOrArn : `arn:aws:lambda:${region}:${account}:function:${nameOrArn}`,
    );
  }

  #byLogicalName(name: string): Deployed | undefined {
    return [...this.#functions.values()].find(({ definition }) => definition.logicalName === name);
  }

  #poolOf(definition: FunctionDefinition): EnvironmentPool {
    const { taskRoot, compileCacheDirectory, environmentOf, log } = this.#options;
    return new EnvironmentPool({
      environmentsMax: this.#options.environmentsPerFunctionMax ?? environmentsPerFunctionDefault,
      idleMsMax: this.#options.idleMsMax ?? idleMsDefault,
      schedule: (start) => this.#starts.run(start),
      environment: () => ({
        functionName: definition.name,
        timeoutSeconds: definition.timeoutSeconds,
        memorySizeMb: definition.memorySizeMb,
        initMsMax: this.#options.initMsMax ?? initMsDefault,
        bootstrap: { taskRoot, handler: definition.handler, compileCacheDirectory },
        variables: {
          ...lambdaVariables(definition, taskRoot),
          ...definition.variables,
          ...environmentOf(definition),
        },
        log: (requestId, line) => log({ functionName: definition.logicalName, requestId, line }),
      }),
    });
  }
}

function checkSize(payload: string, bytesMax: number, invocationType: "RequestResponse" | "Event"): void {
  // A UTF-16 unit is three bytes at most: most payloads are measured without being encoded.
  if (payload.length * 3 <= bytesMax) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes > bytesMax) throw payloadTooLarge(bytes, bytesMax, invocationType);
}

/** The promise, or the signal's reason, whichever is first. The promise's own failure is never left unhandled. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
