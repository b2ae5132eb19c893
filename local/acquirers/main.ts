import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { base32 } from "#core/kernel/base32.ts";
import { lockWithin } from "../process/lock.ts";
import { StateFile } from "../process/state-file.ts";
import { SandboxAcquirer } from "./acquirer.ts";
import { FileMemory } from "./memory.ts";
import { type RunningServer, startServer } from "./server.ts";

/** What an earlier process of this acquirer has to end, when it was asked to at this moment. */
const predecessorMsMax = 5_000;

const flags = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  port: z.coerce.number().int().min(0).max(65_535),
  "latency-ms": z.coerce.number().int().min(0).max(60_000),
  "api-key": z.string().min(1).optional(),
  state: z.string().min(1).optional(),
  notify: z.url({ protocol: /^https?$/ }).optional(),
  "notify-secret": z.string().min(1).optional(),
  "notify-first": z.boolean(),
  "cost-bp": z.coerce.number().int().min(0).max(10_000),
});

const usage = `node local/acquirers/main.ts --name alpha [--port 0] [--latency-ms 1] [--api-key KEY] [--state DIRECTORY]
  [--notify URL] [--notify-secret SECRET] [--notify-first] [--cost-bp 0]`;

function readFlags(): z.infer<typeof flags> {
  const { values } = parseArgs({
    options: {
      name: { type: "string" },
      port: { type: "string", default: "0" },
      "latency-ms": { type: "string", default: "1" },
      "api-key": { type: "string" },
      state: { type: "string" },
      notify: { type: "string" },
      "notify-secret": { type: "string" },
      "notify-first": { type: "boolean", default: false },
      "cost-bp": { type: "string", default: "0" },
    },
  });
  return flags.parse({
    "api-key": process.env["SANDBOX_ACQUIRER_API_KEY"],
    "notify-secret": process.env["SANDBOX_ACQUIRER_NOTIFY_SECRET"],
    ...values,
  });
}

async function main(): Promise<void> {
  const given = readFlags();
  const { name, port, "latency-ms": latencyMs, "api-key": apiKey, state } = given;
  const { notify: url, "notify-secret": secret, "notify-first": first } = given;
  // Two at a time would each forget what the other did.
  const release = state === undefined ? undefined : await lockWithin(state, predecessorMsMax);
  const acquirer = new SandboxAcquirer({
    name,
    clock: Date.now,
    newReference: () => `${name}_${base32(randomBytes(15))}`,
    digestKey: randomBytes(32),
    tellsAll: first,
    costBp: given["cost-bp"],
    ...(state !== undefined && { memory: new FileMemory(join(state, "operations.jsonl")) }),
  });
  const server = await startWhereItWas(port, state, (at) =>
    startServer(acquirer, {
      port: at,
      latencyMs,
      ...(apiKey !== undefined && { apiKey }),
      notifications: { first, ...(url !== undefined && { url }), ...(secret !== undefined && { secret }) },
    }),
  );
  const stop = () =>
    void server.stop().then(() => {
      release?.();
      process.exit(0);
    });
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Its parent holds the other end: however that one dies, this process does not outlive it.
  process.stdin.once("end", stop).once("close", stop).resume();
  process.stdout.write(`${JSON.stringify({ ready: server.url })}\n`);
}

/**
 * On the port of its last run, when it may choose and nobody has taken that meanwhile: customers still have links to its
 * pages.
 */
async function startWhereItWas(
  port: number,
  state: string | undefined,
  start: (port: number) => Promise<RunningServer>,
): Promise<RunningServer> {
  const file = state === undefined ? undefined : new StateFile(join(state, "port.json"), z.int());
  const last = file?.read() ?? port;
  const server = await start(port === 0 ? last : port).catch((thrown: NodeJS.ErrnoException) => {
    if (port !== 0 || last === 0 || thrown.code !== "EADDRINUSE") throw thrown;
    return start(port);
  });
  file?.write(Number(new URL(server.url).port));
  return server;
}

main().catch((thrown: unknown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${usage}\n`);
  process.exit(1);
});
