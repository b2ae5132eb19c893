import { randomUUID } from "node:crypto";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { bytesOf } from "../sqs/message.ts";
import { type Clock, systemClock } from "../stepfunctions/clock.ts";
import { answer, attributeEntries, element, list } from "./answers.ts";
import { type Deliver, Deliveries } from "./deliveries.ts";
import { FifoOrder } from "./fifo-order.ts";
import { envelope, filterable, type Publication, type Published, publicationIn } from "./publication.ts";
import { invalid, SnsRefusal } from "./refusal.ts";
import { listedArn, subscriptionResult } from "./subscription-actions.ts";
import { reachesPeople, type Subscriptions } from "./subscriptions.ts";
import type { FilterScope, SubscriptionPlan, TopicPlan } from "./topic-plan.ts";

const publicationBytesMax = 262_144;
const batchEntriesMax = 10;

export interface SnsOptions {
  readonly topics: readonly TopicPlan[];
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** What deliveries wait on between retries. This machine's clock when left out. */
  readonly retryClock?: Clock;
  /** Compiles a filter policy, JSON text. */
  readonly filterOf: (policy: string, scope: FilterScope) => (event: unknown) => boolean;
  readonly warn: (line: string) => void;
  /** People, who subscribe while it runs. Without it nobody can. */
  readonly people?: Subscriptions;
  /** Told of each mail and SMS: the answer to who published does not tell how many there are. */
  readonly onSent?: (sent: Sent) => void;
}

/** A publication on its way to one person. */
export interface Sent {
  readonly topicArn: string;
  readonly protocol: string;
  /** The call that published it. */
  readonly cause: AwsCall;
}

/** SNS's actions on topics that the plan made. Of what is published it keeps nothing over a restart: whoever subscribes does. */
export class SnsEngine implements Engine {
  readonly service = "sns";
  readonly #options: SnsOptions;
  readonly #topics: ReadonlyMap<string, TopicPlan>;
  /** By their text: as many as there are subscriptions. */
  readonly #filters = new Map<string, (event: unknown) => boolean>();
  readonly #orders: ReadonlyMap<string, FifoOrder>;
  readonly #deliveries: Deliveries;

