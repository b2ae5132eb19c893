import type { Cell, Table } from "#adapters/warehouse/data-api.ts";

/** Text as RFC 4180 has it: a line per row, and what has a comma, a quote or a line's end in quotes. */
export const csvOf = ({ columns, rows }: Table): string =>
  [columns, ...rows].map((row) => `${row.map(fieldOf).join(",")}\r\n`).join("");

/** A spreadsheet would carry out what begins like a formula: it gets an apostrophe before it, and numbers do not. */
function fieldOf(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
