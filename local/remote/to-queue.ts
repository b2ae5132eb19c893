import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { queueUrlOf } from "../delivery/clients.ts";
import type { Deliver } from "../sns/deliveries.ts";
import { clientOptions } from "./access.ts";
import { toRemote } from "./names.ts";
import type { Remote } from "./remotes.ts";

/** Delivers from topics of ours to queues in another emulator. */
export function toRemoteQueues({ access, names }: Remote): { readonly deliver: Deliver; stop(): void } {
  const sqs = new SQSClient({ ...clientOptions(access), useQueueUrlAsEndpoint: false });
  const deliver: Deliver = async ({ subscription, publication, envelope }) => {
    const { group, deduplication, message, attributes } = publication;
    const isFifo = subscription.endpoint.endsWith(".fifo");
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: toRemote(queueUrlOf(subscription.endpoint), names),
        ...(subscription.rawMessageDelivery
          ? { MessageBody: message, MessageAttributes: wireAttributes(attributes) }
          : { MessageBody: JSON.stringify(envelope) }),
        ...(isFifo && { MessageGroupId: group, MessageDeduplicationId: deduplication }),
      }),
    );
  };
  return { deliver, stop: () => sqs.destroy() };
}

const wireAttributes = (attributes: Parameters<Deliver>[0]["publication"]["attributes"]) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { BinaryValue, ...rest }]) => [
      name,
      BinaryValue === undefined ? rest : { ...rest, BinaryValue: Buffer.from(BinaryValue, "base64") },
    ]),
  );
