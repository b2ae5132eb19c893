import type { Clock } from "../../stepfunctions/clock.ts";
import type { StreamRecord } from "./source.ts";

/** Lambda hands a function 6 MiB at most; the rest is the event around the records. */
const batchBytesMax = 6 * 1024 * 1024 - 16 * 1024;

interface LaneSettings {
  readonly batchSize: number;
  readonly windowSeconds: number;
}

interface TakeOptions {
  /** False: the record begins another batch. */
  readonly sameBatch?: (first: StreamRecord, next: StreamRecord) => boolean;
  /** Epoch milliseconds. */
  readonly untilMs?: number;
}

const always = (): boolean => true;

/** Records on their way to a function, one batch after the other. */
export class Lane {
  readonly #settings: LaneSettings;
  readonly #clock: Clock;
  readonly #records: StreamRecord[] = [];
  #isClosed = false;
  #changed: (() => void) | undefined;

  constructor(settings: LaneSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  push(record: StreamRecord): void {
    this.#records.push(record);
    this.#changed?.();
  }

  /** No more records come: what waits for a window to fill is handed out at once. */
  close(): void {
    this.#isClosed = true;
    this.#changed?.();
  }

  /**
   * Waits for a full batch, or for the end of the window that opens with its first record.
   * @returns nothing when no record came until `untilMs`, and undefined once the lane is closed and empty.
   */
  async take({
    sameBatch = always,
    untilMs = Infinity,
  }: TakeOptions = {}): Promise<readonly StreamRecord[] | undefined> {
    while (this.#records.length === 0) {
      if (this.#isClosed) return undefined;
      const leftMs = untilMs - this.#clock.now();
      if (leftMs <= 0) return [];
      await this.#change(leftMs);
    }
    const opensUntilMs = this.#clock.now() + this.#settings.windowSeconds * 1_000;
    while (!this.#isClosed && this.#fitting(sameBatch) === this.#records.length) {
      const leftMs = opensUntilMs - this.#clock.now();
      if (leftMs <= 0 || this.#records.length >= this.#settings.batchSize) break;
      await this.#change(leftMs);
    }
    return this.#records.splice(0, this.#fitting(sameBatch));
  }

  /** How many of the waiting records make one batch. */
  #fitting(sameBatch: NonNullable<TakeOptions["sameBatch"]>): number {
    const [first] = this.#records;
    if (first === undefined) return 0;
    const countMax = Math.min(this.#records.length, this.#settings.batchSize);
    let bytes = 0;
    for (let index = 0; index < countMax; index += 1) {
      const record = this.#records[index] ?? first;
      bytes += Buffer.byteLength(record.text) + 1;
      if (index > 0 && (bytes > batchBytesMax || !sameBatch(first, record))) return index;
    }
    return countMax;
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel?.();
        this.#changed = undefined;
        resolve();
      };
      const cancel = withinMs === Infinity ? undefined : this.#clock.schedule(withinMs, done);
      this.#changed = done;
    });
  }
}
