import type { Clock } from "../stepfunctions/clock.ts";
import type { Published } from "./publication.ts";
import { retried } from "./retries.ts";
import type { SubscriptionPlan } from "./topic-plan.ts";

/** Deliveries that wait for a retry. AWS has no such limit: here it stands for an endpoint that never comes back. */
const waitingMax = 10_000;

/**
 * Hands one publication to one subscriber.
 * @throws Undeliverable when no retry would help, or anything else when one may.
 */
export type Deliver = (delivery: Delivery) => Promise<void> | void;

export interface Delivery {
  readonly subscription: SubscriptionPlan;
  readonly publication: Published;
  /** What the subscriber gets unless it wants the raw message. */
  readonly envelope: Readonly<Record<string, unknown>>;
}

export interface DeliveriesPorts {
  readonly clock: Clock;
  readonly warn: (line: string) => void;
}

/** Brings publications to subscribers: tries again as SNS does, and buries in the end what a dead-letter queue is for. */
export class Deliveries {
  readonly #ports: DeliveriesPorts;
  readonly #protocols = new Map<string, Deliver>();
  /** What is under way to a subscription of a FIFO topic, by group: the next waits for it. */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  #waiting = 0;

  constructor(ports: DeliveriesPorts) {
    this.#ports = ports;
  }

  connect(protocol: string, deliver: Deliver): void {
    this.#protocols.set(protocol, deliver);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when it was tried once; what goes on behind that goes on by itself. Never rejects. */
  send(delivery: Delivery): Promise<void> {
    const { promise: tried, resolve } = Promise.withResolvers<void>();
    const { subscription, publication } = delivery;
    if (publication.sequence === undefined) {
      void this.#bring(delivery, resolve);
      return tried;
    }
    const lane = `${subscription.arn} ${publication.group}`;
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const whole = before
      .then(() => this.#bring(delivery, resolve))
      .finally(() => {
        if (this.#lanes.get(lane) === whole) this.#lanes.delete(lane);
      });
    this.#lanes.set(lane, whole);
    return tried;
  }

  async #bring(delivery: Delivery, tried: () => void): Promise<void> {
    const attempt = async (): Promise<void> => this.#protocol(delivery)?.(delivery);
    let failure: unknown;
    try {
      await attempt();
      return;
    } catch (thrown) {
      failure = thrown;
    } finally {
      tried();
    }
    if (this.#waiting < waitingMax) {
      this.#waiting += 1;
      failure = await retried(attempt, failure, this.#ports.clock, this.#stopping.signal);
      this.#waiting -= 1;
    }
    if (failure !== undefined && !this.#stopping.signal.aborted) await this.#bury(delivery, failure);
  }

  #protocol({ subscription: { protocol, arn } }: Delivery): Deliver | undefined {
    const deliver = this.#protocols.get(protocol);
    if (deliver === undefined) this.#ports.warn(`${arn} got nothing: no one here delivers to ${protocol}`);
    return deliver;
  }

  async #bury(delivery: Delivery, failure: unknown): Promise<void> {
    const { arn, redrivePolicy } = delivery.subscription;
    const grave = redrivePolicy?.deadLetterTargetArn;
    if (grave === undefined) {
      return this.#ports.warn(`${arn} got nothing, and has no dead-letter queue: ${String(failure)}`);
    }
    try {
      const subscription = { ...delivery.subscription, protocol: "sqs", endpoint: grave };
      await this.#protocols.get("sqs")?.({ ...delivery, subscription });
    } catch (thrown) {
      this.#ports.warn(`${arn} cannot bury a message in ${grave}: ${String(thrown)}`);
    }
  }
}
