import type { Clock } from "../stepfunctions/clock.ts";
import type { ScheduleExpression } from "./expression.ts";

interface Entry {
  readonly expression: ScheduleExpression;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  /** `dueMs`: epoch milliseconds for which it was planned. */
  readonly fire: (dueMs: number) => void;
}

/** Fires what is due, one timer per schedule. What fell due while nobody ran is not made up for. */
export class Timetable {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: Entry): void {
    const startedMs = Math.max(this.#clock.now(), entry.startMs ?? 0);
    this.#arm(entry, startedMs, startedMs);
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #arm(entry: Entry, startedMs: number, afterMs: number): void {
    const dueMs = entry.expression.next(afterMs, startedMs);
    if (this.#isStopped || dueMs === undefined || dueMs > (entry.endMs ?? Infinity)) return;
    const cancel = this.#clock.schedule(Math.max(0, dueMs - this.#clock.now()), () => {
      this.#cancels.delete(cancel);
      entry.fire(dueMs);
      // A machine that slept goes on with what is next, not with all that it missed.
      this.#arm(entry, startedMs, Math.max(dueMs, this.#clock.now()));
    });
    this.#cancels.add(cancel);
  }
}
