import type { Cell, Table } from "#adapters/warehouse/data-api.ts";
import { type ChartColumns, chartOf, markupText } from "./chart.ts";

/** A report with its answer. */
export interface Answered {
  readonly name: string;
  readonly title: string;
  readonly chart: ChartColumns | undefined;
  readonly table: Table;
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: left; }
td.number, th.number { text-align: right; }
details { margin: .7rem 0; } summary { cursor: pointer; color: #555; } svg { max-width: 100%; height: auto; }
.of { color: #666; }`;

/** Reports as a page that needs nothing else: open it from a disk, print it, send it. */
export function pageOf(heading: string, about: string, answered: readonly Answered[]): string {
  const sections = answered.map(({ name, title, chart, table }) => {
    const empty = table.rows.length === 0;
    return [
      `<h2 id="${markupText(name)}">${markupText(title)}</h2>`,
      empty ? "<p>Nothing in this time.</p>" : "",
      chart === undefined || empty ? "" : chartOf(table, chart),
      empty
        ? ""
        : `<details${chart === undefined ? " open" : ""}><summary>${table.rows.length} rows</summary>${tableOf(table)}</details>`,
    ].join("\n");
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${markupText(heading)}</title>
<style>${style}</style>
<h1>${markupText(heading)}</h1>
<p class="of">${markupText(about)}</p>
${sections.join("\n")}
</html>
`;
}

function tableOf({ columns, rows }: Table): string {
  const isNumber = columns.map((_, index) => rows.every((row) => isNumeric(row[index] ?? null)));
  const cell = (tag: "th" | "td", text: string, index: number): string =>
    `<${tag}${isNumber[index] === true ? ' class="number"' : ""}>${markupText(text)}</${tag}>`;
  const head = columns.map((name, index) => cell("th", name.replaceAll("_", " "), index)).join("");
  const body = rows.map(
    (row) =>
      `<tr>${row.map((value, index) => cell("td", value === null ? "" : String(value), index)).join("")}</tr>`,
  );
  return `<table><tr>${head}</tr>\n${body.join("\n")}</table>`;
}

const isNumeric = (cell: Cell): boolean => cell === null || /^-?\d+(\.\d+)?$/.test(String(cell));
