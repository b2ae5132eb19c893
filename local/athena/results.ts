import { z } from "zod";
import { QueryFailed } from "./refusal.ts";
import type { Answered } from "./session.ts";

/** What Athena calls the types of columns, by DuckDB's names, and how precise it says they are. */
const typeNames: Readonly<Record<string, readonly [name: string, precision: number]>> = {
  BIGINT: ["bigint", 19],
  BOOLEAN: ["boolean", 0],
  DATE: ["date", 0],
  DOUBLE: ["double", 17],
  HUGEINT: ["bigint", 19],
  INTEGER: ["integer", 10],
  TIMESTAMP: ["timestamp", 3],
  "TIMESTAMP WITH TIME ZONE": ["timestamp with time zone", 3],
  VARCHAR: ["varchar", 2_147_483_647],
};
const bigintMax = 2n ** 63n - 1n;

const columns = z.array(z.object({ name: z.string(), type: z.string(), precision: z.number() }));
export type Columns = z.output<typeof columns>;

/** An answer as text, each value as Athena writes it. Null is null. */
export interface Result {
  readonly columns: Columns;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** @throws QueryFailed for a type that is not known here, and for a sum that Athena's bigint would not hold. */
export function resultOf({ names, types, rows }: Answered): Result {
  const found = names.map((name, index) => {
    const there = types[index] ?? "";
    const [type, precision] = typeNames[there] ?? [];
    if (type === undefined || precision === undefined)
      throw new QueryFailed("NOT_SUPPORTED", `the local Athena has no answer with a column of ${there}`);
    // Athena makes small letters of all names.
    return { name: name.toLowerCase(), type, precision };
  });
  return {
    columns: found,
    rows: rows.map((row) => row.map((value, index) => textOf(value, found[index]?.type ?? ""))),
  };
}

function textOf(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case "bigint": {
      const number = BigInt(String(value));
      if (number > bigintMax || number < -bigintMax - 1n)
        throw new QueryFailed("NUMERIC_VALUE_OUT_OF_RANGE", `bigint addition overflow: ${number}`);
      return String(number);
    }
    case "double":
      return doubleText(Number(value));
    case "timestamp":
      return timeText(value);
    case "timestamp with time zone":
      return `${timeText(value)} UTC`;
    default:
      return String(value);
  }
}

/** A time of DuckDB's, in microseconds, as Athena has it, in milliseconds. */
const timeText = (value: unknown): string => {
  const { micros } = z.object({ micros: z.bigint() }).parse(value);
  return new Date(Number(micros / 1_000n)).toISOString().replace("T", " ").replace("Z", "");
};

/** As Java writes a double: `1.0`, `100.0`, `1.0E7`, `1.0E-4`. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent.replace("+", "")}`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** As Athena writes it: names first, every value in quotes, and nothing for null. */
export const csvOf = ({ columns: list, rows }: Result): string =>
  [list.map(({ name }) => name), ...rows]
    .map((row) => `${row.map((cell) => (cell === null ? "" : quoted(cell))).join(",")}\n`)
    .join("");

/** The rows of a CSV, names first. */
export function rowsOf(csv: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  for (const [, value, end] of csv.matchAll(/("(?:[^"]|"")*")?(,|\n)/g)) {
    row.push(value === undefined ? null : value.slice(1, -1).replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** What lies beside the CSV. Athena's own form of it is not documented; this is JSON. */
export const metadataOf = ({ columns: list }: Result): string => JSON.stringify(list);
export const columnsOf = (metadata: string): Columns => columns.parse(JSON.parse(metadata));
