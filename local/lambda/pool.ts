import { Environment, type EnvironmentOptions, InitError, type InvocationOutcome } from "./environment.ts";
import type { InvokeMessage } from "./messages.ts";

interface PoolOptions {
  /** Environments that may exist at once. Invocations beyond wait for one: AWS would start one more. */
  readonly environmentsMax: number;
  /** An environment that did nothing for so long is ended. */
  readonly idleMsMax: number;
  /** Runs a start when the machine has room for it. */
  readonly schedule: <T>(start: () => Promise<T>) => Promise<T>;
  /** Options of one more environment: variables are made anew for each. */
  readonly environment: () => Omit<EnvironmentOptions, "onEnd">;
}

/** An outcome, and how long its environment was at work for it, in milliseconds. */
type TimedOutcome = InvocationOutcome & { readonly durationMs: number };

interface Waiter {
  readonly resolve: (environment: Environment) => void;
  readonly reject: (thrown: unknown) => void;
  /** It has waited for as long as a start takes. */
  isOverdue: boolean;
}

/** Longest wait for a busy environment before one more is started, however long the last start took. */
const patienceMsMax = 1_000;

/**
 * The environments of one function: kept warm, grown on demand, reaped when idle. An invocation that finds them all busy
 * first waits for as long as a start takes: whichever is free by then costs nothing, where a start keeps a core of this
 * machine busy for half a second. On AWS others pay for that.
 */
export class EnvironmentPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Environment>();
  /** Last in, first out: under little load the same few stay warm, and the others are reaped. */
  readonly #idle: Environment[] = [];
  readonly #reapers = new Map<Environment, NodeJS.Timeout>();
  /** Bounded by the concurrency that the service admits. */
  readonly #waiters: Waiter[] = [];
  readonly #starts = new Set<Promise<Environment>>();
  /** How long the latest start took, without its wait for room on the machine. */
  #startMs = 0;
  #isStopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Environments that exist or are being started. */
  get size(): number {
    return this.#all.size + this.#starts.size;
  }

  async invoke(message: Omit<InvokeMessage, "deadlineMs">): Promise<TimedOutcome> {
    let environment: Environment;
    try {
      environment = await this.#acquire();
    } catch (thrown) {
      if (!(thrown instanceof InitError)) throw thrown;
      return { payload: thrown.payload, functionError: "Unhandled", logTail: "", durationMs: 0 };
    }
    const startedMs = performance.now();
    try {
      const outcome = await environment.invoke(message);
      return { ...outcome, durationMs: performance.now() - startedMs };
    } finally {
      this.#offer(environment);
    }
  }

  /**
   * Starts environments until there are `count`, or as many as may exist.
   * @returns the payloads of those that could not load their handler.
   */
  async warm(count: number): Promise<readonly string[]> {
    const missing = Math.min(count, this.#options.environmentsMax) - this.size;
    const starts = Array.from({ length: Math.max(0, missing) }, async () => {
      try {
        this.#offer(await this.#start());
        return undefined;
      } catch (thrown) {
        if (thrown instanceof InitError) return thrown.payload;
        throw thrown;
      }
    });
    return (await Promise.all(starts)).filter((payload) => payload !== undefined);
  }

  /** Ends every environment. Invocations under way answer that their environment exited. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#reapers.values()) clearTimeout(timer);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new PoolStopped());
    await Promise.all([...this.#all].map((environment) => environment.stop()));
    await Promise.allSettled(this.#starts);
  }

  #acquire(): Promise<Environment> {
    if (this.#isStopped) return Promise.reject(new PoolStopped());
    const idle = this.#takeIdle();
    if (idle !== undefined) return Promise.resolve(idle);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, isOverdue: false };
      this.#waiters.push(waiter);
      if (this.#all.size === 0) this.#grow();
      else setTimeout(() => this.#growFor(waiter), Math.min(this.#startMs, patienceMsMax)).unref();
    });
  }

  #growFor(waiter: Waiter): void {
    waiter.isOverdue = true;
    this.#grow();
  }

  #takeIdle(): Environment | undefined {
    for (let environment = this.#idle.pop(); environment !== undefined; environment = this.#idle.pop()) {
      this.#spare(environment);
      if (environment.isAlive) return environment;
    }
    return undefined;
  }

  /**
   * One start for each overdue waiter at most, and for each at all while there is no environment to wait for: a start
   * that a returning environment made needless still ends up idle.
   */
  #grow(): void {
    const overdue = this.#all.size === 0 ? this.#waiters : this.#waiters.filter(({ isOverdue }) => isOverdue);
    const wanted = overdue.length;
    while (this.#starts.size < wanted && this.size < this.#options.environmentsMax) {
      this.#start().then(
        (environment) => this.#offer(environment),
        (thrown: unknown) => {
          this.#waiters.shift()?.reject(thrown);
          this.#grow();
        },
      );
    }
  }

  #start(): Promise<Environment> {
    const start = this.#options
      .schedule(async () => {
        if (this.#isStopped) throw new PoolStopped();
        const startedMs = performance.now();
        const environment = await Environment.start({
          ...this.#options.environment(),
          onEnd: (ended) => this.#forget(ended),
        });
        this.#startMs = performance.now() - startedMs;
        this.#all.add(environment);
        if (!this.#isStopped) return environment;
        await environment.stop();
        throw new PoolStopped();
      })
      .finally(() => this.#starts.delete(start));
    this.#starts.add(start);
    return start;
  }

  #offer(environment: Environment): void {
    if (!environment.isAlive || this.#isStopped) {
      // Its place is free again.
      this.#forget(environment);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(environment);
      return;
    }
    this.#idle.push(environment);
    const reaper = setTimeout(() => this.#reap(environment), this.#options.idleMsMax);
    reaper.unref();
    this.#reapers.set(environment, reaper);
  }

  #reap(environment: Environment): void {
    // Out of reach before it is told to end: nobody is handed an environment that is going.
    this.#forget(environment);
    environment.stop().catch(() => undefined);
  }

  #spare(environment: Environment): void {
    clearTimeout(this.#reapers.get(environment));
    this.#reapers.delete(environment);
  }

  #forget(environment: Environment): void {
    this.#all.delete(environment);
    this.#spare(environment);
    const index = this.#idle.indexOf(environment);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#grow();
  }
}

/** The local cloud is ending. */
export class PoolStopped extends Error {
  override readonly name = "PoolStopped";
  constructor() {
    super("the local Lambda is stopping");
  }
}
