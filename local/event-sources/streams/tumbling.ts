import type { BatchOutcome } from "../invoker.ts";
import type { StreamMapping } from "../mapping.ts";
import { Backoff, pause } from "../pause.ts";
import { type BatchPorts, settleBatch } from "./batch.ts";
import type { Checkpoint } from "./checkpoints.ts";
import type { Lane } from "./lane.ts";
import { recordsText, type StreamRecord } from "./source.ts";

/** A window ends early when its state grows beyond this: 1 MB. */
const stateBytesMax = 1024 * 1024;
/** A window is closed this long after its end, so that records that are still being read reach it. */
const graceMs = 2_000;
const retryMsMin = 500;
const retryMsMax = 60_000;

interface TumblingOptions {
  readonly lane: Lane;
  readonly mapping: StreamMapping;
  readonly shardId: string;
  readonly ports: BatchPorts;
  /** `payload`: JSON text. */
  readonly invoke: (payload: string) => Promise<BatchOutcome>;
  /** The window that an earlier run left open. */
  readonly window: Checkpoint["window"];
  /** Keeps the open window beside the sequence number that its state belongs to. */
  readonly keep: (window: Checkpoint["window"]) => void;
}

interface Moment {
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

const within: Moment = { isFinalInvokeForWindow: false, isWindowTerminatedEarly: false };

/**
 * Hands the records of a shard to the function window by window, with the state that its last invocation returned.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
 */
export class TumblingWindows {
  readonly #options: TumblingOptions;
  #window: NonNullable<Checkpoint["window"]> | undefined;

  constructor(options: TumblingOptions) {
    this.#options = options;
    this.#window = options.window;
  }

  /** Resolves when the lane is closed and empty, or the signal aborted. */
  async run(): Promise<void> {
    const { lane, mapping, ports } = this.#options;
    const sameBatch = (first: StreamRecord, next: StreamRecord): boolean =>
      this.#startOf(first) === this.#startOf(next);
    for (;;) {
      const untilMs = this.#window === undefined ? Infinity : this.#endOf(this.#window) + graceMs;
      const batch = await lane.take({ sameBatch, untilMs });
      if (ports.signal.aborted) return;
      const [first] = batch ?? [];
      if (
        this.#window !== undefined &&
        (first === undefined || this.#startOf(first) !== this.#window.start_ms)
      ) {
        await this.#close();
      }
      if (batch === undefined || ports.signal.aborted) return;
      if (first === undefined) continue;
      this.#window ??= { start_ms: this.#startOf(first), state: {} };
      const invoke = (records: readonly StreamRecord[]) => this.#invoke(records, within);
      await settleBatch(batch, mapping, { ...ports, invoke, settle: (records) => this.#settle(records) });
      if (stateBytes(this.#window.state) > stateBytesMax) await this.#endEarly();
    }
  }

  #startOf({ arrivedAtMs }: StreamRecord): number {
    const lengthMs = this.#options.mapping.tumblingSeconds * 1_000;
    return Math.floor(arrivedAtMs / lengthMs) * lengthMs;
  }

  #endOf({ start_ms: startMs }: { readonly start_ms: number }): number {
    return startMs + this.#options.mapping.tumblingSeconds * 1_000;
  }

  #settle(records: readonly StreamRecord[]): void {
    this.#options.keep(this.#window);
    this.#options.ports.settle(records);
  }

  /** An answer without a state is a failure. */
  async #invoke(records: readonly StreamRecord[], moment: Moment): Promise<BatchOutcome> {
    const { mapping, shardId, invoke } = this.#options;
    const window = this.#window;
    if (window === undefined) throw new Error("no window is open");
    const about = JSON.stringify({
      window: { start: secondOf(window.start_ms), end: secondOf(this.#endOf(window)) },
      state: window.state,
      shardId,
      eventSourceARN: mapping.sourceArn,
      ...moment,
    });
    const outcome = await invoke(`{"Records":${recordsText(records)},${about.slice(1)}`);
    if (outcome.kind !== "answered") return outcome;
    const answer = JSON.parse(outcome.payload) as { state?: unknown } | null;
    if (moment.isFinalInvokeForWindow) return outcome;
    if (typeof answer?.state !== "object" || answer.state === null) return { ...outcome, kind: "failed" };
    window.state = answer.state;
    return outcome;
  }

  async #close(): Promise<void> {
    await this.#finalInvoke({ isFinalInvokeForWindow: true, isWindowTerminatedEarly: false });
    this.#window = undefined;
    this.#options.keep(undefined);
  }

  /** The window goes on with a fresh state. */
  async #endEarly(): Promise<void> {
    await this.#finalInvoke({ isFinalInvokeForWindow: true, isWindowTerminatedEarly: true });
    if (this.#window === undefined) return;
    this.#window.state = {};
    this.#options.keep(this.#window);
  }

  /** Nothing goes on before the function has taken the end of its window. */
  async #finalInvoke(moment: Moment): Promise<void> {
    const { clock, signal } = this.#options.ports;
    const backoff = new Backoff(retryMsMin, retryMsMax);
    while (!signal.aborted) {
      if ((await this.#invoke([], moment)).kind === "answered") return;
      await pause(clock, backoff.next(), signal);
    }
  }
}

/** As Lambda writes it: `2020-12-09T07:04:00Z`. */
function secondOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function stateBytes(state: unknown): number {
  return Buffer.byteLength(JSON.stringify(state));
}
