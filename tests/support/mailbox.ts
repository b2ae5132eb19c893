import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Endpoints } from "#local/endpoints.ts";
import { eventually } from "./eventually.ts";

/** Everything that arrived for an address of a running system, oldest first. */
export function arrivedFor({ mail: directory = "" }: Pick<Endpoints, "mail">, address: string): string[] {
  const files = existsSync(directory) ? readdirSync(directory).toSorted() : [];
  return files
    .filter((file) => !file.endsWith(".next"))
    .map((file) => readFileSync(join(directory, file), "utf8"))
    .filter((message) => message.split(/\r?\n/).includes(`To: ${address}`));
}

/** Follows the link of the first mail to an address: it is confirmed. */
export async function confirm(endpoints: Pick<Endpoints, "mail">, address: string): Promise<number> {
  const asked = await eventually(async () => arrivedFor(endpoints, address)[0]);
  const link = /http:\S+/.exec(asked)?.[0] ?? "";
  return (await fetch(link)).status;
}
