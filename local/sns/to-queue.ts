import { bytesOf } from "../sqs/message.ts";
import type { Sending } from "../sqs/queue.ts";
import type { Queues } from "../sqs/queues.ts";
import type { Deliver } from "./deliveries.ts";
import { Undeliverable } from "./retries.ts";

/** Whom a queue names as the sender of what a topic put into it. */
const sender = "sns.amazonaws.com";

/** Delivers to the plan's queues: the message as it was published, or SNS's envelope around it. */
export const toQueues =
  (queues: Queues): Deliver =>
  ({ subscription, publication, envelope }) => {
    const queue = queues.find(subscription.endpoint);
    if (queue === undefined) throw new Undeliverable(`there is no queue ${subscription.endpoint}`);
    const { group, deduplication } = publication;
    const sent: Sending = {
      ...(subscription.rawMessageDelivery
        ? { body: publication.message, attributes: publication.attributes }
        : { body: JSON.stringify(envelope), attributes: {} }),
      sender,
      // A standard topic hands its groups to standard queues, for their fairness; a FIFO topic does not.
      ...(group !== undefined && (queue.plan.fifoQueue || publication.sequence === undefined) && { group }),
      ...(queue.plan.fifoQueue && deduplication !== undefined && { deduplication }),
    };
    if (bytesOf(sent.body, sent.attributes) > queue.plan.maxMessageSize) {
      throw new Undeliverable(`the message is longer than ${subscription.endpoint} takes`);
    }
    queue.send(sent);
  };
