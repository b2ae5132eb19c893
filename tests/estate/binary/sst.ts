import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Registration } from "../render/engine.ts";
import type { Account } from "./account.ts";

const pulumi = join(import.meta.dirname, "pulumi");
const runMsMax = 170_000;

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  /** What the program registered with Pulumi; empty when the binary never came to run it. */
  readonly registrations: readonly Registration[];
}

/**
 * Runs the real `sst` binary, with `pulumi.ts` in the place of Pulumi's engine and the account given.
 * @param caller whose account the credentials are of; that of the stage when left out.
 */
export async function runSst(
  root: string,
  args: readonly string[],
  account: Account,
  caller?: string,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-sst-"));
  const registrations = join(folder, "registrations.json");
  // `stack init` ignores SST_PULUMI_PATH.
  mkdirSync(join(folder, "sst/bin"), { recursive: true });
  symlinkSync(pulumi, join(folder, "sst/bin/pulumi"));
  const env = {
    ...process.env,
    ...account.environment,
    XDG_CONFIG_HOME: folder,
    SST_PULUMI_PATH: pulumi,
    SST_SKIP_DEPENDENCY_CHECK: "true",
    SST_NO_BUN: "true",
    NO_BUN: "true",
    SST_TELEMETRY_DISABLED: "1",
    NO_COLOR: "1",
    TALLYSTICK_REGISTRATIONS: registrations,
    ...(caller !== undefined && { TALLYSTICK_CALLER: caller }),
    PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
  };
  try {
    const { exitCode, output } = await new Promise<Omit<Ended, "registrations">>((resolve) => {
      const sst = join(root, "node_modules/.bin/sst");
      execFile(
        sst,
        args,
        { cwd: root, env, timeout: runMsMax, maxBuffer: 64 << 20 },
        (error, stdout, stderr) =>
          resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
      );
    });
    const recorded = existsSync(registrations) ? readFileSync(registrations, "utf8") : "[]";
    return { exitCode, output, registrations: JSON.parse(recorded) as readonly Registration[] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
