import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { PublishCommand } from "@aws-sdk/client-sns";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { currentTrace } from "../door/trace-context.ts";
import type { Principal, ServicePrincipal } from "../iam/guard.ts";
import type { Delivery } from "../lambda/events/invocations.ts";
import type { MessageAttribute } from "../lambda/events/record.ts";
import { deliveryActionOf } from "./actions.ts";
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

/** Who brings something: a role that a service acts in the name of, or a service for itself. */
export type Sender = Principal | ServicePrincipal;

/** Says what AWS tells a sender that may not bring something to a target; undefined when it may. */
export type RefuseSender = (sender: Sender, action: string, targetArn: string) => string | undefined;

export interface CourierPorts {
  readonly clients: AwsClients;
  readonly refuse: RefuseSender;
  /** Accepts an event for a function. */
  readonly invokeLater: (functionArn: string, payload: string) => void;
  readonly putEvent: (entry: BusEntry) => Promise<void>;
}

/** Something to be delivered, and by whom; FIFO queues need the group. */
export type Parcel = Omit<Delivery, "roleArn"> & { readonly messageGroupId?: string | undefined } & Sender;

/** The target does not let the sender in, or the sender's role does not allow it. Nobody who asks again is let in. */
class NotAdmitted extends Error {
  override readonly name = "AccessDeniedException";
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
    const { targetArn, body, messageGroupId } = parcel;
    this.#check(parcel);
    const roleArn = "roleArn" in parcel ? parcel.roleArn : undefined;
    switch (serviceOf(targetArn)) {
      case "sqs":
        await clients.queues(roleArn).send(
          new SendMessageCommand({
            QueueUrl: queueUrlOf(targetArn),
            MessageBody: body,
            MessageAttributes: wireAttributes(parcel.attributes),
            MessageSystemAttributes: traceAttribute(parcel),
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

  /**
   * What goes through the door in a role's name is checked there; the rest is here. Services put events of their own
   * on a bus without being asked.
   */
  #check(parcel: Parcel): void {
    const { targetArn } = parcel;
    const service = serviceOf(targetArn);
    const action = deliveryActionOf(targetArn);
    const isAsked = "roleArn" in parcel ? service === "lambda" || service === "events" : service !== "events";
    if (action === undefined || !isAsked) return;
    const refusal = this.#ports.refuse(parcel, action, targetArn);
    if (refusal !== undefined) throw new NotAdmitted(refusal);
  }
}

const serviceOf = (arn: string): string => arn.split(":")[2] ?? "";

/** S3 hands on the trace of who changed an object. What AWS announces by EventBridge has none. */
function traceAttribute(parcel: Parcel) {
  const trace = "service" in parcel && parcel.service === "s3.amazonaws.com" ? currentTrace() : undefined;
  if (trace === undefined) return undefined;
  return { AWSTraceHeader: { DataType: "String", StringValue: trace } } as const;
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
