import { camt053Of } from "./camt053.ts";
import { csvOf } from "./settlement-csv.ts";
import { type Statement, totalsOf } from "./statement.ts";

export interface SettlementFile {
  readonly name: string;
  readonly contentType: string;
  readonly content: string;
}

/** One CSV for the day, and a camt.053 statement for each currency that moved. */
export function filesOf(statement: Statement): readonly SettlementFile[] {
  const stem = `${statement.acquirer}-${statement.date}`;
  const xml = totalsOf(statement.movements).map((total) => ({
    name: `${stem}-${total.currency}.camt053.xml`,
    contentType: "application/xml",
    content: camt053Of(statement, total),
  }));
  return [{ name: `${stem}.csv`, contentType: "text/csv; charset=utf-8", content: csvOf(statement) }, ...xml];
}
