import { type LedgerEvent, ledgerEvent, ledgerEventTypes } from "./ledger-event.ts";
import { type PublishedEvent, publishedEvent } from "./payment-event.ts";

/** What is on the stream: changes of payments, and records of the journal. */
export type StreamedEvent = PublishedEvent | LedgerEvent;

/** Whose events must not overtake each other: the payment, or the entry with what ends its hold. */
export const subjectOf = (event: StreamedEvent): string =>
  isOfLedger(event) ? event.record.entry : event.data.id;

export const isOfLedger = (event: StreamedEvent): event is LedgerEvent => "record" in event;

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
  const schema = ledgerEventTypes.some((known) => known === type) ? ledgerEvent : publishedEvent;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, event: parsed.data };
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  return { ok: false, reason: reasons.join("; ") };
}
