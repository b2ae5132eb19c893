import type { CancelTimer, Clock } from "../../stepfunctions/clock.ts";
import type { FunctionDefinition } from "../function-definition.ts";
import { LambdaServiceError } from "../service-error.ts";
import type { EndedEvent, EventAnswer, EventCondition } from "./record.ts";
import type { EventSettings } from "./settings.ts";
import type { EventStore, StoredEvent } from "./store.ts";

/** Lambda waits a minute before the first retry of a function that failed, and two before the second. */
const failureDelayMs = 60_000;
/** A throttled event is tried again after 1 s, then less and less often, down to every 5 minutes. */
const throttleDelayMsMin = 1_000;
const throttleDelayMsMax = 5 * 60_000;
/** Events of one function that are tried at once; the others wait their turn. */
const inFlightMax = 50;
/** Events of one function that are kept. AWS has no such limit: here it stands for a loop that invokes itself. */
export const queuedEventsMax = 100_000;

export interface EventQueuePorts {
  readonly clock: Clock;
  readonly store: EventStore;
  /** @throws LambdaServiceError when the function did not run. */
  readonly invoke: (event: StoredEvent) => Promise<EventAnswer>;
  /** Hands an event that ended to the function's destinations. Never rejects. */
  readonly conclude: (event: EndedEvent) => Promise<void>;
}

interface QueuedEvent {
  stored: StoredEvent;
  throttles: number;
  lastAnswer: EventAnswer | undefined;
}

/** The events of one function: invoked in the order of their acceptance, retried and given up as Lambda does. */
export class EventQueue {
  readonly #definition: FunctionDefinition;
  readonly #settings: EventSettings;
  readonly #ports: EventQueuePorts;
  readonly #ready: QueuedEvent[] = [];
  readonly #timers = new Set<CancelTimer>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(definition: FunctionDefinition, settings: EventSettings, ports: EventQueuePorts) {
    this.#definition = definition;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Events that wait, run, or wait for a retry. */
  get size(): number {
    return this.#ready.length + this.#timers.size + this.#running.size;
  }

  /** Takes an event that is in the store already. */
  add(stored: StoredEvent): void {
    this.#ready.push({ stored, throttles: 0, lastAnswer: undefined });
    this.#pump();
  }

  /** Starts nothing more, and waits for what runs. What is left stays in the store. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await Promise.all(this.#running);
  }

  #pump(): void {
    while (!this.#isStopped && this.#running.size < inFlightMax) {
      const event = this.#ready.shift();
      if (event === undefined) return;
      const run = this.#attempt(event).finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  async #attempt(event: QueuedEvent): Promise<void> {
    if (this.#definition.reservedConcurrency === 0) return this.#end(event, "ZeroReservedConcurrency");
    if (this.#ports.clock.now() >= this.#expiresAtMs(event)) return this.#end(event, "EventAgeExceeded");
    let answer: EventAnswer;
    try {
      answer = await this.#ports.invoke(event.stored);
    } catch (thrown) {
      if (!(thrown instanceof LambdaServiceError)) throw thrown;
      if (this.#isStopped) return;
      event.throttles += 1;
      return this.#retryLater(event, throttleDelayMs(event.throttles));
    }
    // An environment that ends because the local cloud ends did not fail: the event runs again at the next start.
    if (this.#isStopped && answer.functionError !== undefined) return;
    event.lastAnswer = answer;
    if (answer.functionError === undefined) return this.#end(event, "Success");
    event.stored = { ...event.stored, failures: event.stored.failures + 1 };
    if (event.stored.failures > this.#settings.retriesMax) return this.#end(event, "RetriesExhausted");
    this.#ports.store.put(event.stored);
    return this.#retryLater(event, event.stored.failures * failureDelayMs);
  }

  #retryLater(event: QueuedEvent, delayMs: number): Promise<void> {
    if (this.#ports.clock.now() + delayMs >= this.#expiresAtMs(event))
      return this.#end(event, "EventAgeExceeded");
    const cancel = this.#ports.clock.schedule(delayMs, () => {
      this.#timers.delete(cancel);
      this.#ready.push(event);
      this.#pump();
    });
    this.#timers.add(cancel);
    return Promise.resolve();
  }

  #expiresAtMs({ stored }: QueuedEvent): number {
    return stored.acceptedAtMs + this.#settings.ageSecondsMax * 1_000;
  }

  async #end({ stored, lastAnswer }: QueuedEvent, condition: EventCondition): Promise<void> {
    const { requestId, payload, failures } = stored;
    await this.#ports.conclude({
      requestId,
      functionArn: this.#definition.arn,
      payload,
      condition,
      invocations: failures + (condition === "Success" ? 1 : 0),
      answer: lastAnswer,
      endedAtMs: this.#ports.clock.now(),
    });
    // Behind the delivery, not before: a crash between the two delivers twice, as Lambda may.
    this.#ports.store.remove(requestId);
  }
}

function throttleDelayMs(throttles: number): number {
  return Math.min(throttleDelayMsMax, throttleDelayMsMin * 2 ** (throttles - 1));
}
