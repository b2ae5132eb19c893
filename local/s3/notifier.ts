import { randomUUID } from "node:crypto";
import { busEvent, eventRecord, type Happening, testEvent } from "./event-records.ts";
import type { Notice } from "./notice.ts";
import { hears, type NotificationPlan } from "./notification-plan.ts";

/** Resolves when it is told, or given up. Rejects when the local cloud stops: it is told at the next start. */
export type Tell = (notice: Notice, bucketArn: string) => Promise<void>;

export interface NotifierOptions {
  readonly plan: NotificationPlan;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Told of each notice that nobody needs to remember any more. */
  readonly told: (notice: Notice) => void;
}

const sequencerDigits = 16;

/** Whom one bucket tells of what happens in it, and what of that is not told yet. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #waiting = new Map<string, Notice>();
  #tell: Tell | undefined;
  #sequencer = 0;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** What is to be told, for the journal line of what happened: the one is written with the other. */
  noticesOf(happened: Omit<Happening, "at" | "sequencer">): readonly Notice[] {
    const { plan, clock } = this.#options;
    // From the clock: what an earlier process gave out was smaller.
    this.#sequencer = Math.max(this.#sequencer + 1, clock() * 1_000);
    const sequencer = this.#sequencer.toString(16).toUpperCase().padStart(sequencerDigits, "0");
    const happening: Happening = { ...happened, at: clock(), sequencer };
    const { event, version } = happening;
    const notices: Notice[] = plan.subscribers
      .filter((subscriber) => hears(subscriber, event, version.key))
      .map((subscriber) => ({
        id: randomUUID(),
        targetArn: subscriber.arn,
        body: eventRecord(plan, subscriber, happening),
      }));
    if (plan.eventBridge) {
      const targetArn = `arn:aws:events:${plan.region}:${plan.account}:event-bus/default`;
      notices.push({ id: randomUUID(), targetArn, ...busEvent(plan, happening) });
    }
    return notices;
  }

  /** Test events for the queues and topics that have not had one. `known`: ARNs of those that have. */
  testsFor(known: ReadonlySet<string>): readonly Notice[] {
    const { plan, clock } = this.#options;
    const arns = new Set(plan.subscribers.map(({ arn }) => arn));
    return [...arns]
      .filter((arn) => !known.has(arn) && !arn.startsWith("arn:aws:lambda:"))
      .map((targetArn) => ({ id: randomUUID(), targetArn, body: testEvent(plan, clock(), randomUUID()) }));
  }

  /** Takes what is in the journal, and tells it once there is somebody who can. */
  add(notices: readonly Notice[]): void {
    for (const each of notices) {
      this.#waiting.set(each.id, each);
      if (this.#tell !== undefined) void this.#deliver(each, this.#tell);
    }
  }

  /** An earlier process told it. */
  forget(id: string): void {
    this.#waiting.delete(id);
  }

  /** Begins to tell, with what an earlier process left. To be called once the targets are up. */
  start(tell: Tell): void {
    this.#tell = tell;
    for (const each of this.#waiting.values()) void this.#deliver(each, tell);
  }

  async #deliver(each: Notice, tell: Tell): Promise<void> {
    try {
      await tell(each, `arn:aws:s3:::${this.#options.plan.bucket}`);
    } catch {
      return;
    }
    this.#waiting.delete(each.id);
    this.#options.told(each);
  }
}
