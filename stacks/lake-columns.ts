/** A column of a table, in Hive's types. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/**
 * What of the payment is in the lake: the API's view (core/payments/view.ts), in Hive's types. Left out is what people
 * wrote, which may name anybody (reference, description, metadata), and where they were sent (next_action): who asks how
 * many and how much need not see it, and the archive has it sealed (ADR 57).
 */
const payment: Readonly<Record<string, string>> = {
  id: "string",
  // In minor units. 9 × 10^15 at most: more than a double holds exactly, less than a bigint.
  amount: "bigint",
  currency: "string",
  amount_captured: "bigint",
  amount_refunded: "bigint",
  state: "string",
  method: "struct<type:string,brand:string,last4:string,account:string>",
  capture: "string",
  decline: "struct<code:string,advice:string>",
  failure: "struct<code:string>",
  cancellation: "struct<code:string>",
  acquirer: "string",
  version: "int",
  created_at: "string",
  updated_at: "string",
  redacted_at: "string",
};

const legs = "array<struct<account:string,side:string,amount:bigint,currency:string>>";

/** What of a record of the journal is in the lake: all that is told of it (core/events/ledger-event.ts). */
const record: Readonly<Record<string, string>> = {
  entry: "string",
  posted_as: "string",
  legs,
  released: legs,
  effective_at: "string",
  expires_at: "string",
  reverses: "string",
  refusal: "string",
};

const structOf = (fields: Readonly<Record<string, string>>): string =>
  `struct<${Object.entries(fields)
    .map(([name, type]) => `${name}:${type}`)
    .join(",")}>`;

/** An event as the lake has it (core/events/streamed.ts). Times are as they were sent: ISO 8601, UTC, which sorts. */
export const eventColumns: readonly Column[] = [
  { name: "schema", type: "int" },
  { name: "id", type: "string" },
  { name: "type", type: "string" },
  { name: "sequence", type: "int" },
  { name: "created_at", type: "string" },
  { name: "book", type: "string" },
  // Of payments' events the one, of the ledger's the other.
  { name: "data", type: structOf(payment) },
  { name: "record", type: structOf(record) },
];
