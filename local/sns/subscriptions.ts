import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { Refusal } from "../process/refusal.ts";
import { StateFile } from "../process/state-file.ts";
import { invalid, SnsRefusal } from "./refusal.ts";
import { filterScope, type SubscriptionPlan } from "./topic-plan.ts";

/** SNS forgets who has not confirmed by then, and the token with it. */
const pendingMsMax = 48 * 3_600_000;
const subscriptionsMax = 10_000;
const tokenBytes = 64;

/** Protocols that reach people. Queues and functions are subscribed by the plan. */
const protocols = ["email", "sms"] as const;
type Protocol = (typeof protocols)[number];

const kept = z.object({
  arn: z.string(),
  topic: z.string(),
  protocol: z.enum(protocols),
  endpoint: z.string(),
  filterPolicy: z.string().exactOptional(),
  filterPolicyScope: filterScope,
  /** Whoever has it may confirm. Kept behind that: the link may be followed twice. */
  token: z.string(),
  confirmed: z.boolean(),
  /** Epoch milliseconds: when its reader was asked last. */
  askedAt: z.number(),
});
export type Kept = z.output<typeof kept>;

export interface SubscriptionsOptions {
  readonly path: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Compiles a filter policy. @throws Refusal when SNS would refuse it. */
  readonly filterOf: (policy: string, scope: Kept["filterPolicyScope"]) => unknown;
  /** Sends the mail by which its reader confirms. */
  readonly ask: (subscription: Kept) => void;
}

/** People at topics, who come and go while the system runs. They are there after a restart. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #file: StateFile<Kept[]>;
  #all: readonly Kept[];

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#file = new StateFile(options.path, z.array(kept));
    this.#all = this.#file.read() ?? [];
  }

  /** Who gets what is published to a topic. */
  confirmedOf(topic: string): readonly SubscriptionPlan[] {
    return this.of(topic)
      .filter(({ confirmed }) => confirmed)
      .map((each) => ({
        ...each,
        rawMessageDelivery: false,
        filterPolicy: each.filterPolicy,
        redrivePolicy: undefined,
      }));
  }

  of(topic: string): readonly Kept[] {
    this.#forget();
    return this.#all.filter((each) => each.topic === topic);
  }

  /** @throws SnsRefusal when there is none. */
  get(arn: string): Kept {
    this.#forget();
    const found = this.#all.find((each) => each.arn === arn);
    if (found === undefined) throw new SnsRefusal("NotFound", "Subscription does not exist", 404);
    return found;
  }

  /** What the plan subscribes: its reader is asked once. */
  adopt({ arn, topic, protocol, endpoint, filterPolicy, filterPolicyScope }: SubscriptionPlan): void {
    if (this.of(topic).some((each) => each.arn === arn)) return;
    const filter = filterPolicy === undefined ? {} : { filterPolicy };
    this.subscribe(topic, { protocol, endpoint, filterPolicyScope, ...filter }, arn);
  }

  /** The same endpoint again is the same subscription; who has not confirmed is asked again. @throws SnsRefusal */
  subscribe(
    topic: string,
    asked: Pick<Kept, "endpoint" | "filterPolicyScope"> & {
      readonly protocol: string;
      readonly filterPolicy?: string;
    },
    arn = `${topic}:${randomUUID()}`,
  ): Kept {
    const { endpoint, filterPolicyScope } = asked;
    const protocol = protocolOf(asked.protocol, endpoint);
    const filter =
      asked.filterPolicy === undefined
        ? {}
        : { filterPolicy: this.#checked(asked.filterPolicy, filterPolicyScope) };
    const known = this.of(topic).find((each) => each.protocol === protocol && each.endpoint === endpoint);
    if (known === undefined && this.#all.length >= subscriptionsMax) {
      throw new SnsRefusal(
        "SubscriptionLimitExceeded",
        "There are as many subscriptions as there can be",
        403,
      );
    }
    if (
      known !== undefined &&
      (known.filterPolicy !== filter.filterPolicy || known.filterPolicyScope !== filterPolicyScope)
    ) {
      throw invalid("Attributes Reason: Subscription already exists with different attributes");
    }
    const subscription: Kept = {
      ...{ arn, topic, protocol, endpoint, ...filter, filterPolicyScope },
      token: randomBytes(tokenBytes).toString("hex"),
      // Who has a phone is not asked.
      confirmed: protocol === "sms",
      ...known,
      askedAt: this.#options.clock(),
    };
    this.#put(subscription);
    if (!subscription.confirmed) this.#options.ask(subscription);
    return subscription;
  }

  /** @throws SnsRefusal when nobody was sent this token. */
  confirm(topic: string, token: string): Kept {
    const found = this.of(topic).find((each) => each.token === token);
    if (found === undefined) throw invalid("Token");
    const confirmed = { ...found, confirmed: true };
    this.#put(confirmed);
    return confirmed;
  }

  /** @throws SnsRefusal while it is pending. */
  end(arn: string): void {
    if (!this.get(arn).confirmed) {
      throw invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation");
    }
    this.#write(this.#all.filter((each) => each.arn !== arn));
  }

  #checked(policy: string, scope: Kept["filterPolicyScope"]): string {
    try {
      this.#options.filterOf(policy, scope);
      return policy;
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      throw invalid(`FilterPolicy: ${thrown.message}`);
    }
  }

  #put(subscription: Kept): void {
    this.#write([...this.#all.filter(({ arn }) => arn !== subscription.arn), subscription]);
  }

  #forget(): void {
    const since = this.#options.clock() - pendingMsMax;
    const left = this.#all.filter(({ confirmed, askedAt }) => confirmed || askedAt > since);
    if (left.length < this.#all.length) this.#write(left);
  }

  #write(all: readonly Kept[]): void {
    this.#file.write([...all]);
    this.#all = all;
  }
}

/** Whether a protocol reaches people, who have to confirm or can be sent SMS. */
export const reachesPeople = (protocol: string): boolean => protocols.some((each) => each === protocol);

function protocolOf(text: string, endpoint: string): Protocol {
  const protocol = protocols.find((each) => each === text);
  if (protocol === undefined) {
    throw invalid(
      `the local SNS subscribes ${protocols.join(" and ")} while it runs; ${text} is subscribed by the plan`,
    );
  }
  const form = protocol === "email" ? /^[^@\s]+@[^@\s]+\.[^@\s]+$/ : /^\+[1-9][0-9]{6,14}$/;
  if (!form.test(endpoint))
    throw invalid(protocol === "email" ? "Email address" : `Invalid SMS endpoint: ${endpoint}`);
  return protocol;
}
