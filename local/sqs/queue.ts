import { createHash } from "node:crypto";
import type { Message, MessageAttributes } from "./message.ts";
import type { QueuePlan } from "./queue-plan.ts";

/** For how long a FIFO queue knows a deduplication id. */
const deduplicationMs = 5 * 60_000;
/** A receive under the id of an earlier attempt gets what that got, for as long. */
const attemptMs = 5 * 60_000;
/** AWS's own limit. */
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
  readonly trace?: string;
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
  /** What receives got under an attempt's id, oldest first. */
  readonly #attempts = new Map<string, { readonly at: number; readonly received: readonly Message[] }>();
  readonly #arrivals = new Set<() => void>();
  #sequence = 0n;

  constructor(options: QueueOptions) {
    this.plan = options.plan;
    this.#options = options;
  }

  /** Takes a message out of the journal. */
  restore(restored: Message): void {
    this.#messages.set(restored.id, restored);
    const { sequence, deduplication, sentAt, group } = restored;
    if (sequence !== undefined && BigInt(sequence) > this.#sequence) this.#sequence = BigInt(sequence);
    if (deduplication === undefined) return;
    this.#sent.set(this.#scoped(deduplication, group), { at: sentAt, message: restored });
  }

  forget(id: string): void {
    this.#messages.delete(id);
  }

  /** In a FIFO queue, a message that it knows by its deduplication id is not there twice. */
  send({ body, attributes, sender, delaySeconds, group, deduplication, trace }: Sending): Message {
    const now = this.#options.clock();
    const uniqueId = this.plan.fifoQueue ? (deduplication ?? sha256(body)) : undefined;
    const key = uniqueId === undefined ? undefined : this.#scoped(uniqueId, group);
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
      ...(trace !== undefined && { trace }),
      ...(uniqueId !== undefined && { deduplication: uniqueId, sequence: this.#nextSequence() }),
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
    const busyGroups = this.#busyGroups(now);
    let inFlight = 0;
    for (const waiting of this.#messages.values()) {
      if (received.length === max || inFlight === inFlightMax) break;
      if (this.#hasExpired(waiting, now)) this.drop(waiting.id);
      else if (waiting.visibleAt > now) inFlight += 1;
      else if (waiting.group === undefined || !busyGroups.has(waiting.group)) {
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

  /**
   * As `receive`, for a caller that may have lost the answer: under the same id, within five minutes and while nobody
   * has touched them, it gets the same messages under the same receipts, hidden for as long again.
   */
  receiveAttempt(attemptId: string, max: number, visibilitySeconds?: number): readonly Message[] {
    const now = this.#options.clock();
    for (const [old, { at }] of this.#attempts) {
      if (now - at < attemptMs) break;
      this.#attempts.delete(old);
    }
    const earlier = this.#attempts.get(attemptId)?.received ?? [];
    const received = earlier.every((each) => this.#isUntouched(each, now))
      ? this.#hideAgain(earlier, now + (visibilitySeconds ?? this.plan.visibilityTimeoutSeconds) * 1_000)
      : [];
    if (received.length === 0) received.push(...this.receive(max, visibilitySeconds));
    this.#attempts.delete(attemptId);
    if (received.length > 0) this.#attempts.set(attemptId, { at: now, received });
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

  #isUntouched({ id, visibleAt }: Message, now: number): boolean {
    return visibleAt > now && this.#messages.get(id)?.visibleAt === visibleAt;
  }

  #hideAgain(taken: readonly Message[], visibleAt: number): Message[] {
    const hidden = taken.map((each) => ({ ...each, visibleAt }));
    for (const each of hidden) this.#put(each);
    return hidden;
  }

  /**
   * Groups of a FIFO queue that nothing is received from: somebody works on one of their messages, or one is delayed.
   * In a standard queue groups are for fairness only.
   */
  #busyGroups(now: number): ReadonlySet<string> {
    const busy = new Set<string>();
    if (!this.plan.fifoQueue) return busy;
    for (const { group, visibleAt } of this.#messages.values()) {
      if (group !== undefined && visibleAt > now) busy.add(group);
    }
    return busy;
  }

  /** What a deduplication id is unique in: the queue, or its group. */
  #scoped(deduplication: string, group: string | undefined): string {
    return this.plan.deduplicationScope === "messageGroup" ? `${group} ${deduplication}` : deduplication;
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

/** What SQS knows a message by that brings no deduplication id. */
const sha256 = (body: string): string => createHash("sha256").update(body).digest("hex");
