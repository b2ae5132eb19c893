import { type Failure, matchesFailure } from "./errors.ts";
import type { Catcher, Retrier } from "./machine.ts";

/** How often each retrier of one visit to a state has been used. */
export class RetryCounts {
  readonly #used = new Map<Retrier, number>();

  /**
   * Milliseconds to wait before the next attempt, or `undefined` when nothing retries this failure any more. The first
   * retrier that names the error decides, even when its attempts are used up.
   * @param random at least 0 and below 1; draws the delay of a retrier with full jitter
   */
  next(retriers: readonly Retrier[], failure: Failure, random: () => number): number | undefined {
    const retrier = retriers.find(({ errorEquals }) => matchesFailure(errorEquals, failure));
    if (retrier === undefined) return undefined;
    const used = this.#used.get(retrier) ?? 0;
    if (used >= retrier.maxAttempts) return undefined;
    this.#used.set(retrier, used + 1);
    const grown = retrier.intervalSeconds * retrier.backoffRate ** used;
    const seconds = Math.min(grown, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY, delaySecondsMax);
    return Math.round((retrier.jitter === "FULL" ? random() * seconds : seconds) * 1_000);
  }
}

// A rate without MaxDelaySeconds soon grows past any date; no execution lives longer than a year.
const delaySecondsMax = 31_622_400;

export function findCatcher(catchers: readonly Catcher[], failure: Failure): Catcher | undefined {
  return catchers.find(({ errorEquals }) => matchesFailure(errorEquals, failure));
}
