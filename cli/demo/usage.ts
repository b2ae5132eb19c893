import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const usageAnswer = z.object({
  usage: z.array(
    z
      .object({
        caller: z.string(),
        service: z.string(),
        unit: z.string(),
        resource: z.string(),
        quantity: z.number(),
      })
      .loose(),
  ),
});
const callsAnswer = z.object({
  calls: z.array(
    z.object({ sequence: z.number(), caller: z.string(), service: z.string(), action: z.string() }).loose(),
  ),
});

/** Before its answer, a request waits for it. Behind: events, balances, reminders. */
export type Side = "before" | "behind";
type Sides = Readonly<Record<Side, number>>;

/** Functions that no request waits for. */
const behind = new Set([
  "Relay",
  "RecordEvents",
  "JournalRelay",
  "Notify",
  "Folder",
  "Check",
  "KeepDeadLetters",
  "Expire",
  "ExpireHolds",
]);
/** Reminders of earlier payments come due whenever they do; Lambda's own looks at streams and queues cost nothing. */
const isOfNoRequest = (caller: string): boolean => caller === "Check" || caller.startsWith("events of ");
const sideOf = (caller: string): Side => (behind.has(caller) ? "behind" : "before");

/** How long nothing may be written any more, until all that follows from a payment has been. */
const calmMsDefault = 1_500;
const calmLooksMax = 20;

/** Write units of DynamoDB so far, by table and index, as AWS would bill them: by the meter of the local cloud. */
export type Usage = ReadonlyMap<string, Sides>;

/** @param endpoint of the local cloud's AWS services */
export async function usageAt(endpoint: string): Promise<Usage> {
  const { usage } = usageAnswer.parse(await ask(endpoint, "/_usage"));
  const written = usage.filter(({ service, unit }) => service === "dynamodb" && unit === "write_units");
  return summed(
    written.map(({ resource, caller, quantity }) => [
      resource.replace(/^tallystick-local-/, ""),
      sideOf(caller),
      quantity,
    ]),
  );
}

/** What was used in between. */
export function since(before: Usage, after: Usage): Usage {
  const lines = [...after].map(([name, sides]) => {
    const { before: ahead = 0, behind: later = 0 } = before.get(name) ?? {};
    return [name, { before: sides.before - ahead, behind: sides.behind - later }] as const;
  });
  return new Map(lines.filter(([, sides]) => sides.before > 0 || sides.behind > 0));
}

export const totalOf = (usage: Usage): Sides => ({
  before: [...usage.values()].reduce((sum, { before }) => sum + before, 0),
  behind: [...usage.values()].reduce((sum, { behind: later }) => sum + later, 0),
});

/** What one request cost that was alone with the system. */
export interface Cost {
  /** AWS calls by service and action. */
  readonly calls: Usage;
  readonly writeUnits: Usage;
}

/** Runs a request while nothing else is under way, and waits until nothing follows from it any more. */
export async function costOf(
  endpoint: string,
  request: () => Promise<unknown>,
  calmMs = calmMsDefault,
): Promise<Cost> {
  const [before, earlier] = [await calmUsage(endpoint, calmMs), await callsAt(endpoint)];
  const last = earlier.at(-1)?.sequence ?? 0;
  await request();
  const writeUnits = since(before, await calmUsage(endpoint, calmMs));
  const calls = (await callsAt(endpoint)).filter(
    ({ sequence, caller }) => sequence > last && !isOfNoRequest(caller),
  );
  return {
    calls: summed(
      calls.map(({ service, action, caller }) => [`${service} ${action}`, sideOf(caller), 1] as const),
    ),
    writeUnits,
  };
}

async function calmUsage(endpoint: string, calmMs: number): Promise<Usage> {
  let usage = await usageAt(endpoint);
  for (let look = 0; look < calmLooksMax; look += 1) {
    await sleep(calmMs);
    const next = await usageAt(endpoint);
    if (since(usage, next).size === 0) return next;
    usage = next;
  }
  return usage;
}

async function callsAt(endpoint: string) {
  const { calls } = callsAnswer.parse(await ask(endpoint, "/_calls"));
  return calls.toSorted((a, b) => a.sequence - b.sequence);
}

const ask = async (endpoint: string, path: string): Promise<unknown> =>
  (await fetch(`${endpoint}${path}`)).json();

function summed(lines: readonly (readonly [name: string, side: Side, quantity: number])[]): Usage {
  const sums = new Map<string, Record<Side, number>>();
  for (const [name, side, quantity] of lines) {
    const sum = sums.get(name) ?? { before: 0, behind: 0 };
    sum[side] += quantity;
    sums.set(name, sum);
  }
  return new Map([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
