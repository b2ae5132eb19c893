import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { PublishCommand } from "@aws-sdk/client-sns";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Delivery } from "../lambda/events/invocations.ts";
import type { MessageAttribute } from "../lambda/events/record.ts";
import { type AwsClients, queueUrlOf } from "./clients.ts";

/** An event as it is put on an event bus. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  /** JSON text of an object. */
  readonly detail: string;
  readonly resources: readonly string[];
  /** ARN or name. */
  readonly busName: string;
}

export interface CourierPorts {
  readonly clients: AwsClients;
  /** Accepts an event for a function. */
  readonly invokeLater: (functionArn: string, payload: string) => void;
  readonly putEvent: (entry: BusEntry) => Promise<void>;
}

/** Something to be delivered; FIFO queues need the group. */
export interface Parcel extends Omit<Delivery, "roleArn"> {
  readonly roleArn: string | undefined;
  readonly messageGroupId?: string | undefined;
}

/** Brings what a service hands on to its target: a queue, a topic, a function, an event bus or a state machine. */
export class Courier {
  readonly #ports: CourierPorts;

  constructor(ports: CourierPorts) {
    this.#ports = ports;
  }

  /** @throws Error when the target refuses, is not there, or is of a kind that nothing here delivers to. */
  async deliver(parcel: Parcel): Promise<void> {
    const { clients, invokeLater, putEvent } = this.#ports;
    const { roleArn, targetArn, body, messageGroupId } = parcel;
    switch (targetArn.split(":")[2]) {
      case "sqs":
        await clients.queues(roleArn).send(
          new SendMessageCommand({
            QueueUrl: queueUrlOf(targetArn),
            MessageBody: body,
            MessageAttributes: wireAttributes(parcel.attributes),
            ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
          }),
        );
        return;
      case "sns":
        await clients.topics(roleArn).send(
          new PublishCommand({
            TopicArn: targetArn,
            Message: body,
            MessageAttributes: wireAttributes(parcel.attributes),
          }),
        );
        return;
      case "lambda":
        invokeLater(targetArn, body);
        return;
      case "events":
        if (parcel.busEvent === undefined) throw new Error(`nothing says what ${targetArn} is to show`);
        await putEvent({ ...parcel.busEvent, detail: body, busName: targetArn });
        return;
      case "states":
        await clients
          .stateMachines(roleArn)
          .send(new StartExecutionCommand({ stateMachineArn: targetArn, input: body }));
        return;
      default:
        throw new Error(`nothing here delivers to ${targetArn}`);
    }
  }
}

function wireAttributes(attributes: Readonly<Record<string, MessageAttribute>> | undefined) {
  if (attributes === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { DataType: type, StringValue: value },
    ]),
  );
}
