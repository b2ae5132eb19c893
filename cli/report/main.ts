import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { DataApi, StatementFailed, type Table } from "#adapters/warehouse/data-api.ts";
import { type Report, reports } from "#adapters/warehouse/warehouse.ts";
import { storeConnection } from "../connection.ts";
import { Refusal } from "../refusal.ts";
import { table } from "../table.ts";
import { load } from "../warehouse/loader.ts";
import { csvOf } from "./csv.ts";
import { type Answered, pageOf } from "./page.ts";

const day = 86_400_000;
const defaultDays = 30;

const usage =
  (): string => `npm run report -- <name> | --all   asks the warehouse, prints a table, writes CSV and a page with a chart

${reports()
  .map(({ name, title }) => `  ${name.padEnd(18)}${title}`)
  .join("\n")}

  --since <time>  --until <time>   ISO 8601, UTC: payments created, entries recorded (the last ${defaultDays} days)
  --out <folder>                   where files are written (reports)
  --stage <stage>                  another than the system here: with your AWS credentials, in AWS_REGION
  --state-directory <directory>    of the local system (.local)

Whatever the stream has brought is taken over first: an answer is as fresh as its question.`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: "boolean", default: false },
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
  const { client, tablePrefix } = storeConnection(values["state-directory"], values.stage);
  const address = { workgroup: `${tablePrefix}warehouse`, database: "warehouse" };
  const api = new DataApi(new RedshiftDataClient(client as object), address);
  for (const name of (await load(new LambdaClient(client as object), tablePrefix)).made)
    console.error(`made ${name}`);
  const answered: Answered[] = [];
  for (const { name, title, sql } of asked)
    answered.push({ name, title, chart: chartIn(sql), table: await api.ask(sql, between) });
  write(answered, values.out, `${values.stage}, from ${between.since} to ${between.until} (UTC)`);
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
