import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { Lake, lakeReports } from "#adapters/lake/lake.ts";
import { DataApi, StatementFailed, type Table } from "#adapters/warehouse/data-api.ts";
import { type Report, reports } from "#adapters/warehouse/warehouse.ts";
import { type StoreConnection, storeConnection } from "../connection.ts";
import { Refusal } from "../refusal.ts";
import { table } from "../table.ts";
import { load } from "../warehouse/loader.ts";
import { differenceBetween } from "./compare.ts";
import { csvOf } from "./csv.ts";
import { type Answered, pageOf } from "./page.ts";

/** Times without a zone, UTC. */
interface Between {
  readonly since: string;
  readonly until: string;
}

const day = 86_400_000;
const defaultDays = 30;

const usage =
  (): string => `npm run report -- <name> | --all   asks the warehouse, prints a table, writes CSV and a page with a chart
npm run report -- <name> | --all --compare   asks warehouse and lake, and says where they differ

${reports()
  .map(({ name, title }) => `  ${name.padEnd(18)}${title}`)
  .join("\n")}

  --since <time>  --until <time>   ISO 8601, UTC: payments created, entries recorded (the last ${defaultDays} days)
  --from warehouse | lake          whom to ask (warehouse)
  --out <folder>                   where files are written (reports)
  --stage <stage>                  another than the system here: with your AWS credentials, in AWS_REGION
  --state-directory <directory>    of the local system (.local)

Whatever the stream has brought is taken over into the warehouse first: an answer is as fresh as its question. Into the lake
it is brought within five minutes; by the system here at once, when it is asked.`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: "boolean", default: false },
        compare: { type: "boolean", default: false },
        from: { type: "string", default: "warehouse" },
        since: { type: "string" },
        until: { type: "string" },
        out: { type: "string", default: "reports" },
        stage: { type: "string", default: "local" },
        "state-directory": { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage()}`, { cause: error });
  }
}

/** A time as the warehouse has them: UTC, without a zone. */
function timeOf(name: string, text: string | undefined, otherwise: number): string {
  const at = text === undefined ? otherwise : Date.parse(text);
  if (Number.isNaN(at))
    throw new Refusal(`--${name} "${text}" is no time: write it as 2026-11-26 or 2026-11-26T18:30:00Z`);
  return new Date(at).toISOString().replace("T", " ").replace("Z", "");
}

function chosen(names: readonly string[], all: boolean): readonly Report[] {
  const known = reports();
  if (all) return known;
  return names.map((name) => {
    const report = known.find((each) => each.name === name);
    if (report === undefined) throw new Refusal(`there is no report "${name}"\n\n${usage()}`);
    return report;
  });
}

/** The first line of a report's file that says `-- chart: <label> <value> <series>`. */
function chartIn(sql: string): Answered["chart"] {
  const [, label, value, series] = /^-- chart: ([\w+]+) (\w+) (\w+)$/m.exec(sql) ?? [];
  return label === undefined || value === undefined || series === undefined
    ? undefined
    : { labels: label.split("+"), value, series };
}

const textTable = ({ columns, rows }: Table): string =>
  table(
    columns.map((name) => name.toUpperCase()),
    rows.map((row) => row.map((cell) => (cell === null ? "" : String(cell)))),
  );

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help || (positionals.length === 0 && !values.all)) return console.log(usage());
  const asked = chosen(positionals, values.all);
  const between = {
    since: timeOf("since", values.since, Date.now() - defaultDays * day),
    until: timeOf("until", values.until, Date.now() + day),
  };
  const about = `${values.stage}, from ${between.since} to ${between.until} (UTC)`;
  if (values.from !== "warehouse" && values.from !== "lake")
    throw new Refusal(`--from is warehouse or lake, and not "${values.from}"`);
  const connection = storeConnection(values["state-directory"], values.stage);
  if (values.compare) {
    const warehouse = await warehouseOf(connection);
    const lake = await lakeOf(connection);
    if (!(await compareAll(asked, warehouse, lake, between))) process.exitCode = 1;
    return;
  }
  const ask = values.from === "lake" ? await lakeOf(connection) : await warehouseOf(connection);
  const answered: Answered[] = [];
  for (const report of asked) {
    const { name, title, sql } = report;
    answered.push({ name, title, chart: chartIn(sql), table: await ask(report, between) });
  }
  write(answered, values.out, `${about}, by the ${values.from}`);
}

/** Answers a report for a time. */
type Ask = (report: Report, between: Between) => Promise<Table>;

/** The warehouse, with all that the stream has brought. */
async function warehouseOf({ client, tablePrefix }: StoreConnection): Promise<Ask> {
  const address = { workgroup: `${tablePrefix}warehouse`, database: "warehouse" };
  const api = new DataApi(new RedshiftDataClient(client as object), address);
  for (const name of (await load(new LambdaClient(client as object), tablePrefix)).made)
    console.error(`made ${name}`);
  return ({ sql }, between) => api.ask(sql, { ...between });
}

/** The lake, by Athena. */
async function lakeOf({ client, tablePrefix, deliverNow }: StoreConnection): Promise<Ask> {
  // Loaded when it is asked: most ask the warehouse.
  const { AthenaClient } = await import("@aws-sdk/client-athena");
  const { AthenaApi } = await import("#adapters/lake/athena-api.ts");
  const address = {
    workgroup: `${tablePrefix}questions`,
    database: `${tablePrefix}lake`.replaceAll("-", "_"),
  };
  const lake = new Lake(new AthenaApi(new AthenaClient(client as object), address));
  await deliverNow?.();
  return ({ name }, between) => lake.ask(lakeReports().get(name)?.sql ?? "", between);
}

/** @returns whether warehouse and lake say the same of each report. */
async function compareAll(
  asked: readonly Report[],
  warehouse: Ask,
  lake: Ask,
  between: Between,
): Promise<boolean> {
  let isSame = true;
  for (const report of asked) {
    const { within = new Map() } = lakeReports().get(report.name) ?? {};
    const tables = { warehouse: await warehouse(report, between), lake: await lake(report, between) };
    const difference = differenceBetween(tables, within);
    const rounded = [...within].map(([column, most]) => `${column} within ${most}`).join(", ");
    const agreed = `${tables.lake.rows.length} rows${rounded === "" ? "" : `, ${rounded}`}`;
    console.log(
      `${difference === undefined ? "agree " : "DIFFER"}  ${report.name.padEnd(18)}${difference ?? agreed}`,
    );
    isSame &&= difference === undefined;
  }
  if (!isSame) console.log("\nThe lake has what is some minutes old: ask again with an --until of before.");
  return isSame;
}

function write(answered: readonly Answered[], folder: string, about: string): void {
  mkdirSync(folder, { recursive: true });
  for (const each of answered) {
    console.log(`${each.title}\n\n${textTable(each.table)}\n`);
    writeFileSync(join(folder, `${each.name}.csv`), csvOf(each.table));
    writeFileSync(join(folder, `${each.name}.html`), pageOf(each.title, about, [each]));
  }
  if (answered.length > 1)
    writeFileSync(join(folder, "index.html"), pageOf("What became of payments", about, answered));
  const [first] = answered;
  console.log(
    `written: ${join(folder, answered.length > 1 ? "index.html" : `${first?.name}.html`)}, and a CSV for each`,
  );
}

main().catch((thrown: unknown) => {
  const isSaid = [Refusal, StatementFailed].some((known) => thrown instanceof known);
  console.error(isSaid ? (thrown as Error).message : thrown);
  process.exitCode = 1;
});
