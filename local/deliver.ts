import { join } from "node:path";
import { parseArgs } from "node:util";
import { endpointsFile } from "./endpoints.ts";
import type { Delivered } from "./firehose/delivery.ts";
import { Refusal } from "./process/refusal.ts";

const usage = `npm run deliver [-- flags]   brings what is on the streams into the archive and the lake now, not within the minute

  --state <directory>   of the local system (.local)
  --help`;

async function main(): Promise<void> {
  const { values } = readArguments();
  if (values.help) return console.log(usage);
  for (const { name, records, aside, objects } of await deliver(values.state)) {
    const unfit = aside === 0 ? "" : `, ${aside} put aside with the reason`;
    console.log(`${name}: ${records === 0 && aside === 0 ? "nothing new" : `${records} records`}${unfit}`);
    for (const object of objects) console.log(`  s3://${object}`);
  }
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        state: { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (thrown) {
    throw new Refusal(`${(thrown as Error).message}\n\n${usage}`, { cause: thrown });
  }
}

async function deliver(stateDirectory: string): Promise<readonly Delivered[]> {
  const endpoints = endpointsFile(join(stateDirectory, "endpoints.json")).read();
  const notRunning = "no local cloud is running here: start it with `npm start`";
  if (endpoints === undefined) throw new Refusal(notRunning);
  const answer = await fetch(`${endpoints.aws.endpoint}/_deliver`, { method: "POST" }).catch(
    (thrown: unknown) => {
      throw new Refusal(notRunning, { cause: thrown });
    },
  );
  const said = (await answer.json()) as {
    readonly deliveries?: readonly Delivered[];
    readonly message?: string;
  };
  if (said.deliveries === undefined)
    throw new Refusal(`it could not be delivered, and nothing is lost: ${said.message}`);
  return said.deliveries;
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
