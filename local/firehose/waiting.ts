import type { DeliveryPlan } from "./delivery-plan.ts";
import type { Arrived } from "./forms.ts";

/** Records on their way into one object, until there are enough of them or the first has waited long enough. */
export class Waiting {
  readonly #limits: Pick<DeliveryPlan, "bufferBytesMax" | "bufferMsMax">;
  #records: Arrived[] = [];
  #bytes = 0;
  /** Epoch milliseconds at which the first of them came in; undefined while there is none. */
  #since: number | undefined;

  constructor(limits: Pick<DeliveryPlan, "bufferBytesMax" | "bufferMsMax">) {
    this.#limits = limits;
  }

  get records(): readonly Arrived[] {
    return this.#records;
  }

  add(records: readonly Arrived[], now: number): void {
    if (records.length === 0) return;
    this.#since ??= now;
    this.#records.push(...records);
    for (const { data } of records) this.#bytes += data.length;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limits.bufferBytesMax;
  }

  /** Milliseconds until it is to be delivered, 0 when it is; undefined while there is nothing in it. */
  dueIn(now: number): number | undefined {
    if (this.#since === undefined) return undefined;
    return this.isFull ? 0 : Math.max(0, this.#since + this.#limits.bufferMsMax - now);
  }

  clear(): void {
    this.#records = [];
    this.#bytes = 0;
    this.#since = undefined;
  }
}
