import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Journal } from "../process/journal.ts";
import { type Message, message } from "./message.ts";
import { Queue } from "./queue.ts";
import { type QueuePlan, queueNameOf } from "./queue-plan.ts";

/** The journal is rewritten at this many lines for each message that is left, but not for fewer than the minimum. */
const linesPerMessageMax = 10;
const linesToRewriteMin = 20_000;

const line = z.union([
  z.object({ queue: z.string(), put: message }),
  z.object({ queue: z.string(), gone: z.string() }),
]);
type Line = z.output<typeof line>;

/** The plan's queues, with what an earlier process left in them. */
export class Queues {
  readonly #queues = new Map<string, Queue>();
  readonly #journal: Journal<Line>;
  #lines = 0;

  /** @throws Refusal when the journal is damaged. */
  constructor(plans: readonly QueuePlan[], journalPath: string, clock: () => number) {
    this.#journal = new Journal(journalPath, line);
    for (const plan of plans) this.#queues.set(plan.name, this.#open(plan, clock));
    for (const written of this.#journal.recall()) {
      this.#lines += 1;
      // A queue that the plan no longer has took its messages with it.
      const queue = this.#queues.get(written.queue);
      if ("put" in written) queue?.restore(written.put);
      else queue?.forget(written.gone);
    }
    this.#mayRewrite();
  }

  /** By URL, ARN or name. */
  find(urlOrArn: string): Queue | undefined {
    return this.#queues.get(queueNameOf(urlOrArn));
  }

  all(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  close(): void {
    this.#journal.close();
  }

  #open(plan: QueuePlan, clock: () => number): Queue {
    const grave = plan.redrivePolicy?.deadLetterTargetArn;
    return new Queue({
      plan,
      clock,
      newId: randomUUID,
      wrote: (change) => this.#write({ queue: plan.name, ...change }),
      ...(grave !== undefined && { bury: (dead: Message) => this.find(grave)?.adopt(dead) }),
    });
  }

  #write(written: Line): void {
    this.#journal.append(written);
    this.#lines += 1;
    this.#mayRewrite();
  }

  #mayRewrite(): void {
    if (this.#lines < linesToRewriteMin) return;
    const left = this.all().flatMap((queue) =>
      Array.from(queue.messages(), (put): Line => ({ queue: queue.plan.name, put })),
    );
    if (this.#lines < linesPerMessageMax * left.length) return;
    this.#journal.rewrite(left);
    this.#lines = left.length;
  }
}
