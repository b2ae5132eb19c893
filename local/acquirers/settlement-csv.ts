import type { Movement } from "./records.ts";
import { grossOf, type Statement } from "./statement.ts";

type Column = readonly [name: string, of: (movement: Movement, statement: Statement) => string | number];

/** Amounts are minor units. `gross` and `net` are negative where the client pays. */
const columns: readonly Column[] = [
  ["settlement_date", (_, { date }) => date],
  ["acquirer", (_, { acquirer }) => acquirer],
  ["merchant", ({ merchant }) => merchant],
  ["kind", ({ kind }) => kind],
  ["operation_key", ({ key }) => key],
  ["reference", ({ reference }) => reference],
  ["dispute", ({ dispute = "" }) => dispute],
  ["currency", ({ currency }) => currency],
  ["gross", grossOf],
  ["cost", ({ cost }) => cost],
  ["net", (movement) => grossOf(movement) - movement.cost],
  ["occurred_at", ({ at }) => new Date(at).toISOString()],
];

/** A statement as CSV (RFC 4180): a header, then a line per movement. */
export function csvOf(statement: Statement): string {
  const header = columns.map(([name]) => name);
  const lines = statement.movements.map((movement) => columns.map(([, of]) => of(movement, statement)));
  return [header, ...lines].map((fields) => `${fields.map(fieldOf).join(",")}\r\n`).join("");
}

const fieldOf = (value: string | number): string =>
  /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
