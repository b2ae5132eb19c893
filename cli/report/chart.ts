import type { Cell, Table } from "#adapters/warehouse/data-api.ts";

/** Which columns a chart shows: bars of `value` for each of what `labels` say, one beside the other for each of `series`. */
export interface ChartColumns {
  readonly labels: readonly string[];
  readonly value: string;
  readonly series: string;
}

/** Told apart by those who do not see all colours, too (Okabe and Ito). */
const colours = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#5a5a5a"];
const [barHeight, gap, groupGap, labelWidth, barsWidth, valueWidth] = [16, 3, 14, 210, 460, 130];
const labelsMax = 40;

interface Bar {
  readonly series: string;
  readonly value: number;
}

/** A chart of bars as SVG. Rows of one label and series are added up. More labels than fit are left out, and counted. */
export function chartOf(table: Table, { labels, value, series }: ChartColumns): string {
  const at = (row: readonly Cell[], name: string): Cell => row[table.columns.indexOf(name)] ?? null;
  const groups = new Map<string, Map<string, number>>();
  for (const row of table.rows) {
    const label = labels.map((name) => at(row, name)).join(" ");
    const bars = groups.get(label) ?? new Map<string, number>();
    groups.set(label, bars);
    const name = String(at(row, series) ?? "");
    bars.set(name, (bars.get(name) ?? 0) + Number(at(row, value) ?? 0));
  }
  const names = [...new Set(table.rows.map((row) => String(at(row, series) ?? "")))].toSorted();
  const shown = [...groups].slice(0, labelsMax);
  const most = Math.max(...shown.flatMap(([, bars]) => [...bars.values()].map(Math.abs)), 1);
  let y = 24;
  const parts: string[] = [];
  for (const [text, bars] of shown) {
    parts.push(
      `<text x="${labelWidth - 8}" y="${y + (bars.size * (barHeight + gap)) / 2 + 3}" text-anchor="end">${markupText(text)}</text>`,
    );
    for (const bar of [...bars].map(([name, sum]): Bar => ({ series: name, value: sum }))) {
      parts.push(barOf(bar, y, most, names));
      y += barHeight + gap;
    }
    y += groupGap;
  }
  const left = groups.size - shown.length;
  if (left > 0) parts.push(`<text x="${labelWidth}" y="${y + 6}">and ${left} more, in the table</text>`);
  const width = labelWidth + barsWidth + valueWidth;
  const title = `${value.replaceAll("_", " ")} by ${labels.join(" and ").replaceAll("_", " ")}, for each ${series.replaceAll("_", " ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 16}" width="${width}" role="img" aria-label="${markupText(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    legendOf(names),
    ...parts,
    "</svg>",
  ].join("\n");
}

function barOf({ series, value }: Bar, y: number, most: number, names: readonly string[]): string {
  const length = Math.max(1, Math.round((Math.abs(value) / most) * barsWidth));
  const number = value.toLocaleString("en-GB", { maximumFractionDigits: 2 });
  return [
    `<rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" fill="${colourOf(series, names)}" fill-opacity="${value < 0 ? 0.45 : 1}"><title>${markupText(`${series} ${number}`)}</title></rect>`,
    `<text x="${labelWidth + length + 6}" y="${y + 12}">${markupText(number)}</text>`,
  ].join("");
}

const colourOf = (series: string, names: readonly string[]): string =>
  colours[names.indexOf(series) % colours.length] ?? "#000";

const legendOf = (names: readonly string[]): string =>
  names
    .map(
      (name, index) =>
        `<rect x="${labelWidth + index * 90}" y="2" width="10" height="10" fill="${colourOf(name, names)}"/><text x="${labelWidth + index * 90 + 15}" y="11">${markupText(name)}</text>`,
    )
    .join("");

/** Text as it stands in HTML and SVG. */
export const markupText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
