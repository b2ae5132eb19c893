import { LambdaServiceError } from "../lambda/service-error.ts";
import { Undeliverable } from "../sns/retries.ts";

const throttledStatus = 429;

/** A message of a topic, as SNS shows it to subscribers. */
type Envelope = Readonly<Record<string, unknown>>;

/** What SNS says about its signature. Nothing is signed here, and a function that checks it fails as it should. */
const unsigned = {
  SignatureVersion: "1",
  Signature: "",
  SigningCertUrl: "https://sns.invalid/SimpleNotificationService.pem",
  UnsubscribeUrl: "https://sns.invalid/unsubscribe",
};

/** The event that a function gets for a message of a topic that it is subscribed to, as JSON text. */
function notificationEvent(subscriptionArn: string, envelope: Envelope): string {
  const { Type, MessageId, TopicArn, Subject = null, Message, Timestamp, MessageAttributes = {} } = envelope;
  const Sns = { Type, MessageId, TopicArn, Subject, Message, Timestamp, ...unsigned, MessageAttributes };
  const record = {
    EventSource: "aws:sns",
    EventVersion: "1.0",
    EventSubscriptionArn: subscriptionArn,
    Sns,
  };
  return JSON.stringify({ Records: [record] });
}

/**
 * Delivers a topic's messages to functions: SNS invokes them asynchronously.
 * `invokeLater` throws when the event is not accepted.
 */
export const toFunctions =
  (invokeLater: (functionArn: string, payload: string) => void) =>
  ({
    subscription,
    envelope,
  }: {
    readonly subscription: { readonly arn: string; readonly endpoint: string };
    readonly envelope: Envelope;
  }): void => {
    try {
      invokeLater(subscription.endpoint, notificationEvent(subscription.arn, envelope));
    } catch (thrown) {
      throw isRefusedForGood(thrown) ? new Undeliverable(String(thrown), { cause: thrown }) : thrown;
    }
  };

/** A function that is not there does not come back; one that has too many events may take the next. */
const isRefusedForGood = (thrown: unknown): boolean =>
  thrown instanceof LambdaServiceError && thrown.statusCode < 500 && thrown.statusCode !== throttledStatus;
