import { readdirSync, readFileSync } from "node:fs";
import type { Endpoints } from "#local/endpoints.ts";

/** The reconciler's process, found by whom it calls. */
export function reconcilerPid({ aws }: Endpoints): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [command, environment] = ["cmdline", "environ"].map((file) =>
        readFileSync(`/proc/${pid}/${file}`, "utf8"),
      );
      const isIt = command?.startsWith(process.execPath) && command.includes("reconciler/main.ts");
      if (isIt && environment?.includes(`AWS_ENDPOINT_URL=${aws.endpoint}\0`)) return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}
