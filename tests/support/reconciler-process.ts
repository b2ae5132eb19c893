import { readdirSync, readFileSync } from "node:fs";
import type { Endpoints } from "#local/endpoints.ts";

/** The reconciler's processes, found by whom they call. */
export function reconcilerPids({ aws }: Endpoints): readonly number[] {
  const found: number[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [command, environment] = ["cmdline", "environ"].map((file) =>
        readFileSync(`/proc/${pid}/${file}`, "utf8"),
      );
      const isIt = command?.startsWith(process.execPath) && command.includes("reconciler/main.ts");
      if (isIt && environment?.includes(`AWS_ENDPOINT_URL=${aws.endpoint}\0`)) found.push(Number(pid));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