  constructor(options: SnsOptions) {
    this.#options = options;
    this.#topics = new Map(options.topics.map((topic) => [topic.arn, topic]));
    for (const { filterPolicy, filterPolicyScope } of options.topics.flatMap(
      ({ subscriptions }) => subscriptions,
    )) {
      // What SNS would refuse stops the start.
      if (filterPolicy !== undefined) this.#filterOf(filterPolicy, filterPolicyScope);
    }
    for (const each of options.topics.flatMap(({ subscriptions }) => subscriptions)) {
      if (reachesPeople(each.protocol)) options.people?.adopt(each);
    }
    this.#orders = new Map(
      options.topics.filter(({ fifoTopic }) => fifoTopic).map((topic) => [topic.arn, new FifoOrder(topic)]),
    );
    this.#deliveries = new Deliveries({ clock: options.retryClock ?? systemClock, warn: options.warn });
  }

  /** Says how subscriptions of a protocol (`sqs`, `lambda`) are served. */
  connect(protocol: string, deliver: Deliver): void {
    this.#deliveries.connect(protocol, deliver);
  }

  /** Gives up what waits for a retry. */
  stop(): void {
    this.#deliveries.stop();
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    const { action, method, path, body } = call;
    // Links in mails are followed by browsers.
    const parameters =
      method === "GET" ? new URL(path, "http://sns").searchParams : new URLSearchParams(body.toString());
    try {
      return answer(action, await this.#act(call, parameters));
    } catch (thrown) {
      if (!(thrown instanceof SnsRefusal)) throw thrown;
      return thrown.answer();
    }
  }

  async #act(call: AwsCall, parameters: URLSearchParams): Promise<string> {
    const { action } = call;
    const topicArn = parameters.get("TopicArn") ?? parameters.get("TargetArn") ?? "";
    switch (action) {
      case "Publish":
        return receiptOf(await this.#publish(this.#topic(topicArn), publicationIn(parameters), call));
      case "PublishBatch":
        return this.#publishBatch(this.#topic(topicArn), parameters, call);
      case "ListTopics":
        return list("Topics", [...this.#topics.keys()], (arn) => element("TopicArn", arn));
      case "GetTopicAttributes": {
        const topic = this.#topic(topicArn);
        const people = this.#options.people?.confirmedOf(topicArn) ?? [];
        return attributeEntries(topicAttributes(topic, this.#planned(topic).length + people.length));
      }
      case "ListSubscriptionsByTopic":
        return list("Subscriptions", this.#listed(this.#topic(topicArn)), (subscription) =>
          [
            element("TopicArn", subscription.topic),
            element("Protocol", subscription.protocol),
            element("SubscriptionArn", subscription.arn),
            element("Endpoint", subscription.endpoint),
          ].join(""),
        );
      default:
        return this.#actOnPeople(action, parameters);
    }
  }

  #actOnPeople(action: string, parameters: URLSearchParams): string {
    const { people } = this.#options;
    const result = people && subscriptionResult(action, parameters, people, (arn) => this.#topic(arn));
    if (result !== undefined) return result;
    throw new SnsRefusal("InvalidAction", `The local SNS does not know ${action}.`);
  }

  /** What the plan subscribes for good. */
  #planned({ subscriptions }: TopicPlan): readonly SubscriptionPlan[] {
    const { people } = this.#options;
    return people === undefined
      ? subscriptions
      : subscriptions.filter(({ protocol }) => !reachesPeople(protocol));
  }

  #listed(topic: TopicPlan): readonly Pick<SubscriptionPlan, "topic" | "protocol" | "arn" | "endpoint">[] {
    const people = this.#options.people?.of(topic.arn) ?? [];
    return [...this.#planned(topic), ...people.map((each) => ({ ...each, arn: listedArn(each) }))];
  }

  /** Entry by entry, in their order: one that is refused leaves the others. */
  async #publishBatch(topic: TopicPlan, parameters: URLSearchParams, call: AwsCall): Promise<string> {
    const ids = batchIds(parameters);
    const prefixOf = (index: number): string => `PublishBatchRequestEntries.member.${index + 1}.`;
    let bytes = 0;
    const entries = ids.map((id, index) => {
      const publication = resultOf(() => publicationIn(parameters, prefixOf(index)));
      if (!(publication instanceof SnsRefusal)) bytes += bytesOf(publication.message, publication.attributes);
      return { id, publication };
    });
    if (bytes > publicationBytesMax) {
      throw new SnsRefusal(
        "BatchRequestTooLong",
        "The length of all the batch messages put together is more than the limit.",
      );
    }
    const successful: string[] = [];
    const failed: string[] = [];
    for (const { id, publication } of entries) {
      const outcome =
        publication instanceof SnsRefusal
          ? publication
          : await this.#publish(topic, publication, call).catch(refusalOrThrow);
      if (outcome instanceof SnsRefusal) {
        const { code, message } = outcome;
        const fields = { Id: id, Code: code, Message: message, SenderFault: "true" };
        failed.push(
          Object.entries(fields)
            .map(([name, text]) => element(name, text))
            .join(""),
        );
      } else successful.push(`${element("Id", id)}${receiptOf(outcome)}`);
    }
    return `${list("Successful", successful, (each) => each)}${list("Failed", failed, (each) => each)}`;
  }

  /** Resolves when each subscriber was tried once: what was answered is then with them, not with us. */
  async #publish(topic: TopicPlan, publication: Publication, call: AwsCall): Promise<Published> {
    checkMessage(publication);
    const now = this.#options.clock();
    const order = this.#orders.get(topic.arn);
    if (order === undefined && publication.deduplication !== undefined) {
      throw invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
      );
    }
    const place = order?.accept(publication, now);
    if (place !== undefined && "known" in place) return place.known;
    const published: Published = { ...publication, sequence: undefined, ...place, id: randomUUID() };
    order?.remember(published, now);
    const shown = envelope(published, { topicArn: topic.arn, at: now });
    const people = this.#options.people?.confirmedOf(topic.arn) ?? [];
    await Promise.all(
      [...this.#planned(topic), ...people]
        .filter((subscription) => this.#passes(subscription, published))
        .map((subscription) => {
          const message = published.byProtocol[subscription.protocol] ?? published.message;
          const publication = { ...published, message };
          const { protocol } = subscription;
          if (reachesPeople(protocol)) this.#options.onSent?.({ topicArn: topic.arn, protocol, cause: call });
          return this.#deliveries.send({
            subscription,
            publication,
            envelope: { ...shown, Message: message },
          });
        }),
    );
    return published;
  }

  #passes(
    { filterPolicy, filterPolicyScope }: SubscriptionPlan,
    { message, attributes }: Publication,
  ): boolean {
    if (filterPolicy === undefined) return true;
    const matches = this.#filterOf(filterPolicy, filterPolicyScope);
    if (filterPolicyScope === "MessageAttributes") {
      const seen = filterable(attributes);
      return seen !== undefined && matches(seen);
    }
    try {
      return matches(JSON.parse(message));
    } catch {
      // What is no JSON matches no policy over a body.
      return false;
    }
  }

  /** Compiled once. */
  #filterOf(policy: string, scope: FilterScope): (event: unknown) => boolean {
    const key = `${scope} ${policy}`;
    const matches = this.#filters.get(key) ?? this.#options.filterOf(policy, scope);
    this.#filters.set(key, matches);
    return matches;
  }

  #topic(arn: string): TopicPlan {
    const topic = this.#topics.get(arn);
    if (topic !== undefined) return topic;
    throw new SnsRefusal("NotFound", "Topic does not exist", 404);
  }
}

