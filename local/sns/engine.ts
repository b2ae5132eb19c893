import { randomUUID } from "node:crypto";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { bytesOf } from "../sqs/message.ts";
import { type Clock, systemClock } from "../stepfunctions/clock.ts";
import { answer, attributeEntries, element, list } from "./answers.ts";
import { type Deliver, Deliveries } from "./deliveries.ts";
import { FifoOrder } from "./fifo-order.ts";
import { envelope, filterable, type Publication, type Published, publicationIn } from "./publication.ts";
import { invalid, SnsRefusal } from "./refusal.ts";
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
}

/** SNS's actions on topics that the plan made. It keeps nothing over a restart: whoever subscribes does. */
export class SnsEngine implements Engine {
  readonly service = "sns";
  readonly #options: SnsOptions;
  readonly #topics: ReadonlyMap<string, TopicPlan>;
  readonly #filters: ReadonlyMap<string, (event: unknown) => boolean>;
  readonly #orders: ReadonlyMap<string, FifoOrder>;
  readonly #deliveries: Deliveries;

  constructor(options: SnsOptions) {
    this.#options = options;
    this.#topics = new Map(options.topics.map((topic) => [topic.arn, topic]));
    this.#filters = new Map(
      options.topics
        .flatMap(({ subscriptions }) => subscriptions)
        .flatMap(({ arn, filterPolicy, filterPolicyScope }) =>
          filterPolicy === undefined
            ? []
            : [[arn, options.filterOf(filterPolicy, filterPolicyScope)] as const],
        ),
    );
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

  async handle({ action, body }: AwsCall): Promise<AwsAnswer> {
    const parameters = new URLSearchParams(body.toString());
    try {
      return answer(action, await this.#act(action, parameters));
    } catch (thrown) {
      if (!(thrown instanceof SnsRefusal)) throw thrown;
      return thrown.answer();
    }
  }

  async #act(action: string, parameters: URLSearchParams): Promise<string> {
    const topicArn = parameters.get("TopicArn") ?? parameters.get("TargetArn") ?? "";
    switch (action) {
      case "Publish":
        return receiptOf(await this.#publish(this.#topic(topicArn), publicationIn(parameters)));
      case "PublishBatch":
        return this.#publishBatch(this.#topic(topicArn), parameters);
      case "ListTopics":
        return list("Topics", [...this.#topics.keys()], (arn) => element("TopicArn", arn));
      case "GetTopicAttributes":
        return attributeEntries(topicAttributes(this.#topic(topicArn)));
      case "ListSubscriptionsByTopic":
        return list("Subscriptions", this.#topic(topicArn).subscriptions, (subscription) =>
          [
            element("TopicArn", subscription.topic),
            element("Protocol", subscription.protocol),
            element("SubscriptionArn", subscription.arn),
            element("Endpoint", subscription.endpoint),
          ].join(""),
        );
      default:
        throw new SnsRefusal("InvalidAction", `The local SNS does not know ${action}.`);
    }
  }

  /** Entry by entry, in their order: one that is refused leaves the others. */
  async #publishBatch(topic: TopicPlan, parameters: URLSearchParams): Promise<string> {
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
          : await this.#publish(topic, publication).catch(refusalOrThrow);
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
  async #publish(topic: TopicPlan, publication: Publication): Promise<Published> {
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
    await Promise.all(
      topic.subscriptions
        .filter((subscription) => this.#passes(subscription, published))
        .map((subscription) =>
          this.#deliveries.send({ subscription, publication: published, envelope: shown }),
        ),
    );
    return published;
  }

  #passes({ arn, filterPolicyScope }: SubscriptionPlan, { message, attributes }: Publication): boolean {
    const matches = this.#filters.get(arn);
    if (matches === undefined) return true;
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

  #topic(arn: string): TopicPlan {
    const topic = this.#topics.get(arn);
    if (topic !== undefined) return topic;
    throw new SnsRefusal("NotFound", "Topic does not exist", 404);
  }
}

const receiptOf = ({ id, sequence }: Published): string =>
  `${element("MessageId", id)}${sequence === undefined ? "" : element("SequenceNumber", sequence)}`;

function topicAttributes(topic: TopicPlan): Readonly<Record<string, string>> {
  return {
    TopicArn: topic.arn,
    DisplayName: topic.displayName,
    SubscriptionsConfirmed: `${topic.subscriptions.length}`,
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
