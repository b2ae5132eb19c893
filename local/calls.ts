import { join } from "node:path";
import { parseArgs } from "node:util";
import type { CallRecord } from "./door/call-log.ts";
import { byTrace, reportOf, titleOf } from "./door/call-report.ts";
import { endpointsFile } from "./endpoints.ts";
import { Refusal } from "./process/refusal.ts";

/** Without a payment, the requests shown. */
const requestsMax = 5;
const usage = `npm run calls [-- pay_… | flags]   shows the AWS calls of a payment, or of the latest ${requestsMax} requests

  --state <directory>   of the local system (.local)
  --help`;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  const [payment] = positionals;
  if (positionals.length > 1 || (payment !== undefined && !payment.startsWith("pay_")))
    throw new Refusal(usage);

  const { calls, looks } = await askDoor(values.state, payment);
  const groups = byTrace(calls);
  const shown = payment === undefined ? groups.slice(-requestsMax) : groups;
  if (shown.length === 0) {
    throw new Refusal(
      payment === undefined ? "no calls yet" : `no call of ${payment} is remembered since the start`,
    );
  }
  for (const { trace, records } of shown) {
    const startedAt = new Date(Math.min(...records.map(({ at }) => at))).toISOString();
    console.log(`${startedAt}  ${trace ?? "outside a request"}  ${titleOf(records)}`);
    for (const line of reportOf(records)) console.log(line);
  }
  if (payment === undefined) console.log(`Pollers looked ${looks} times and found nothing, since the start.`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        state: { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (thrown) {
    throw new Refusal(`${(thrown as Error).message}\n\n${usage}`, { cause: thrown });
  }
}

interface Remembered {
  readonly calls: readonly CallRecord[];
  readonly looks: number;
}

async function askDoor(stateDirectory: string, payment: string | undefined): Promise<Remembered> {
  const endpoints = endpointsFile(join(stateDirectory, "endpoints.json")).read();
  const notRunning = "no local cloud is running here: start it with `npm start`";
  if (endpoints === undefined) throw new Refusal(notRunning);
  const query = payment === undefined ? "" : `?payment=${payment}`;
  try {
    const answer = await fetch(`${endpoints.aws.endpoint}/_calls${query}`);
    return (await answer.json()) as Remembered;
  } catch (thrown) {
    throw new Refusal(notRunning, { cause: thrown });
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
