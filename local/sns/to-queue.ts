import type { Queues } from "../sqs/queues.ts";
import type { Deliver } from "./engine.ts";

/** Whom a queue names as the sender of what a topic put into it. */
const sender = "sns.amazonaws.com";

/** Delivers to the plan's queues: the message as it was published, or SNS's envelope around it. */
export const toQueues =
  (queues: Queues): Deliver =>
  ({ subscription, publication, envelope }) => {
    const queue = queues.find(subscription.endpoint);
    if (queue === undefined) throw new Error(`there is no queue ${subscription.endpoint}`);
    queue.send(
      subscription.rawMessageDelivery
        ? { body: publication.message, attributes: publication.attributes, sender }
        : { body: JSON.stringify(envelope), attributes: {}, sender },
    );
  };
