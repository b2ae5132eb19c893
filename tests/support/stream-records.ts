import type { LedgerEvent, LedgerEventType } from "#core/events/ledger-event.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import { noon } from "./examples.ts";

/** What is on the stream and cannot be counted, and what the warehouse says of it. */
export interface Poison {
  readonly text: string;
  readonly reason: string;
}

const long = (length: number): string => "x".repeat(length);

/** Each of these is all that is wrong with an event of a payment, with its members beside `data` or in it. */
const flawsOfPayments: readonly (readonly [
  reason: string,
  beside: Readonly<Record<string, unknown>>,
  data?: Readonly<Record<string, unknown>>,
])[] = [
  ["it has no type", { type: undefined }],
  ["nobody knows the type payout.sent", { type: "payout.sent" }],
  [`nobody knows the type payment.${long(32)}`, { type: `payment.${long(33)}` }],
  ...[2, undefined].map((schema) => ["it is of a later schema", { schema }] as const),
  ...[
    ...[{ id: undefined }, { id: long(31) }, { book: undefined }, { book: long(65) }],
    ...[{ created_at: "yesterday" }, { created_at: undefined }],
    // Days that there are not.
    ...[{ created_at: "2026-02-30T12:00:00.000Z" }, { created_at: "2027-02-29T12:00:00.000Z" }],
  ].map((beside) => ["it lacks its id, book or time", beside] as const),
  ...[0, 2 ** 31, undefined].map((sequence) => ["it has no payment that can be read", { sequence }] as const),
  ...[
    ...[{ id: undefined }, { id: long(41) }, { state: undefined }, { state: long(21) }],
    ...[{ method: undefined }, { method: { type: long(11) } }, { method: { type: "card", brand: long(21) } }],
    ...[{ currency: undefined }, { currency: "EURO" }],
    ...["ten", 1e30, -1, undefined].map((amount) => ({ amount })),
    ...[{ amount_captured: -1 }, { amount_captured: undefined }],
    ...[{ amount_refunded: -1 }, { amount_refunded: undefined }],
    ...[{ acquirer: long(65) }, { decline: { code: long(65) } }, { failure: { code: long(65) } }],
  ].map((data) => ["it has no payment that can be read", {}, data] as const),
  // No text of a database has this character.
  ["it is no JSON text", { type: "payment.\u0000" }],
];

/** The same of a record of the journal, with its members. */
const flawsOfRecords = (
  legs: LedgerEvent["record"]["legs"],
): readonly (readonly [reason: string, record: Readonly<Record<string, unknown>>])[] => {
  const unfit = [
    ...[{ account: null }, { account: long(129) }, { side: null }, { side: "left" }],
    ...[{ amount: "ten" }, { amount: -1 }, { currency: null }, { currency: "EURO" }],
  ].map((flaw) => ({ ...legs[0], ...flaw }));
  return [
    ...[{ entry: null }, { entry: long(129) }, { legs: "none" }, { released: "none" }].map(
      (record) => ["it has no record that can be read", record] as const,
    ),
    ...unfit.map((leg) => ["it has a leg that cannot be read", { legs: [leg, ...legs] }] as const),
    ["it has a leg that cannot be read", { released: unfit.slice(0, 1) }],
  ];
};

/**
 * What consumers of the stream may meet: each unlike an event of ours in one way, and of a payment or an entry of its own.
 * Who counts one of them all the same has other answers. Their ids are none of ours, so that the books do not miss them.
 */
export function poisonOf(event: PublishedEvent, record: LedgerEvent): readonly Poison[] {
  return [
    { text: "no JSON", reason: "it is no JSON text" },
    { text: '{"schema":1}', reason: "it has no type" },
    // The lake's columns do not show these: a number that was a text, a member that has none. So they are of an event that is counted.
    { text: JSON.stringify({ ...event, schema: "1" }), reason: "it is of a later schema" },
    {
      text: JSON.stringify({ ...event, sequence: `${event.sequence}` }),
      reason: "it has no payment that can be read",
    },
    { text: JSON.stringify({ ...event, more: long(70_000) }), reason: "it is larger than 65,535 bytes" },
    ...flawsOfPayments.map(([reason, beside, data], n) => ({
      text: JSON.stringify({
        ...{ ...event, id: `evt_poison_${n}`, ...beside },
        data: { ...event.data, id: `pay_poison_${n}`, ...data },
      }),
      reason,
    })),
    ...flawsOfRecords(record.record.legs).map(([reason, members], n) => ({
      text: JSON.stringify({
        ...{ ...record, id: `evt_poisoned_record_${n}` },
        record: { ...record.record, entry: `je_poison_${n}`, ...members },
      }),
      reason,
    })),
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

/** All that may become of a payment, a minute between two: the first change, and those after it. */
export function changes(payment: string): readonly [PublishedEvent, ...PublishedEvent[]] {
  const data = {
    ...{ id: payment, object: "payment" as const, amount: 20_00, currency: "USD", amount_captured: 0 },
    ...{ amount_refunded: 0, method: { type: "card", brand: "visa" }, version: 1 },
    ...{ created_at: isoAt(0), updated_at: isoAt(0) },
  };
  const of = (type: PublishedEvent["type"], minutes: number, state: string, acquirer?: string) => ({
    ...{ schema: 1 as const, id: `evt_${payment}_${minutes}` as PublishedEvent["id"], type },
    ...{ sequence: minutes + 1, created_at: isoAt(minutes), book: "mer_demo" },
    data: { ...data, state, acquirer },
  });
  return [
    of("payment.created", 0, "processing"),
    of("payment.in_review", 1, "in_review", "alpha"),
    of("payment.resumed", 2, "processing"),
    of("payment.authorized", 3, "authorized"),
    of("payment.declined", 4, "declined"),
    of("payment.captured", 5, "captured"),
    of("payment.settled", 6, "settled"),
  ];
}

const isoAt = (minutes: number): string => new Date(noon + minutes * 60_000).toISOString();

/** A record of the journal of two legs of 7, with the parts that its type has. */
export function recordOf(type: LedgerEventType, entry: string): LedgerEvent {
  const legs = (["debit", "credit"] as const).map((side) => ({
    ...{ account: `mer_demo:${side}`, side, amount: 7, currency: "USD" },
  }));
  const ends = type.startsWith("ledger.hold_");
  return {
    ...{ schema: 1, id: `evt_${entry}` as LedgerEvent["id"], type, created_at: isoAt(0), book: "mer_demo" },
    record: { entry, legs: !ends || type === "ledger.hold_posted" ? legs : [], released: ends ? legs : [] },
  };
}

/** Events whose members are as long, or as small, as they may be. */
export const limits: readonly string[] = [
  {
    ...{ schema: 1, id: long(30), type: `payment.${long(32)}`, sequence: 2 ** 31 - 1, book: long(64) },
    ...{ created_at: "2028-02-29T23:59:59.999Z", more: long(64_000) },
    data: {
      ...{
        id: long(40),
        state: long(20),
        currency: "USD",
        amount: 0,
        amount_captured: 0,
        amount_refunded: 0,
      },
      ...{ method: { type: long(10), brand: long(20) }, acquirer: long(64) },
      ...{ decline: { code: long(64) }, failure: { code: long(64) } },
    },
  },
  {
    ...{ schema: 1, id: "evt_zero", type: "ledger.posted", book: long(64), created_at: isoAt(0) },
    record: {
      ...{ entry: long(128), released: [] },
      legs: [{ account: long(128), side: "debit", amount: 0, currency: "USD" }],
    },
  },
].map((event) => JSON.stringify(event));
