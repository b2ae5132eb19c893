import { Logger } from "@aws-lambda-powertools/logger";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent, StreamRecord } from "aws-lambda";
import { disputeOf } from "#adapters/dynamodb/dispute-codec.ts";
import { disputeSortKey } from "#adapters/dynamodb/keys.ts";
import { paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import type { EventStream } from "#adapters/kinesis/event-stream.ts";
import type { CheckQueue, DueCheck } from "#adapters/sqs/check-queue.ts";
import { disputeEventOf } from "#core/events/dispute-event.ts";
import { eventOf, type PaymentEventType } from "#core/events/payment-event.ts";
import type { MerchantEvent } from "#core/events/streamed.ts";
import { checkAfterSeconds, checkOf } from "#core/payments/check.ts";
import type { Payment } from "#core/payments/payment.ts";

const logger = new Logger({ serviceName: "relay" });

interface Ports {
  readonly stream: Pick<EventStream<MerchantEvent>, "publish">;
  readonly checks: Pick<CheckQueue, "send">;
  /** Of this region. */
  readonly epoch: number;
}

interface Change {
  readonly sequenceNumber: string;
  readonly event: MerchantEvent;
}

/**
 * The outbox: every committed change of a payment or a dispute becomes an event, and a reminder where it may get stuck. Its place
 * in the table's stream is the only state: what fails here comes again, from the first that failed.
 */
export const createOutbox =
  ({ stream, checks, epoch }: Ports) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const { changes, changed, unreadable } = read(Records, epoch);
    // Reminders first: an event without one would be published before its payment is watched.
    await checks.send(changed.flatMap(dueCheck));
    const published = await stream.publish(changes.map(({ event }) => event));
    for (const { event } of changes.slice(0, published)) callAPerson(event);
    const failed = changes[published]?.sequenceNumber ?? unreadable;
    return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
  };

/** Changes after which nothing goes on by itself. */
const openEnds: readonly PaymentEventType[] = ["payment.in_review", "payment.refund_in_review"];

/**
 * A line for the alarm that counts it (stacks/log-metrics.ts). Here, because every way into review ends in a committed
 * change; and after publishing, so that what comes again is not counted again.
 */
function callAPerson({ type, data }: MerchantEvent): void {
  if (openEnds.some((open) => open === type))
    logger.warn("a payment is in review", { payment: data.id, type });
}

/** The changes up to the first record that is none: that one alone is given up in the end, and its neighbours are not. */
function read(
  records: readonly DynamoDBRecord[],
  epoch: number,
): {
  readonly changes: readonly Change[];
  /** Each may get stuck where it now is, those that no event is told of too. */
  readonly changed: readonly Payment[];
  readonly unreadable: string | undefined;
} {
  const changes: Change[] = [];
  const changed: Payment[] = [];
  for (const { dynamodb } of records) {
    const sequenceNumber = dynamodb?.SequenceNumber ?? "";
    // Nothing deletes payments; what a restore or a person takes out is no event of a payment's life.
    if (dynamodb?.NewImage === undefined) continue;
    try {
      if (dynamodb.NewImage["sk"]?.S === disputeSortKey) {
        const event = disputeEventIn(dynamodb, epoch);
        if (event !== undefined) changes.push({ sequenceNumber, event });
        continue;
      }
      const payment = paymentOf(imageOf(dynamodb.NewImage));
      const before = dynamodb.OldImage === undefined ? undefined : paymentOf(imageOf(dynamodb.OldImage));
      // A failover stamps what it takes over, and changes nothing else of it.
      if (before?.version === payment.version) continue;
      if (isLeapOfAnother(dynamodb.NewImage, before, payment, epoch)) {
        logger.warn("versions came as one", { payment: payment.id, version: payment.version });
        changed.push(payment);
        continue;
      }
      changes.push({ sequenceNumber, event: { ...eventOf(before, payment), ...sealIn(dynamodb.NewImage) } });
      changed.push(payment);
    } catch (error) {
      logger.error("a change cannot be read", { sequence_number: sequenceNumber, error: error as Error });
      return { changes, changed, unreadable: sequenceNumber };
    }
  }
  return { changes, changed, unreadable: undefined };
}

/** The event of a change of a dispute. Nothing of it gets stuck by itself: its saga is a Standard one, and failed ones are told. */
function disputeEventIn({ OldImage, NewImage }: StreamRecord, epoch: number): MerchantEvent | undefined {
  const dispute = disputeOf(imageOf(NewImage ?? {}));
  const before = OldImage === undefined ? undefined : disputeOf(imageOf(OldImage));
  if (before?.version === dispute.version) return undefined;
  if (isLeapOfAnother(NewImage ?? {}, before, dispute, epoch)) {
    logger.warn("versions came as one", { dispute: dispute.id, version: dispute.version });
    return undefined;
  }
  return disputeEventOf(before, dispute);
}

/**
 * What another region wrote comes by replication, which may bring several versions as one. Nobody can tell of those in
 * between, and it was for that region to do: `prove` finds which of its events are missing. Where the payment is now, it
 * is watched all the same. Of this region's own epoch, none is ever left out.
 */
const isLeapOfAnother = (
  image: Record<string, { readonly N?: string }>,
  before: { readonly version: number } | undefined,
  { version }: { readonly version: number },
  epoch: number,
): boolean => Number(image["epoch"]?.N ?? 0) < epoch && version !== (before?.version ?? 0) + 1;

/** A change that was given up waits among the dead letters with its texts sealed already (sealed-image.ts). */
const sealIn = ({ sealed }: Record<string, { readonly S?: string }>): { readonly sealed?: string } =>
  sealed?.S === undefined ? {} : { sealed: sealed.S };

/** Lambda's types and the SDK's differ in what binary values are; payments have none. */
const imageOf = (image: object): Record<string, AttributeValue> => image as Record<string, AttributeValue>;

function dueCheck(payment: Payment): DueCheck[] {
  const seconds = checkAfterSeconds(payment);
  return seconds === undefined ? [] : [{ check: checkOf(payment), seconds }];
}
