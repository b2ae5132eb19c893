import type { Clock } from "../stepfunctions/clock.ts";

/** Resolves after `ms` milliseconds, or at once when the signal aborts. Never rejects. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.schedule(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** Waits that grow from `minMs` by doubling, `maxMs` at most, until something goes well. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const ms = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures);
    if (ms < this.#maxMs) this.#failures += 1;
    return ms;
  }

  reset(): void {
    this.#failures = 0;
  }
}
