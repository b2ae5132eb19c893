import { randomUUID } from "node:crypto";
import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { bytesOf } from "../sqs/message.ts";
import { envelope, filterable, type Publication, publicationIn } from "./publication.ts";
import type { SubscriptionPlan, TopicPlan } from "./topic-plan.ts";

const publicationBytesMax = 262_144;
const batchEntriesMax = 10;

/** Hands one publication to one subscriber. What it throws is warned of: SNS has answered its caller by then. */
export type Deliver = (delivery: Delivery) => Promise<void> | void;

export interface Delivery {
  readonly subscription: SubscriptionPlan;
  readonly publication: Publication;
  /** What the subscriber gets unless it wants the raw message. */
  readonly envelope: Readonly<Record<string, unknown>>;
}

export interface SnsOptions {
  readonly topics: readonly TopicPlan[];
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Compiles a filter policy, JSON text. */
  readonly filterOf: (policy: string) => (event: unknown) => boolean;
  readonly warn: (line: string) => void;
}

class SnsRefusal extends Error {
  override readonly name = "SnsRefusal";
  readonly code: string;
  readonly statusCode: number;
  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** SNS's actions on topics that the plan made. It keeps nothing: whoever subscribes does. */
export class SnsEngine implements Engine {
  readonly service = "sns";
  readonly #options: SnsOptions;
  readonly #topics: ReadonlyMap<string, TopicPlan>;
  readonly #filters: ReadonlyMap<string, (event: unknown) => boolean>;
  readonly #protocols = new Map<string, Deliver>();

  constructor(options: SnsOptions) {
    this.#options = options;
    this.#topics = new Map(options.topics.map((topic) => [topic.arn, topic]));
    this.#filters = new Map(
      options.topics
        .flatMap(({ subscriptions }) => subscriptions)
        .flatMap(({ arn, filterPolicy }) =>
          filterPolicy === undefined ? [] : [[arn, options.filterOf(filterPolicy)] as const],
        ),
    );
  }

  /** Says how subscriptions of a protocol (`sqs`, `lambda`) are served. */
  connect(protocol: string, deliver: Deliver): void {
    this.#protocols.set(protocol, deliver);
  }

  async handle({ action, body }: AwsCall): Promise<AwsAnswer> {
    const parameters = new URLSearchParams(body.toString());
    try {
      return answer(action, this.#act(action, parameters));
    } catch (thrown) {
      if (!(thrown instanceof SnsRefusal)) throw thrown;
      return refusal(thrown);
    }
  }

  #act(action: string, parameters: URLSearchParams): string {
    const topicArn = parameters.get("TopicArn") ?? parameters.get("TargetArn") ?? "";
    switch (action) {
      case "Publish":
        return element("MessageId", this.#publish(this.#topic(topicArn), publicationIn(parameters)));
      case "PublishBatch":
        return this.#publishBatch(this.#topic(topicArn), parameters);
      case "ListTopics":
        return list("Topics", [...this.#topics.keys()], (arn) => element("TopicArn", arn));
      case "GetTopicAttributes": {
        const { arn, displayName, subscriptions } = this.#topic(topicArn);
        const attributes = {
          TopicArn: arn,
          DisplayName: displayName,
          SubscriptionsConfirmed: `${subscriptions.length}`,
        };
        const entries = Object.entries(attributes).map(
          ([key, value]) => `<entry>${element("key", key)}${element("value", value)}</entry>`,
        );
        return `<Attributes>${entries.join("")}</Attributes>`;
      }
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

  #publishBatch(topic: TopicPlan, parameters: URLSearchParams): string {
    const ids: string[] = [];
    const member = (n: number): string => `PublishBatchRequestEntries.member.${n}.`;
    for (let n = 1; parameters.has(`${member(n)}Id`); n += 1)
      ids.push(parameters.get(`${member(n)}Id`) ?? "");
    if (ids.length === 0)
      throw new SnsRefusal("EmptyBatchRequest", "The batch request doesn't contain any entries.");
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
    const published = ids.map((id, index) => {
      const messageId = this.#publish(topic, publicationIn(parameters, member(index + 1)));
      return `<member>${element("Id", id)}${element("MessageId", messageId)}</member>`;
    });
    return `<Successful>${published.join("")}</Successful><Failed/>`;
  }

  #publish(topic: TopicPlan, publication: Publication): string {
    const { message, attributes } = publication;
    if (message === "") throw new SnsRefusal("InvalidParameter", "Invalid parameter: Empty message");
    if (bytesOf(message, attributes) > publicationBytesMax) {
      throw new SnsRefusal("InvalidParameter", "Invalid parameter: Message too long");
    }
    const id = randomUUID();
    const shown = envelope(publication, { id, topicArn: topic.arn, at: this.#options.clock() });
    for (const subscription of topic.subscriptions) {
      if (this.#passes(subscription, publication))
        this.#deliver({ subscription, publication, envelope: shown });
    }
    return id;
  }

  #passes({ arn, filterPolicyScope }: SubscriptionPlan, { message, attributes }: Publication): boolean {
    const matches = this.#filters.get(arn);
    if (matches === undefined) return true;
    if (filterPolicyScope === "MessageAttributes") return matches(filterable(attributes));
    try {
      return matches(JSON.parse(message));
    } catch {
      // What is no JSON matches no policy over a body.
      return false;
    }
  }

  #deliver(delivery: Delivery): void {
    const { protocol, arn } = delivery.subscription;
    const { warn } = this.#options;
    const deliver = this.#protocols.get(protocol);
    if (deliver === undefined) {
      warn(`${arn} got nothing: no one here delivers to ${protocol}`);
      return;
    }
    const attempt = async (): Promise<void> => deliver(delivery);
    void attempt().catch((thrown: unknown) => warn(`${arn} got nothing: ${String(thrown)}`));
  }

  #topic(arn: string): TopicPlan {
    const topic = this.#topics.get(arn);
    if (topic !== undefined) return topic;
    throw new SnsRefusal("NotFound", "Topic does not exist", 404);
  }
}

const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;

const list = <T>(name: string, items: readonly T[], member: (item: T) => string): string =>
  `<${name}>${items.map((item) => `<member>${member(item)}</member>`).join("")}</${name}>`;

const contentType = "text/xml";
const namespace = "http://sns.amazonaws.com/doc/2010-03-31/";

function answer(action: string, result: string): AwsAnswer {
  const metadata = `<ResponseMetadata>${element("RequestId", randomUUID())}</ResponseMetadata>`;
  const body = `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>${metadata}</${action}Response>`;
  return { statusCode: 200, headers: { "content-type": contentType }, body };
}

function refusal({ code, message, statusCode }: SnsRefusal): AwsAnswer {
  const error = `<Error><Type>Sender</Type>${element("Code", code)}${element("Message", message)}</Error>`;
  const body = `<ErrorResponse xmlns="${namespace}">${error}${element("RequestId", randomUUID())}</ErrorResponse>`;
  return { statusCode, headers: { "content-type": contentType, "x-amzn-errortype": code }, body };
}
