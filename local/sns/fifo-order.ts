import { createHash } from "node:crypto";
import type { Publication, Published } from "./publication.ts";
import { invalid } from "./refusal.ts";
import type { TopicPlan } from "./topic-plan.ts";

/** For how long a topic knows a deduplication id. */
const deduplicationMs = 5 * 60_000;
/** Of a sequence number, which is a number of 20 digits. */
const sequenceDigits = 20;
/** Publications that one topic can number in a millisecond. */
const perMillisecond = 1_000_000n;

type Accepted = Pick<Published, "deduplication" | "sequence">;

/** What a FIFO topic knows of what it published: which ids, and the number that comes next. */
export class FifoOrder {
  readonly #plan: TopicPlan;
  /** Oldest first. */
  readonly #known = new Map<string, { readonly at: number; readonly published: Published }>();
  #last = 0n;

  constructor(plan: TopicPlan) {
    this.#plan = plan;
  }

  /**
   * Checks what a FIFO topic asks for, and gives the publication its place.
   * @returns the publication that was accepted under its id before, if there is one: it is not delivered again.
   * @throws SnsRefusal when it has no group, or nothing to know it by.
   */
  accept(publication: Publication, now: number): Accepted | { readonly known: Published } {
    if (publication.group === undefined) {
      throw invalid("The MessageGroupId parameter is required for FIFO topics");
    }
    const deduplication = publication.deduplication ?? this.#digest(publication.message);
    const known = this.#known.get(this.#scoped(publication.group, deduplication));
    if (known !== undefined && now - known.at < deduplicationMs) return { known: known.published };
    // From the clock: what an earlier process gave out was smaller.
    const fromClock = BigInt(now) * perMillisecond;
    this.#last = fromClock > this.#last ? fromClock : this.#last + 1n;
    return { deduplication, sequence: this.#last.toString().padStart(sequenceDigits, "0") };
  }

  remember(published: Published, now: number): void {
    for (const [old, { at }] of this.#known) {
      if (now - at < deduplicationMs) break;
      this.#known.delete(old);
    }
    const key = this.#scoped(published.group ?? "", published.deduplication ?? "");
    this.#known.delete(key);
    this.#known.set(key, { at: now, published });
  }

  #digest(message: string): string {
    if (!this.#plan.contentBasedDeduplication) {
      throw invalid(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
      );
    }
    return createHash("sha256").update(message).digest("hex");
  }

  #scoped(group: string, deduplication: string): string {
    return this.#plan.fifoThroughputScope === "Topic" ? deduplication : `${group} ${deduplication}`;
  }
}
