import { createKinesis, EventStream } from "#adapters/kinesis/event-stream.ts";
import { CheckQueue, createSqs } from "#adapters/sqs/check-queue.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { createOutbox } from "./outbox.ts";

/** The outbox of the payments: behind each committed change. */
export const handler = createOutbox({
  stream: new EventStream(createKinesis(), requiredVariable("PAYMENT_EVENTS_STREAM")),
  checks: new CheckQueue(createSqs(), requiredVariable("CHECKS_QUEUE_URL")),
  epoch: writerEpoch(),
});
