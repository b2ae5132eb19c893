import { parseArgs } from "node:util";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { storeConnection } from "../connection.ts";
import { daysBetween } from "../days.ts";
import { Refusal } from "../refusal.ts";
import { load } from "./loader.ts";

const usage = `npm run warehouse -- <command>   fills the warehouse

  load                                     takes over what the stream has brought; a schedule does it anyway
  rebuild --since <day> [--until <day>]    takes over days of the archive, and then what the stream has: each event once

  --stage <stage>                 another than the system here: with your AWS credentials, in AWS_REGION
  --state-directory <directory>   of the local system (.local)

Days are those of arrival, UTC: 2026-11-26. What is there already stays as it is, so a rebuild that was broken off is
begun again. Here, \`npm run deliver\` brings what waits to the archive first.`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        since: { type: "string" },
        until: { type: "string" },
        stage: { type: "string", default: "local" },
        "state-directory": { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [command] = positionals;
  if (values.help || command === undefined) return console.log(usage);
  if (command !== "load" && command !== "rebuild")
    throw new Refusal(`there is no command "${command}"\n\n${usage}`);
  const days = command === "load" ? [] : daysBetween(values.since, values.until, Date.now());
  const { client, tablePrefix } = storeConnection(values["state-directory"], values.stage);
  const lambda = new LambdaClient(client as object);
  await rebuild(days, (day) => load(lambda, tablePrefix, day));
  for (const name of (await load(lambda, tablePrefix)).made) console.log(`made ${name}`);
  console.log("the warehouse has what the stream has");
}

/** A line for each day, before it and behind it: one can take minutes. */
async function rebuild(
  days: readonly string[],
  loadDay: (day: string) => ReturnType<typeof load>,
): Promise<void> {
  let all = 0;
  for (const [index, day] of days.entries()) {
    process.stderr.write(`${day} (${index + 1} of ${days.length}) … `);
    const began = performance.now();
    const { made, lines = 0, leftOut = 0 } = await loadDay(day);
    all += lines;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const more = leftOut === 0 ? "" : `, ${leftOut} parked that are no lines of text`;
    process.stderr.write(`${lines} lines in ${seconds} s${more}; ${all} so far\n`);
    for (const name of made) console.log(`made ${name}`);
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
