import { setImmediate as turn } from "node:timers/promises";
import type { CancelTimer, Clock } from "#local/stepfunctions/clock.ts";
import type { Random } from "./random.ts";

interface Timer {
  readonly dueMs: number;
  /** Chance decides between timers of one millisecond. */
  readonly order: number;
  readonly fire: () => void;
  cancelled: boolean;
}

/** A history that goes on for so long never ends: the longest ones take a few thousand events. */
const eventsMax = 100_000;

/** Virtual time, and the only cause of anything that happens: between two events everything else stands still. */
export class Scheduler implements Clock {
  #nowMs: number;
  #events = 0;
  readonly #random: Random;
  /** A binary heap, the next timer first. */
  readonly #heap: Timer[] = [];

  constructor(startMs: number, random: Random) {
    this.#nowMs = startMs;
    this.#random = random;
  }

  get events(): number {
    return this.#events;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, fire: () => void): CancelTimer {
    // Whole milliseconds, as clocks and timers of processes have them.
    const timer = {
      dueMs: this.#nowMs + Math.trunc(delayMs),
      order: this.#random.next(),
      fire,
      cancelled: false,
    };
    this.#push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(ms, resolve);
    });
  }

  /** Lets things happen, one after the other, until nothing is left that could. `after` looks at each. */
  async run(after: () => void): Promise<void> {
    await turn();
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      if (timer.cancelled) continue;
      this.#events += 1;
      if (this.#events > eventsMax) throw new Error(`the history has not ended after ${eventsMax} events`);
      this.#nowMs = timer.dueMs;
      timer.fire();
      // A turn of the event loop: every promise that this event settles has been heard when it is over.
      await turn();
      after();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    heap.push(timer);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[child], heap[index])) return first;
      this.#swap(index, child);
      index = child;
    }
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}

const isBefore = (a: Timer | undefined, b: Timer | undefined): boolean =>
  a !== undefined && (b === undefined || a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order));
