import { setTimeout as waiting } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { CallRecord } from "./door/call-log.ts";
import { reportOf, titleOf } from "./door/call-report.ts";
import { shortNameOf } from "./functions-environment.ts";
import { notRunIn } from "./plan/coverage.ts";
import { Refusal } from "./process/refusal.ts";
import { awsEndpointsIn } from "./remote/endpoints.ts";
import type { AnsweredRequest } from "./request-log.ts";
import { type System, startSystem } from "./system.ts";

const usage = `npm start [-- flags]   runs Tallystick on this machine

  --fresh                     forget what earlier runs stored
  --calls                     print each AWS call of each API request
  --quiet                     print no function logs
  --cold                      start functions at their first request, not ahead of it
  --state <directory>         where state survives restarts (.local)
  --acquirer-latency-ms <ms>  what the sandbox acquirers take for each answer (1)
  --help

  PORT                        port of the HTTP API (8787); 0 picks a free one
  AWS_ENDPOINT_URL_<SERVICE>  another emulator of DYNAMODB, SQS, SNS, S3 or KINESIS
  AWS_ENDPOINT_URL            another emulator, for those of the five that it has
  VALKEY_URL, POSTGRES_URL    another cache, another database, when the plan has one
  TALLYSTICK_IAM_LOG          a file to append IAM's decisions to, for \`npm run iam:report\`
  DEBUG                       set to anything, shows what is behind a refusal, and what of the plan is left out here`;

const stopMsMax = 10_000;
/** Of that, for what is on the streams: what is not delivered by then is when it runs again. */
const deliverMsMax = 4_000;
/** One Ctrl-C arrives twice under npm: from the terminal, and handed on by npm. */
const echoMsMax = 500;
const debug = process.env["DEBUG"] !== undefined;

const wholeNumber = (name: string, max: number) => {
  const what = `${name} is a whole number, 0 … ${max}`;
  return z.coerce.number(what).int(what).min(0, what).max(max, what);
};
const settings = z.object({
  port: wholeNumber("PORT", 65_535),
  latencyMs: wholeNumber("--acquirer-latency-ms", 60_000),
  cacheUrl: z.url("VALKEY_URL is a URL").optional(),
  postgresUrl: z.url("POSTGRES_URL is a URL").optional(),
});

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags.help) return console.log(usage);
  const { latencyMs, ...given } = readSettings(flags["acquirer-latency-ms"]);

  const interrupted = interruption();
  const starting = startSystem({
    ...given,
    awsEndpoints: awsEndpointsIn(process.env),
    stateDirectory: flags.state,
    fresh: flags.fresh,
    acquirerLatencyMs: latencyMs,
    iamLog: process.env["TALLYSTICK_IAM_LOG"],
    warm: !flags.cold,
    warn: (line) => console.error(`tallystick: ${line}`),
    ...(!flags.quiet && {
      functionLog: ({ functionName, line }) => console.log(`[${shortNameOf(functionName)}] ${line}`),
    }),
    requestLog: (request, calls) => tell(request, flags.calls ? calls() : undefined),
  });
  const system = await Promise.race([starting, interrupted]);
  if (system === undefined) return stop(await starting);

  announce(system);
  const failure = await Promise.race([system.failed, interrupted]);
  if (failure !== undefined) explain(failure);
  await stop(system);
}

async function stop(system: System): Promise<void> {
  const impatient = setTimeout(() => {
    console.error(`tallystick: it does not end within ${stopMsMax} ms: forced`);
    process.exit(1);
  }, stopMsMax);
  // A stream forgets after a week, and this machine may be off for longer.
  await Promise.race([
    system.deliver().catch(() => undefined),
    waiting(deliverMsMax, undefined, { ref: false }),
  ]);
  await system.stop();
  clearTimeout(impatient);
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        fresh: { type: "boolean", default: false },
        calls: { type: "boolean", default: false },
        cold: { type: "boolean", default: false },
        quiet: { type: "boolean", default: false },
        state: { type: "string", default: ".local" },
        "acquirer-latency-ms": { type: "string", default: "1" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (thrown) {
    throw new Refusal(`${(thrown as Error).message}\n\n${usage}`, { cause: thrown });
  }
}

function readSettings(latencyMs: string): z.output<typeof settings> {
  const parsed = settings.safeParse({
    port: process.env["PORT"] ?? "8787",
    latencyMs,
    cacheUrl: process.env["VALKEY_URL"],
    postgresUrl: process.env["POSTGRES_URL"],
  });
  if (parsed.success) return parsed.data;
  throw new Refusal(parsed.error.issues.map(({ message }) => message).join("; "));
}

function announce({ plan, endpoints }: System): void {
  for (const { type, names, because } of notRunIn(plan)) {
    if (because === undefined) console.log(`not run here: ${type} (${names.join(", ")})`);
    else if (debug) console.log(`left out: ${type} × ${names.length}: ${because}`);
  }
  console.log(`tallystick ready ${endpoints.api}`);
}

function tell(
  { method, path, statusCode, durationMs }: AnsweredRequest,
  calls: readonly CallRecord[] | undefined,
): void {
  const line = `${method} ${path} ${statusCode} ${durationMs} ms`;
  // One write, so that no other request's lines come between.
  console.log(calls === undefined ? line : [`${line}, ${titleOf(calls)}`, ...reportOf(calls)].join("\n"));
}

/** Resolves at the first Ctrl-C or SIGTERM. A later one ends the process at once; its children end with it. */
function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (): void => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        console.log("stopping (once more to force)");
        resolve(undefined);
      } else if (performance.now() - askedAt > echoMsMax) process.exit(130);
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
}

function explain(thrown: unknown): void {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  console.error(
    thrown instanceof Refusal
      ? `tallystick: ${message}`
      : `tallystick failed: ${message} (DEBUG=1 says where)`,
  );
  if (debug) console.error(thrown);
  process.exitCode = 1;
}

main().catch(explain);
