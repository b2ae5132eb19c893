/** A column of a table, in Hive's types. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/**
 * What of the payment is in the lake: the API's view (core/payments/view.ts), in Hive's types. Left out is what people
 * wrote, which may name anybody (reference, description, metadata), and where they were sent (next_action): who asks how
 * many and how much need not see it, who must is let into the archive.
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
};

const structOf = (fields: Readonly<Record<string, string>>): string =>
  `struct<${Object.entries(fields)
    .map(([name, type]) => `${name}:${type}`)
    .join(",")}>`;

/** An event as the lake has it (core/events/payment-event.ts). Times are as they were sent: ISO 8601, UTC, which sorts. */
export const eventColumns: readonly Column[] = [
  { name: "schema", type: "int" },
  { name: "id", type: "string" },
  { name: "type", type: "string" },
  { name: "sequence", type: "int" },
  { name: "created_at", type: "string" },
  { name: "book", type: "string" },
  { name: "data", type: structOf(payment) },
];
