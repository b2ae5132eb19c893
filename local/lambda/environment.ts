import { Worker } from "node:worker_threads";
import {
  exitedPayload,
  outOfMemoryPayload,
  responseBytesMax,
  responseTooLargePayload,
  timedOutPayload,
} from "./function-error.ts";
import type { BootstrapData, EnvironmentMessage, InvokeMessage } from "./messages.ts";

const bootstrap = new URL("./bootstrap.ts", import.meta.url);
/** What Lambda returns of a log when asked for its tail. */
const logTailBytesMax = 4 * 1024;

/** What an invocation came to. Never a throw: a function that fails is an answer of Lambda. */
export interface InvocationOutcome {
  readonly payload: string;
  /** Present when the function threw, timed out, or its environment ended. Lambda has only this value today. */
  readonly functionError?: "Unhandled";
  /** The last 4 KiB of the invocation's log lines. */
  readonly logTail: string;
}

export interface EnvironmentOptions {
  readonly functionName: string;
  readonly timeoutSeconds: number;
  readonly memorySizeMb: number;
  /** Milliseconds that the handler's module has to load in. */
  readonly initMsMax: number;
  readonly bootstrap: BootstrapData;
  /** The whole `process.env` of the thread. */
  readonly variables: Readonly<Record<string, string>>;
  readonly log: (requestId: string | undefined, line: string) => void;
  /** Called once, whatever ended the environment, also when it never became ready. */
  readonly onEnd: (environment: Environment) => void;
}

/** The handler's module could not be loaded. `payload` is what the waiting invocation answers. */
export class InitError extends Error {
  override readonly name = "InitError";
  readonly payload: string;
  constructor(payload: string) {
    super(`the environment did not start: ${payload}`);
    this.payload = payload;
  }
}

interface PendingInvocation {
  readonly requestId: string;
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
  logTail: string;
}

/** One Lambda environment: a worker thread with variables of its own that runs one invocation at a time. */
export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #pending: PendingInvocation | undefined;
  #ending = false;
  /** What the pending invocation answers when the thread is gone; undefined lets its exit code speak. */
  #lastWords: ((requestId: string) => string) | undefined;

  private constructor(options: EnvironmentOptions, worker: Worker) {
    this.#options = options;
    this.#worker = worker;
    this.#ended = new Promise((resolve) => {
      worker.once("exit", (exitCode) => {
        this.#end(exitCode);
        resolve();
      });
    });
    worker.on("error", (thrown) => {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === "ERR_WORKER_OUT_OF_MEMORY") this.#lastWords = outOfMemoryPayload;
      this.#log(this.#pending?.requestId, `Environment ended: ${String(thrown)}`);
    });
  }

  /**
   * Starts a thread and loads the handler into it.
   * @throws InitError when the handler cannot be loaded; the thread is gone then.
   */
  static async start(options: EnvironmentOptions): Promise<Environment> {
    const worker = new Worker(bootstrap, {
      name: options.functionName,
      workerData: options.bootstrap,
      env: options.variables,
      // None of this process's flags, arguments or streams: an environment on AWS sees none either.
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: options.memorySizeMb },
    });
    const environment = new Environment(options, worker);
    await environment.#load();
    // An idle environment keeps no process alive; a pending invocation does, by its timer.
    worker.unref();
    return environment;
  }

  /** False once it ended or was told to. */
  get isAlive(): boolean {
    return !this.#ending;
  }

  async #load(): Promise<void> {
    const { initMsMax } = this.#options;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (payload: string) => reject(new InitError(payload));
        const timer = setTimeout(() => fail(timedOutPayload("init", initMsMax / 1_000)), initMsMax);
        this.#worker.on("message", (message: EnvironmentMessage) => {
          if (message.kind === "ready" || message.kind === "init_failed") clearTimeout(timer);
          if (message.kind === "ready") resolve();
          else if (message.kind === "init_failed") fail(message.payload);
          else this.#receive(message, fail);
        });
        this.#worker.once("exit", (exitCode) => {
          clearTimeout(timer);
          fail(exitedPayload("init", exitCode));
        });
      });
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Runs the handler once. The caller sees to it that no other invocation is under way here. */
  invoke(message: Omit<InvokeMessage, "deadlineMs">): Promise<InvocationOutcome> {
    if (this.#pending !== undefined) throw new Error("an environment runs one invocation at a time");
    const { requestId } = message;
    if (this.#ending) {
      return Promise.resolve({
        payload: exitedPayload(requestId, 1),
        functionError: "Unhandled",
        logTail: "",
      });
    }
    const timeoutMs = this.#options.timeoutSeconds * 1_000;
    return new Promise((settle) => {
      const timer = setTimeout(() => this.#timeOut(requestId), timeoutMs);
      this.#pending = { requestId, settle, timer, logTail: "" };
      this.#worker.postMessage({ ...message, deadlineMs: Date.now() + timeoutMs });
    });
  }

  /** Kills the thread, whatever it runs. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#kill();
    await this.#ended;
  }

  #kill(): void {
    this.#ending = true;
    // Somebody waits for the end of the thread: it keeps the process alive until then.
    this.#worker.ref();
    void this.#worker.terminate();
  }

  #receive(
    message: Exclude<EnvironmentMessage, { kind: "ready" | "init_failed" }>,
    failInit: (payload: string) => void,
  ): void {
    switch (message.kind) {
      case "logged":
        this.#log(message.requestId, message.line);
        return;
      case "answered":
        if (this.#pending?.requestId === message.requestId) this.#answer(message.payload);
        return;
      case "failed":
        if (this.#pending?.requestId === message.requestId) this.#fail(message.payload);
        return;
      case "crashed":
        this.#ending = true;
        failInit(message.payload);
        this.#fail(message.payload);
        return;
    }
  }

  #answer(payload: string): void {
    // A UTF-16 unit is three bytes at most: most payloads are measured without being encoded.
    const fits = payload.length * 3 <= responseBytesMax || Buffer.byteLength(payload) <= responseBytesMax;
    if (fits) this.#settle({ payload });
    else this.#fail(responseTooLargePayload());
  }

  #fail(payload: string): void {
    this.#settle({ payload, functionError: "Unhandled" });
  }

  #settle(outcome: Omit<InvocationOutcome, "logTail">): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    clearTimeout(pending.timer);
    pending.settle({ ...outcome, logTail: pending.logTail });
  }

  #timeOut(requestId: string): void {
    const seconds = this.#options.timeoutSeconds;
    this.#log(
      requestId,
      `${new Date().toISOString()} ${requestId} Task timed out after ${seconds.toFixed(2)} seconds`,
    );
    // Answered when the thread is gone, not before: what the handler still does behind its deadline must reach nobody.
    this.#lastWords = () => timedOutPayload(requestId, seconds);
    this.#kill();
  }

  #end(exitCode: number): void {
    this.#ending = true;
    const requestId = this.#pending?.requestId;
    if (requestId !== undefined)
      this.#fail(this.#lastWords?.(requestId) ?? exitedPayload(requestId, exitCode));
    this.#options.onEnd(this);
  }

  #log(requestId: string | undefined, line: string): void {
    this.#options.log(requestId, line);
    const pending = this.#pending;
    if (pending !== undefined) pending.logTail = `${pending.logTail}${line}\n`.slice(-logTailBytesMax);
  }
}
