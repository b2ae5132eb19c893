import type { Clock } from "../../stepfunctions/clock.ts";
import type { FunctionDefinition } from "../function-definition.ts";
import { LambdaServiceError } from "../service-error.ts";
import { EventQueue, queuedEventsMax } from "./queue.ts";
import {
  deadLetterAttributes,
  destinationBusEvent,
  destinationRecord,
  type EndedEvent,
  type EventAnswer,
  type MessageAttribute,
} from "./record.ts";
import type { EventSettings } from "./settings.ts";
import type { EventStore, StoredEvent } from "./store.ts";

/** Something that Lambda hands to a queue, topic, function or event bus, in the name of a function's role. */
export interface Delivery {
  readonly roleArn: string;
  readonly targetArn: string;
  /** JSON text. */
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  /** What an event bus shows around the body. */
  readonly busEvent?: {
    readonly source: string;
    readonly detailType: string;
    readonly resources: readonly string[];
  };
}

export interface EventInvocationPorts {
  readonly clock: Clock;
  readonly store: EventStore;
  /** @throws when the target refuses. */
  readonly deliver: (delivery: Delivery) => Promise<void>;
  readonly warn: (line: string) => void;
}

interface Options extends EventInvocationPorts {
  readonly functions: readonly FunctionDefinition[];
  readonly settings: ReadonlyMap<string, EventSettings>;
  readonly invoke: (event: StoredEvent) => Promise<EventAnswer>;
}

/** Asynchronous invocation (`InvocationType` `Event`): a queue per function, retries, and destinations. */
export class EventInvocations {
  readonly #options: Options;
  readonly #queues = new Map<string, EventQueue>();

  constructor(options: Options) {
    this.#options = options;
    const { clock, store, invoke } = options;
    for (const definition of options.functions) {
      const settings = options.settings.get(definition.name);
      if (settings === undefined) throw new Error(`no event settings for ${definition.name}`);
      const conclude = (event: EndedEvent) => this.#conclude(definition, settings, event);
      this.#queues.set(
        definition.name,
        new EventQueue(definition, settings, { clock, store, invoke, conclude }),
      );
    }
  }

  /** Goes on with what an earlier run accepted. Events of functions that are gone are given up. */
  resume(): void {
    for (const event of this.#options.store.all()) {
      const queue = this.#queues.get(event.functionName);
      if (queue !== undefined) queue.add(event);
      else this.#options.store.remove(event.requestId);
    }
  }

  /** Keeps an event and returns; the function runs later. @throws LambdaServiceError when too many wait. */
  accept(event: Omit<StoredEvent, "acceptedAtMs" | "failures">): void {
    const queue = this.#queues.get(event.functionName);
    if (queue === undefined) throw new Error(`no function ${event.functionName}`);
    if (queue.size >= queuedEventsMax) {
      throw new LambdaServiceError(
        "TooManyRequestsException",
        429,
        "Rate Exceeded.",
        "CallerRateLimitExceeded",
      );
    }
    const stored = { ...event, acceptedAtMs: this.#options.clock.now(), failures: 0 };
    this.#options.store.put(stored);
    queue.add(stored);
  }

  /** Starts nothing more; what is not done with stays in the store. */
  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()));
  }

  async #conclude(definition: FunctionDefinition, settings: EventSettings, event: EndedEvent): Promise<void> {
    const failed = event.condition !== "Success";
    const destination = failed ? settings.onFailure : settings.onSuccess;
    const { roleArn } = definition;
    if (destination !== undefined) {
      await this.#deliver(definition, {
        roleArn,
        targetArn: destination,
        body: JSON.stringify(destinationRecord(event)),
        busEvent: destinationBusEvent(event, destination),
      });
    }
    if (failed && settings.deadLetter !== undefined) {
      await this.#deliver(definition, {
        roleArn,
        targetArn: settings.deadLetter,
        body: event.payload,
        attributes: deadLetterAttributes(event),
      });
    }
    if (failed && destination === undefined && settings.deadLetter === undefined) {
      this.#options.warn(
        `${definition.logicalName} lost an event (${event.condition}): it has no on-failure destination and no dead-letter queue`,
      );
    }
  }

  /** Lambda drops what a destination refuses, and counts it in a metric (`DestinationDeliveryFailures`). */
  async #deliver({ logicalName }: FunctionDefinition, delivery: Delivery): Promise<void> {
    try {
      await this.#options.deliver(delivery);
    } catch (thrown) {
      this.#options.warn(`${logicalName} cannot deliver to ${delivery.targetArn}: ${String(thrown)}`);
    }
  }
}
