import { setTimeout as sleep } from "node:timers/promises";

export interface RecurringOptions {
  readonly work: (mayGoOn: () => boolean) => Promise<void>;
  /** Milliseconds from the end of one round to the next, if nobody asks for one earlier. */
  readonly everyMs: number;
  /** What a round throws. The next one comes all the same. */
  readonly tell: (error: Error) => void;
}

/** A work that is done again and again, never twice at once: every so often, and at once when somebody asks for it. */
export class Recurring {
  readonly #options: RecurringOptions;
  readonly #stopped = new AbortController();
  #asked = new AbortController();
  #over: Promise<void> | undefined;

  constructor(options: RecurringOptions) {
    this.#options = options;
  }

  start(): void {
    this.#over = this.#run();
  }

  /** There is something to do: the round that is under way may have passed it already, so that another one follows. */
  ask(): void {
    this.#asked.abort();
  }

  /** Resolves when the round that is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#over;
  }

  async #run(): Promise<void> {
    const { work, everyMs, tell } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      this.#asked = new AbortController();
      try {
        await work(() => !signal.aborted);
      } catch (thrown) {
        tell(thrown as Error);
      }
      await sleep(everyMs, undefined, { signal: AbortSignal.any([signal, this.#asked.signal]) }).catch(
        () => undefined,
      );
    }
  }
}
