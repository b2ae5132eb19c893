import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { S3InboxSettings } from "./acquirers/inbox.ts";
import { type Child, type ChildOptions, startChild } from "./process/child.ts";
import { Refusal } from "./process/refusal.ts";

const program = fileURLToPath(new URL("acquirers/main.ts", import.meta.url));
const readyMsMax = 10_000;
const readyLine = z.object({ ready: z.url() });

/** A sandbox acquirer: a process of its own, as a real one would be a company of its own. */
export interface Sandbox {
  readonly name: string;
  readonly url: string;
  readonly child: Child;
}

export interface SandboxOptions {
  readonly name: string;
  /** Added to each answer, in milliseconds. */
  readonly latencyMs: number;
  /** What it takes of each capture, in basis points. */
  readonly costBp: number;
  /** Where acquirers remember, each in a folder of its own: other companies do not forget when we are killed. */
  readonly stateDirectory: string;
  readonly env: ChildOptions["env"];
}

/** Where the API of a stage hears of an acquirer. */
const notificationsPath = (acquirer: string): string => `/v1/acquirers/${acquirer}/notifications`;

/** Tells each acquirer where to tell us: the API has a port only after they run. @throws Refusal when one does not hear it. */
export async function tellWhereToNotify(sandboxes: readonly Sandbox[], apiUrl: string): Promise<void> {
  await Promise.all(
    sandboxes.map(({ name, url }) =>
      control(name, `${url}/sandbox/notify-url`, { url: `${apiUrl}${notificationsPath(name)}` }),
    ),
  );
}

/** Tells each acquirer where to leave its files, and where our bank leaves those of its payouts, if the plan lets them. @throws Refusal when one does not hear it. */
export async function tellWhereToDeliver(
  sandboxes: readonly Sandbox[],
  accessOf: (acquirer: string) => S3InboxSettings | undefined,
  ofBank: S3InboxSettings | undefined,
): Promise<void> {
  await Promise.all(
    sandboxes.map(async ({ name, url }) => {
      const access = accessOf(name);
      if (access !== undefined) await control(name, `${url}/sandbox/inbound`, access);
      if (ofBank !== undefined) await control(name, `${url}/sandbox/bank`, ofBank);
    }),
  );
}

async function control(name: string, url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(readyMsMax),
  });
  if (!answer.ok) throw new Refusal(`sandbox acquirer ${name} refuses ${url}: ${answer.status}`);
}

/** @throws Refusal when it does not come up. */
export async function startSandbox({
  name,
  latencyMs,
  costBp,
  stateDirectory,
  env,
}: SandboxOptions): Promise<Sandbox> {
  const state = join(stateDirectory, name);
  const ready = Promise.withResolvers<string>();
  const child = startChild({
    name: `acquirer ${name}`,
    command: process.execPath,
    args: [
      program,
      ...["--name", name, "--port", "0", "--latency-ms", `${latencyMs}`],
      ...["--cost-bp", `${costBp}`, "--state", state],
    ],
    env,
    watchesStdin: true,
    onLine: (line) => {
      const parsed = readyLine.safeParse(parseJson(line));
      if (parsed.success) ready.resolve(parsed.data.ready);
    },
  });
  const timer = setTimeout(() => ready.reject(new Error(`no answer within ${readyMsMax} ms`)), readyMsMax);
  const died = child.ended.then((how) => {
    throw new Error(how);
  });
  try {
    return { name, url: await Promise.race([ready.promise, died]), child };
  } catch (thrown) {
    await child.stop();
    throw new Refusal(`sandbox acquirer ${name} does not start: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  } finally {
    clearTimeout(timer);
    // Its end matters to the supervisor from here on, who watches it by itself.
    died.catch(() => undefined);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
