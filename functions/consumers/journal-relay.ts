import { createKinesis, EventStream } from "#adapters/kinesis/event-stream.ts";
import { requiredVariable } from "#functions/environment.ts";
import { createJournalOutbox } from "./journal-outbox.ts";

/** The outbox of the journal: behind each record. */
export const handler = createJournalOutbox(
  new EventStream(createKinesis(), requiredVariable("PAYMENT_EVENTS_STREAM")),
);
