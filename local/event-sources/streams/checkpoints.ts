import { z } from "zod";
import { StateFile } from "../../process/state-file.ts";

/** Where the reading of one shard stands. */
const checkpoint = z.object({
  /** The last record that is done with, or undefined while there is none. */
  sequence_number: z.string().exactOptional(),
  /** The tumbling window that is open, with the state that belongs to the sequence number. */
  window: z.object({ start_ms: z.number(), state: z.unknown() }).exactOptional(),
  /** Every record of the shard is done with, and there will be no more. */
  ended: z.literal(true).exactOptional(),
});
export type Checkpoint = z.output<typeof checkpoint>;

const mappingState = z.object({
  incarnation: z.string(),
  /** Epoch milliseconds of the mapping's first start: what came before is not for a mapping that starts at LATEST. */
  since_ms: z.number(),
  shards: z.record(z.string(), checkpoint),
});
type MappingState = z.output<typeof mappingState>;

const schema = z.object({ mappings: z.record(z.string(), mappingState) });

/** Checkpoints are written at most this often; what a crash takes back is delivered once more. */
const writeEveryMs = 50;

/** The positions of all stream pollers, in one small file. */
export class Checkpoints {
  readonly #file: StateFile<z.output<typeof schema>> | undefined;
  readonly #mappings: Map<string, MappingState>;
  #writing: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Without a path, positions live as long as the process. @throws Refusal when the file is damaged. */
  constructor(path: string | undefined) {
    this.#file = path === undefined ? undefined : new StateFile(path, schema);
    this.#mappings = new Map(Object.entries(this.#file?.read()?.mappings ?? {}));
  }

  /** The mapping's positions on this incarnation of its stream; those on an earlier one are forgotten. */
  open(mapping: string, incarnation: string, nowMs: number): MappingCheckpoints {
    let state = this.#mappings.get(mapping);
    const isFirst = state?.incarnation !== incarnation;
    if (state === undefined || isFirst) {
      state = { incarnation, since_ms: nowMs, shards: {} };
      this.#mappings.set(mapping, state);
      this.flush();
    }
    const { shards, since_ms: sinceMs } = state;
    return {
      isFirst,
      sinceMs,
      of: (shardId) => shards[shardId],
      set: (shardId, next) => {
        if (this.#isClosed) return;
        shards[shardId] = next;
        this.#writing ??= setTimeout(() => this.flush(), writeEveryMs);
      },
    };
  }

  /** Writes what is not written yet, and takes nothing more. */
  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  /** Writes what is not written yet. */
  flush(): void {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    this.#file?.write({ mappings: Object.fromEntries(this.#mappings) });
  }
}

export interface MappingCheckpoints {
  /** No earlier run read this stream for the mapping. */
  readonly isFirst: boolean;
  /** Epoch milliseconds of the mapping's first start on this stream. */
  readonly sinceMs: number;
  of(shardId: string): Checkpoint | undefined;
  set(shardId: string, checkpoint: Checkpoint): void;
}
