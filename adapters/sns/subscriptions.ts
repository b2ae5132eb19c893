import {
  FilterPolicyLimitExceededException,
  GetSubscriptionAttributesCommand,
  InvalidParameterException,
  NotFoundException,
  type SNSClient,
  SNSServiceException,
  SubscribeCommand,
  SubscriptionLimitExceededException,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { err, ok, type Result } from "#core/kernel/result.ts";
import { addressIdOf, type Channel } from "#core/notifications/contact.ts";
import { TopicUnavailable } from "./errors.ts";

/**
 * Whether an address gets anything. `pending`: whoever reads its mail has not confirmed yet. `ended`: nobody confirmed
 * within two days, its reader unsubscribed, or another region has the subscription.
 */
export type SubscriptionState = "confirmed" | "pending" | "ended";

/** `refused`: SNS does not take the address. `full`: it takes no more of them, whosever. */
export type SubscribeRefusal = "refused" | "full";

/** Addresses at the topic by which merchants are told. There is one subscription per address, whoever names it. */
export class Subscriptions {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, topicArn: string) {
    this.#client = client;
    this.#topicArn = topicArn;
  }

  /**
   * Subscribes an address; doing it again changes nothing, but that one that is still pending is asked again.
   * @returns the subscription's ARN. @throws TopicUnavailable
   */
  async subscribe(channel: Channel, address: string): Promise<Result<string, SubscribeRefusal>> {
    try {
      const { SubscriptionArn: arn = "" } = await reach(
        this.#client.send(
          new SubscribeCommand({
            TopicArn: this.#topicArn,
            Protocol: channel,
            Endpoint: address,
            // Never changed: SNS takes minutes to heed a change, and refuses a second merchant's that differs.
            Attributes: { FilterPolicy: JSON.stringify({ to: [addressIdOf(channel, address)] }) },
            ReturnSubscriptionArn: true,
          }),
        ),
      );
      return ok(arn);
    } catch (error) {
      if (error instanceof InvalidParameterException) return err("refused");
      if (
        error instanceof FilterPolicyLimitExceededException ||
        error instanceof SubscriptionLimitExceededException
      )
        return err("full");
      throw error;
    }
  }

  /** @throws TopicUnavailable */
  async statusOf(arn: string): Promise<SubscriptionState> {
    // Of another region: what was confirmed there is not known here.
    if (!arn.startsWith(`${this.#topicArn}:`)) return "ended";
    try {
      const { Attributes: attributes = {} } = await reach(
        this.#client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn })),
      );
      return attributes["PendingConfirmation"] === "true" ? "pending" : "confirmed";
    } catch (error) {
      if (error instanceof NotFoundException) return "ended";
      throw error;
    }
  }

  /** Ends a subscription. One that is still pending ends by itself: SNS ends no such on demand. @throws TopicUnavailable */
  async end(arn: string): Promise<void> {
    if (!arn.startsWith(`${this.#topicArn}:`)) return;
    try {
      await reach(this.#client.send(new UnsubscribeCommand({ SubscriptionArn: arn })));
    } catch (error) {
      if (error instanceof NotFoundException || error instanceof InvalidParameterException) return;
      throw error;
    }
  }
}

/** Lets SNS's answers through, and names everything else that can end a call `TopicUnavailable`. */
async function reach<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof SNSServiceException && error.$fault === "client" && !isThrottled(error)) throw error;
    throw new TopicUnavailable(error instanceof Error ? `${error.name}: ${error.message}` : String(error), {
      cause: error,
    });
  }
}

const isThrottled = ({ name, $metadata }: SNSServiceException): boolean =>
  /^Throttl/.test(name) || $metadata.httpStatusCode === 429;
