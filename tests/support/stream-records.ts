import type { LedgerEvent } from "#core/events/ledger-event.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";

/** What consumers of the stream may meet: each unlike an event of ours in one way. */
export function poisonOf(event: PublishedEvent, record: LedgerEvent): readonly string[] {
  return [
    "no JSON",
    JSON.stringify({ ...event, type: "payout.sent" }),
    JSON.stringify({ ...event, schema: 2 }),
    JSON.stringify({ schema: 1, type: "payment.created" }),
    JSON.stringify({ ...event, created_at: "yesterday" }),
    JSON.stringify({ ...event, data: { ...event.data, amount: "ten" } }),
    JSON.stringify({ ...record, record: { ...record.record, legs: "none" } }),
    JSON.stringify({ schema: 1 }),
    // What no database takes: a character, a day that there is not, a number, a name that are too long.
    JSON.stringify({ ...event, type: "payment.\u0000" }),
    JSON.stringify({ ...event, created_at: "2026-02-30T12:00:00.000Z" }),
    JSON.stringify({ ...event, data: { ...event.data, amount: 1e30 } }),
    JSON.stringify({ ...event, data: { ...event.data, acquirer: "x".repeat(65) } }),
    JSON.stringify({ ...event, more: "x".repeat(70_000) }),
    ...[{ amount: "ten" }, { account: null }, { side: "left" }, { currency: "EURO" }].map((flaw) =>
      JSON.stringify({
        ...record,
        record: { ...record.record, legs: [{ ...record.record.legs[0], ...flaw }] },
      }),
    ),
  ];
}

/** Changes of two payments that are in review for a while: one for 90 seconds, one still. */
export function unknownForAWhile(): readonly string[] {
  const at = (second: number): string => new Date(Date.now() + second * 1_000).toISOString();
  const data = {
    ...{ amount: 20_00, amount_captured: 0, amount_refunded: 0, currency: "USD", acquirer: "alpha" },
    ...{ method: { type: "card", brand: "visa" }, created_at: at(0) },
  };
  const of = (payment: string, sequence: number, state: string, second: number) => ({
    ...{ schema: 1, id: `evt_${payment}${sequence}`, type: `payment.${state}`, sequence, book: "mer_demo" },
    ...{ created_at: at(second), data: { ...data, id: payment, state } },
  });
  const changes = ["pay_review1", "pay_review2"].flatMap((payment, index) => [
    of(payment, 1, "created", 0),
    of(payment, 2, "in_review", 1),
    ...(index === 0 ? [of(payment, 3, "captured", 91)] : []),
  ]);
  return changes.map((change) => JSON.stringify(change));
}
