import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { projectRoot } from "./committed-plan.ts";
import { PlanView } from "./plan-view.ts";

/**
 * A stage whose plan is not committed, rendered afresh. A render takes over its process, so each one has its own.
 * @throws Error with what the renderer said.
 */
export async function renderStage(stage: string): Promise<PlanView> {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-stage-"));
  try {
    const out = join(folder, `${stage}.json`);
    await render(stage, out);
    return new PlanView(JSON.parse(readFileSync(out, "utf8")) as Plan);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function render(stage: string, out: string): Promise<void> {
  const renderer = join(projectRoot, "tests/estate/render/cli.ts");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [renderer, "--stage", stage, "--out", out], { cwd: projectRoot });
    const said: string[] = [];
    child.stderr.on("data", (data) => said.push(String(data)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${stage} cannot be rendered: ${said.join("")}`));
    });
  });
}
