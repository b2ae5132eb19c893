import { setImmediate as turn } from "node:timers/promises";
import type { CancelTimer, Clock } from "../clock.ts";

const servedMsMax = 5_000;

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** A clock for tests: it stands still until a test lets it run. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(start = "2026-01-01T00:00:00Z") {
    this.#nowMs = Date.parse(start);
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, fire: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + delayMs, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets everything run that needs no time to pass, then fires what is due up to `ms` from now. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await turn();
    for (let next = this.#earliest(); next !== undefined && next.dueMs <= until; next = this.#earliest()) {
      await this.#fire(next);
    }
    this.#nowMs = until;
  }

  /** Fires timers in order until `work` settles. Throws if it waits for something that is not a timer. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    work.then(mark, mark);
    await turn();
    while (!settled) {
      const next = this.#earliest();
      if (next === undefined) throw new Error("nothing is left that could happen, and the work is not done");
      await this.#fire(next);
    }
    return work;
  }

  /** Like `settle`, for work that also waits for a server in this process. */
  async settleWhileServed<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    work.then(mark, mark);
    const deadlineMs = performance.now() + servedMsMax;
    while (!settled) {
      if (performance.now() > deadlineMs) throw new Error("the work is not done");
      const next = this.#earliest();
      if (next === undefined) await turn();
      else await this.#fire(next);
    }
    return work;
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#nowMs = timer.dueMs;
    timer.fire();
    await turn();
  }
}
