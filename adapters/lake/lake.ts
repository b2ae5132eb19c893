import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Table } from "#adapters/warehouse/data-api.ts";
import type { AthenaApi } from "./athena-api.ts";

const folder = join(import.meta.dirname, "sql");

const textsIn = (part: "facts" | "reports"): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(join(folder, part))
      .filter((file) => file.endsWith(".sql"))
      .toSorted()
      .map((file) => [file.slice(0, -".sql".length), readFileSync(join(folder, part, file), "utf8").trim()]),
  );

/** What is read of a report of the lake beside its SQL. */
export interface LakeReport {
  readonly sql: string;
  /** By how much a column's numbers may differ from the warehouse's: `-- within 1: seconds`. Others are the same. */
  readonly within: ReadonlyMap<string, number>;
}

/** Reports of the warehouse as they are asked of the lake, by their names. */
export function lakeReports(): ReadonlyMap<string, LakeReport> {
  return new Map([...textsIn("reports")].map(([name, text]) => [name, reportOf(text)]));
}

function reportOf(text: string): LakeReport {
  const within = new Map<string, number>();
  for (const [, most, columns = ""] of text.matchAll(/^-- within (\d+): (.+)$/gm))
    for (const column of columns.split(" ")) within.set(column, Number(most));
  return { sql: withFacts(text), within };
}

/**
 * A text with the facts that it reads before it: what a payment, an entry or a fee is is written once, in a file each. They
 * are sent along with each question, and are no views of the catalog: nobody who asks needs to change it, and an answer is
 * by the text of its own version (ADR 55).
 */
export function withFacts(text: string): string {
  const facts = textsIn("facts");
  const needed = new Map<string, string>();
  const need = (sql: string): void => {
    for (const [, name = ""] of sql.matchAll(/\b(?:from|join)\s+([a-z_]+)/g)) {
      const fact = facts.get(name);
      if (fact === undefined || needed.has(name)) continue;
      // What it reads itself comes before it.
      need(fact);
      needed.set(name, fact);
    }
  };
  need(text);
  const list = [...needed].map(([name, sql]) => `${name} as (\n${sql}\n)`);
  return list.length === 0 ? text : `with ${list.join(",\n")}\n${text}`;
}

const dayMs = 86_400_000;

/** Asks the lake for a time. */
export class Lake {
  readonly #api: AthenaApi;

  constructor(api: AthenaApi) {
    this.#api = api;
  }

  /**
   * @param between `2026-11-26 10:00:00.000`, UTC. What is asked about arrived on the day before its time at the earliest:
   *   clocks differ; it may have arrived much later.
   * @throws StatementFailed
   */
  ask(sql: string, between: { readonly since: string; readonly until: string }): Promise<Table> {
    const date = (text: string): string => text.slice(0, "2026-11-26".length);
    const day = date(new Date(Date.parse(`${date(between.since)}T00:00:00Z`) - dayMs).toISOString());
    return this.#api.ask(sql, { ...between, day });
  }
}
