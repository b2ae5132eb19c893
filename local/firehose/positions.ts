import { z } from "zod";
import { StateFile } from "../process/state-file.ts";
import type { Arrived } from "./forms.ts";

const position = z.object({
  /** The last record that was delivered. */
  sequence_number: z.string().exactOptional(),
  /** Every record of the shard is delivered, and there will be no more. */
  ended: z.literal(true).exactOptional(),
});
const schema = z.object({ shards: z.record(z.string(), position) });
type Position = z.output<typeof position>;

/** How far each shard of a stream is delivered: written when an object is there, and not before. */
export class Positions {
  readonly #file: StateFile<z.output<typeof schema>>;
  #shards: Readonly<Record<string, Position>>;

  /** @throws Refusal when the file is damaged. */
  constructor(path: string) {
    this.#file = new StateFile(path, schema);
    this.#shards = this.#file.read()?.shards ?? {};
  }

  of(shardId: string): Position | undefined {
    return this.#shards[shardId];
  }

  /** @param ended shards of which there was nothing left to read behind these records. */
  keep(delivered: readonly Arrived[], ended: Iterable<string>): void {
    const shards: Record<string, Position> = { ...this.#shards };
    // Of one shard they are in order.
    for (const { shardId, sequenceNumber } of delivered)
      shards[shardId] = { ...shards[shardId], sequence_number: sequenceNumber };
    for (const shardId of ended) shards[shardId] = { ...shards[shardId], ended: true };
    this.#file.write({ shards });
    this.#shards = shards;
  }
}
