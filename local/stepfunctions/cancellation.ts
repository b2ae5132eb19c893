import type { Clock } from "./clock.ts";

/** Unwinds a branch, an iteration or an execution that nobody waits for any more. Never a failure of its own. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** A tree of work that can be given up: cancelling a node gives up everything below it. */
export class Cancellation {
  #cancelled = false;
  readonly #listeners = new Set<() => void>();

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /** Calls `listener` if this is cancelled later, until the returned function is called. */
  onCancel(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  throwIfCancelled(): void {
    if (this.#cancelled) throw new Cancelled();
  }

  /** A node below this one, and the function that takes it out of the tree when its work is over. */
  child(): { readonly child: Cancellation; readonly release: () => void } {
    const child = new Cancellation();
    if (this.#cancelled) child.cancel();
    return { child, release: this.onCancel(() => child.cancel()) };
  }

  /** Resolves after `delayMs` of `clock`; throws Cancelled as soon as this is cancelled. */
  sleep(clock: Clock, delayMs: number): Promise<void> {
    if (this.#cancelled) return Promise.reject(new Cancelled());
    return new Promise((resolve, reject) => {
      const unlisten = this.onCancel(() => {
        stopTimer();
        reject(new Cancelled());
      });
      const stopTimer = clock.schedule(delayMs, () => {
        unlisten();
        resolve();
      });
    });
  }

  /** The outcome of `work`, or `undefined` after `timeoutMs`; throws Cancelled as soon as this is cancelled. */
  wait<T>(work: Promise<T>, clock: Clock, timeoutMs: number | undefined): Promise<T | undefined> {
    if (this.#cancelled) return Promise.reject(new Cancelled());
    return new Promise((resolve, reject) => {
      const unlisten = this.onCancel(() => {
        stopTimer?.();
        reject(new Cancelled());
      });
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : clock.schedule(timeoutMs, () => {
              unlisten();
              resolve(undefined);
            });
      const stopWaiting = (): void => {
        stopTimer?.();
        unlisten();
      };
      work.then(
        (value) => {
          stopWaiting();
          resolve(value);
        },
        (error: unknown) => {
          stopWaiting();
          reject(error);
        },
      );
    });
  }
}
