import { type Message, type MessageAttributes, md5 } from "./message.ts";
import type { QueuePlan } from "./queue-plan.ts";

/** For how long a FIFO queue knows a deduplication id. */
const deduplicationMs = 5 * 60_000;
/** AWS's own limit for standard queues. */
const inFlightMax = 120_000;
const sequenceDigits = 20;

export interface QueueOptions {
  readonly plan: QueuePlan;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** Told of every change before it is answered. */
  readonly wrote: (change: Change) => void;
  /** Takes what was received too often. Undefined when there is no such queue. */
  readonly bury?: (dead: Message) => void;
}

/** What happens to one message: it is there as it says, or it is gone. */
type Change = { readonly put: Message } | { readonly gone: string };

export interface Sending {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly sender: string;
  readonly delaySeconds?: number;
  readonly group?: string;
  readonly deduplication?: string;
}

/**
 * One queue: synchronous, its messages in the order of their arrival. A message that somebody works on stays in its
 * place and is passed over until its visibility timeout, so no timer runs while nothing waits.
 */
export class Queue {
  readonly plan: QueuePlan;
  readonly #options: QueueOptions;
  readonly #messages = new Map<string, Message>();
  readonly #sent = new Map<string, { readonly at: number; readonly message: Message }>();
  readonly #arrivals = new Set<() => void>();
  #sequence = 0n;

  constructor(options: QueueOptions) {
    this.plan = options.plan;
    this.#options = options;
  }

  /** Takes a message out of the journal. */
  restore(restored: Message): void {
    this.#messages.set(restored.id, restored);
    const { sequence, deduplication, sentAt } = restored;
    if (sequence !== undefined && BigInt(sequence) > this.#sequence) this.#sequence = BigInt(sequence);
    if (deduplication !== undefined) this.#sent.set(deduplication, { at: sentAt, message: restored });
  }

  forget(id: string): void {
    this.#messages.delete(id);
  }

  /** In a FIFO queue, a message that it knows by its deduplication id is not there twice. */
  send({ body, attributes, sender, delaySeconds, group, deduplication }: Sending): Message {
    const now = this.#options.clock();
    const key = this.plan.fifoQueue ? (deduplication ?? md5(body)) : undefined;
    const known = key === undefined ? undefined : this.#sent.get(key);
    if (known !== undefined && now - known.at < deduplicationMs) return known.message;
    const sent: Message = {
      id: this.#options.newId(),
      body,
      attributes,
      sender,
      sentAt: now,
      visibleAt: now + (delaySeconds ?? this.plan.delaySeconds) * 1_000,
      receiveCount: 0,
      ...(group !== undefined && { group }),
      ...(key !== undefined && { deduplication: key, sequence: this.#nextSequence() }),
    };
    if (key !== undefined) this.#remember(key, sent, now);
    this.#put(sent);
    return sent;
  }

  /** Takes a message from another queue: its age and its id stay. */
  adopt(moved: Message): void {
    const { receipt: _, ...rest } = moved;
    this.#put({
      ...rest,
      visibleAt: this.#options.clock(),
      ...(this.plan.fifoQueue && { sequence: this.#nextSequence() }),
    });
  }

  /** What is visible now, at most `max`, each with a receipt that is good until its visibility timeout. */
  receive(max: number, visibilitySeconds: number = this.plan.visibilityTimeoutSeconds): readonly Message[] {
    const now = this.#options.clock();
    const received: Message[] = [];
    const busyGroups = new Set<string>();
    let inFlight = 0;
    for (const waiting of this.#messages.values()) {
      if (received.length === max || inFlight === inFlightMax) break;
      if (this.#hasExpired(waiting, now)) this.drop(waiting.id);
      else if (waiting.visibleAt > now) {
        inFlight += 1;
        if (waiting.group !== undefined) busyGroups.add(waiting.group);
      } else if (waiting.group === undefined || !busyGroups.has(waiting.group)) {
        if (this.#buriedInstead(waiting)) continue;
        const taken: Message = {
          ...waiting,
          receiveCount: waiting.receiveCount + 1,
          firstReceivedAt: waiting.firstReceivedAt ?? now,
          visibleAt: now + visibilitySeconds * 1_000,
          receipt: this.#options.newId(),
        };
        this.#put(taken);
        received.push(taken);
      }
    }
    return received;
  }

  /** Deletes under the receipt of the latest receive. An older one deletes nothing, as SQS says that it may not. */
  delete(id: string, receipt: string): void {
    if (this.#messages.get(id)?.receipt === receipt) this.drop(id);
  }

  /** @returns false when nobody works on the message under this receipt. */
  changeVisibility(id: string, receipt: string, seconds: number): boolean {
    const known = this.#messages.get(id);
    const now = this.#options.clock();
    if (known?.receipt !== receipt || known.visibleAt <= now) return false;
    this.#put({ ...known, visibleAt: now + seconds * 1_000 });
    return true;
  }

  purge(): void {
    for (const id of [...this.#messages.keys()]) this.drop(id);
  }

  /** The first message that is visible now; it stays. */
  peek(): Message | undefined {
    const now = this.#options.clock();
    for (const waiting of this.#messages.values()) if (waiting.visibleAt <= now) return waiting;
    return undefined;
  }

  /** Takes a message out, whoever works on it. */
  drop(id: string): void {
    this.#options.wrote({ gone: id });
    this.#messages.delete(id);
  }

  /** Visible, worked on, and delayed messages. */
  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    const now = this.#options.clock();
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const { visibleAt, receipt } of this.#messages.values()) {
      if (visibleAt <= now) counts.visible += 1;
      else if (receipt === undefined) counts.delayed += 1;
      else counts.inFlight += 1;
    }
    return counts;
  }

  messages(): Iterable<Message> {
    return this.#messages.values();
  }

  /** Resolves when something may have become visible, at `deadline` (epoch ms), or when the signal aborts. */
  async change(deadline: number, signal: AbortSignal): Promise<void> {
    const now = this.#options.clock();
    let next = deadline;
    for (const { visibleAt } of this.#messages.values())
      if (visibleAt > now) next = Math.min(next, visibleAt);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#arrivals.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, next - now));
      this.#arrivals.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  #buriedInstead(candidate: Message): boolean {
    const { redrivePolicy, arn } = this.plan;
    const { bury } = this.#options;
    if (redrivePolicy === undefined || bury === undefined) return false;
    if (candidate.receiveCount < redrivePolicy.maxReceiveCount) return false;
    // There first: a kill between the two leaves it twice, which a queue may, and never not at all.
    bury({ ...candidate, deadFrom: arn });
    this.drop(candidate.id);
    return true;
  }

  #hasExpired({ sentAt }: Message, now: number): boolean {
    return now - sentAt > this.plan.messageRetentionSeconds * 1_000;
  }

  #put(changed: Message): void {
    this.#options.wrote({ put: changed });
    this.#messages.set(changed.id, changed);
    for (const arrived of [...this.#arrivals]) arrived();
  }

  #remember(key: string, sent: Message, now: number): void {
    for (const [old, { at }] of this.#sent) {
      if (now - at < deduplicationMs) break;
      this.#sent.delete(old);
    }
    this.#sent.delete(key);
    this.#sent.set(key, { at: now, message: sent });
  }

  #nextSequence(): string {
    this.#sequence += 1n;
    return this.#sequence.toString().padStart(sequenceDigits, "0");
  }
}
