import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { production, projectRoot } from "../committed-plan.ts";
import { PlanView } from "../plan-view.ts";

/** Every stage on AWS, in the order of the page: the estates, what an account has once, and the organization. */
export const stagesOnAws = [
  "dev",
  "staging",
  "production",
  "account-dev",
  "account-staging",
  "account-production",
  "account-security",
  "account-log-archive",
  "organization",
] as const;

/**
 * The plans of all stages on AWS, those that are not committed rendered afresh.
 * @throws Error with what the renderer said.
 */
export async function plansOfAllStages(): Promise<readonly PlanView[]> {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-cost-"));
  try {
    // One after the other: tests run beside it, and a render that is kept from its processor for too long gives up.
    for (const stage of stagesOnAws)
      if (stage !== production.stage) await render(stage, fileOf(folder, stage));
    return stagesOnAws.map((stage) =>
      stage === production.stage
        ? production
        : new PlanView(JSON.parse(readFileSync(fileOf(folder, stage), "utf8")) as Plan),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fileOf = (folder: string, stage: string): string => join(folder, `${stage}.json`);

/** A render takes over its process, so each one has its own. */
function render(stage: string, out: string): Promise<void> {
  const renderer = join(projectRoot, "tests/estate/render/cli.ts");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [renderer, "--stage", stage, "--out", out], { cwd: projectRoot });
    const said: string[] = [];
    child.stdout.on("data", (data) => said.push(String(data)));
    child.stderr.on("data", (data) => said.push(String(data)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${stage} cannot be rendered: ${said.join("")}`));
    });
  });
}
