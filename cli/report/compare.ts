import type { Cell, Table } from "#adapters/warehouse/data-api.ts";

/** The same question, answered by both. */
export interface Answers {
  readonly warehouse: Table;
  readonly lake: Table;
}

const number = /^-?\d+(\.\d+)?$/;

/** Numbers as both write them: `75.0` is 75, and one that a double would not hold is compared as text. */
function plain(cell: Cell): string {
  if (cell === null) return "";
  const text = String(cell).trim();
  return number.test(text) && text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * Rows are matched by what is exact in them: databases sort text in their own ways.
 * @param within by how much numbers of a column may differ.
 * @returns where they differ first, or undefined.
 */
export function differenceBetween(
  { warehouse, lake }: Answers,
  within: ReadonlyMap<string, number>,
): string | undefined {
  const { columns } = warehouse;
  if (columns.join() !== lake.columns.join())
    return `columns: the warehouse has ${columns.join(", ")}, the lake ${lake.columns.join(", ")}`;
  const exact = (row: readonly Cell[]): string =>
    JSON.stringify(row.map((cell, index) => (within.has(columns[index] ?? "") ? null : plain(cell))));
  const sorted = (rows: Table["rows"]): Table["rows"] =>
    rows.toSorted((one, other) => (exact(one) < exact(other) ? -1 : 1));
  const [ours, theirs] = [sorted(warehouse.rows), sorted(lake.rows)];
  for (let place = 0; place < Math.max(ours.length, theirs.length); place += 1) {
    const [one, other] = [ours[place], theirs[place]];
    const isSame =
      one !== undefined &&
      other !== undefined &&
      columns.every((column, index) =>
        isNear(one[index] ?? null, other[index] ?? null, within.get(column) ?? 0),
      );
    if (!isSame) return `the warehouse has ${said(columns, one)}, the lake ${said(columns, other)}`;
  }
  return undefined;
}

function isNear(one: Cell, other: Cell, most: number): boolean {
  if (plain(one) === plain(other)) return (one === null) === (other === null);
  if (most === 0 || one === null || other === null) return false;
  return Math.abs(Number(one) - Number(other)) <= most;
}

const said = (columns: readonly string[], row: readonly Cell[] | undefined): string =>
  row === undefined
    ? "no such row"
    : columns.map((column, index) => `${column}=${row[index] ?? "null"}`).join(" ");
