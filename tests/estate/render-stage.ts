import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { sourceHash } from "#local/plan/source-hash.ts";
import { projectRoot } from "./committed-plan.ts";
import { PlanView } from "./plan-view.ts";

/** What was rendered of the files as they are now: several tests read the same stages, and each render takes seconds. */
const rendered = join(projectRoot, "reports/stages");

/**
 * A stage whose plan is not committed, as the files render it now. A render takes over its process, so each one has its
 * own.
 * @throws Error with what the renderer said.
 */
export async function renderStage(stage: string): Promise<PlanView> {
  const kept = join(rendered, `${stage}-${sourceHash(projectRoot).replace(/\W/g, "-")}.json`);
  if (!existsSync(kept)) {
    mkdirSync(rendered, { recursive: true });
    // Two may render it at once: each writes a file of its own, and the last one stays.
    const out = `${kept}.${process.pid}`;
    await render(stage, out);
    renameSync(out, kept);
    forgetOthers(stage, kept);
  }
  return new PlanView(JSON.parse(readFileSync(kept, "utf8")) as Plan);
}

/** What was rendered of files as they were before. */
function forgetOthers(stage: string, kept: string): void {
  for (const file of readdirSync(rendered))
    if (file.startsWith(`${stage}-sha256-`) && file.endsWith(".json") && join(rendered, file) !== kept)
      rmSync(join(rendered, file), { force: true });
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
