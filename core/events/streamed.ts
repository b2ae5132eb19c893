import { type DisputeEvent, disputeEvent, isDisputeEventType } from "./dispute-event.ts";
import { type LedgerEvent, ledgerEvent, ledgerEventTypes } from "./ledger-event.ts";
import { type PublishedEvent, publishedEvent } from "./payment-event.ts";

/** What is told to merchants: changes of payments, and of their disputes. */
export type MerchantEvent = PublishedEvent | DisputeEvent;

/** What is on the stream: that, and records of the journal. */
export type StreamedEvent = MerchantEvent | LedgerEvent;

/** Whose events must not overtake each other: the payment, the dispute, or the entry with what ends its hold. */
export const subjectOf = (event: StreamedEvent): string =>
  isOfLedger(event) ? event.record.entry : event.data.id;

export const isOfLedger = (event: StreamedEvent): event is LedgerEvent => "record" in event;

export const isOfDispute = (event: StreamedEvent): event is DisputeEvent => isDisputeEventType(event.type);

export type Streamed =
  | { readonly ok: true; readonly event: StreamedEvent }
  /** `reason` names the members that no schema knows. */
  | { readonly ok: false; readonly reason: string };

/** Reads a record of the stream. */
export function parseStreamed(text: string): Streamed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: "it is no JSON text" };
  }
  const type = (value as { readonly type?: unknown } | null)?.type;
  const parsed = schemaOf(type).safeParse(value);
  if (parsed.success) return { ok: true, event: parsed.data };
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  return { ok: false, reason: reasons.join("; ") };
}

function schemaOf(type: unknown) {
  if (isDisputeEventType(type)) return disputeEvent;
  return ledgerEventTypes.some((known) => known === type) ? ledgerEvent : publishedEvent;
}
