import { setTimeout as sleep } from "node:timers/promises";
import type { Settlement } from "#adapters/books/settlement.ts";
import { businessDaysBetween } from "#core/settlement/business-days.ts";

/** Milliseconds from one word to the next. */
const everyMs = 300_000;

/** Metrics are made of these (stacks/log-metrics.ts). */
export interface StandingSaid {
  readonly open_breaks: number;
  /** From Monday to Friday, UTC; 0 where none is open. */
  readonly oldest_break_business_days: number;
  readonly parked_records: number;
  readonly kept_flaws: number;
}

export interface StandingOptions {
  readonly settlement: Pick<Settlement, "standing">;
  readonly clock: () => number;
  readonly say: (standing: StandingSaid) => void;
  /** What it failed on; it tries again when the next word is due. */
  readonly tell: (error: Error) => void;
}

/**
 * Says how settlement stands, at once and then every five minutes, until it is stopped. Each pod does: they say the same.
 * @param everyMsOfTest for who cannot wait
 */
export class StandingTeller {
  readonly #options: StandingOptions;
  readonly #wanted = new AbortController();
  readonly #over: Promise<void>;

  constructor(options: StandingOptions, everyMsOfTest = everyMs) {
    this.#options = options;
    this.#over = this.#keepSaying(everyMsOfTest);
  }

  async #keepSaying(pauseMs: number): Promise<void> {
    const { signal } = this.#wanted;
    while (!signal.aborted) {
      await this.#sayOnce().catch(this.#options.tell);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sayOnce(): Promise<void> {
    const { settlement, clock, say } = this.#options;
    const { openBreaks, oldest, parked, flaws } = await settlement.standing();
    const now = clock();
    say({
      open_breaks: openBreaks,
      oldest_break_business_days: oldest === undefined ? 0 : businessDaysBetween(oldest.getTime(), now),
      ...{ parked_records: parked, kept_flaws: flaws },
    });
  }

  /** Resolves when the last word is said. */
  async stop(): Promise<void> {
    this.#wanted.abort();
    await this.#over;
  }
}
