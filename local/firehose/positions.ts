import { z } from "zod";
import { StateFile } from "../process/state-file.ts";
import type { Arrived } from "./forms.ts";

const schema = z.object({
  /** When the stream was made. */
  madeAt: z.string().default(""),
  /** By shard, the sequence number of the last record that was delivered. */
  delivered: z.record(z.string(), z.string()),
});
type Delivered = z.output<typeof schema>["delivered"];

/** How far each shard of a stream is delivered: written when an object is there, and not before. */
export class Positions {
  readonly #file: StateFile<z.output<typeof schema>>;
  #delivered: Delivered;
  #madeAt: string;

  /** @throws Refusal when the file is damaged. */
  constructor(path: string) {
    this.#file = new StateFile(path, schema);
    const { delivered = {}, madeAt = "" } = this.#file.read() ?? {};
    this.#delivered = delivered;
    this.#madeAt = madeAt;
  }

  /** The stream that is there was made then: of any other, all is forgotten. */
  areOf(madeAt: string): void {
    if (this.#madeAt !== madeAt) this.#delivered = {};
    this.#madeAt = madeAt;
  }

  /** Undefined: nothing of the shard is delivered. */
  of(shardId: string): string | undefined {
    return this.#delivered[shardId];
  }

  /** @param records those of each shard in its order. */
  keep(records: readonly Arrived[]): void {
    const delivered = { ...this.#delivered };
    for (const { shardId, sequenceNumber } of records) delivered[shardId] = sequenceNumber;
    this.#file.write({ madeAt: this.#madeAt, delivered });
    this.#delivered = delivered;
  }
}