const receiptOf = ({ id, sequence }: Published): string =>
  `${element("MessageId", id)}${sequence === undefined ? "" : element("SequenceNumber", sequence)}`;

function topicAttributes(topic: TopicPlan, confirmed: number): Readonly<Record<string, string>> {
  return {
    TopicArn: topic.arn,
    DisplayName: topic.displayName,
    SubscriptionsConfirmed: `${confirmed}`,
    ...(topic.fifoTopic && {
      FifoTopic: "true",
      ContentBasedDeduplication: `${topic.contentBasedDeduplication}`,
      FifoThroughputScope: topic.fifoThroughputScope,
    }),
  };
}

function checkMessage({ message, attributes }: Publication): void {
  if (message === "") throw invalid("Empty message");
  if (bytesOf(message, attributes) > publicationBytesMax) throw invalid("Message too long");
}

function batchIds(parameters: URLSearchParams): readonly string[] {
  const ids: string[] = [];
  const idOf = (n: number): string | null => parameters.get(`PublishBatchRequestEntries.member.${n}.Id`);
  for (let id = idOf(1); id !== null; id = idOf(ids.length + 1)) ids.push(id);
  if (ids.length === 0) {
    throw new SnsRefusal("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  }
  if (ids.length > batchEntriesMax) {
    throw new SnsRefusal(
      "TooManyEntriesInBatchRequest",
      "The batch request contains more entries than permissible.",
    );
  }
  if (new Set(ids).size < ids.length) {
    throw new SnsRefusal(
      "BatchEntryIdsNotDistinct",
      "Two or more batch entries in the request have the same Id.",
    );
  }
  return ids;
}

function resultOf<T>(read: () => T): T | SnsRefusal {
  try {
    return read();
  } catch (thrown) {
    return refusalOrThrow(thrown);
  }
}

function refusalOrThrow(thrown: unknown): SnsRefusal {
  if (thrown instanceof SnsRefusal) return thrown;
  throw thrown;
}
