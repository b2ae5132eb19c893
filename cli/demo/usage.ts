import { z } from "zod";

const usage = z.object({
  usage: z.array(
    z.object({ caller: z.string(), service: z.string(), unit: z.string(), quantity: z.number() }).loose(),
  ),
});
const calls = z.object({ calls: z.array(z.unknown()) });

/** Functions and machines that a request waits for; the others work behind it. */
const behind = new Set([
  "Relay",
  "RecordEvents",
  "Folder",
  "Check",
  "KeepDeadLetters",
  "Expire",
  "ExpireHolds",
  "events",
]);

/** What AWS would have billed so far, by the meter of the local cloud. */
export interface Usage {
  /** Of DynamoDB, by those a request waits for, and by those who work behind it. */
  readonly writeUnits: { readonly ahead: number; readonly behind: number };
}

/** @param endpoint of the local cloud's AWS services */
export async function usageAt(endpoint: string): Promise<Usage> {
  const response = await fetch(`${endpoint}/_usage`);
  const lines = usage.parse(await response.json()).usage;
  const writeUnits = { ahead: 0, behind: 0 };
  for (const { caller, service, unit, quantity } of lines) {
    if (service !== "dynamodb" || unit !== "write_units") continue;
    writeUnits[behind.has(caller) ? "behind" : "ahead"] += quantity;
  }
  return { writeUnits };
}

/** How many AWS calls one payment's requests made. */
export async function callsOf(endpoint: string, payment: string): Promise<number> {
  const response = await fetch(`${endpoint}/_calls?payment=${encodeURIComponent(payment)}`);
  return calls.parse(await response.json()).calls.length;
}
