import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { explain } from "./errors.ts";
import { lockText } from "./lock.ts";
import { openPlatform } from "./platform.ts";
import { renderPlan } from "./render.ts";

// Renders the estate of a stage into its lock, or of all stages that have one: `npm run estate:lock`.

/** What the laptop runs, and what is read before it is deployed. */
const lockedStages = ["local", "production", "production-standby"] as const;

/** SST's platform is unpacked here, also when another root is rendered. */
const project = resolve(import.meta.dirname, "../../..");

const { values } = parseArgs({
  options: {
    stage: { type: "string" },
    root: { type: "string", default: project },
    out: { type: "string" },
    /** Whose credentials the deployment would have; the stage's own account when left out. */
    account: { type: "string" },
    /** Only unpack SST's platform, for the compiler. */
    "unpack-only": { type: "boolean", default: false },
  },
});

const root = resolve(values.root);
try {
  if (values["unpack-only"]) await openPlatform(project);
  else if (values.stage === undefined) renderAll();
  else await renderOne(values.stage);
} catch (error) {
  const errors = error instanceof AggregateError ? error.errors : [error];
  console.error(errors.map((each) => explain(each, root)).join("\n"));
  process.exitCode = 1;
}
// Pulumi's SDK leaves timers behind.
process.exit();

/** One after the other, each in a process of its own. */
function renderAll(): void {
  for (const stage of lockedStages) {
    const { status } = spawnSync(process.execPath, [import.meta.filename, "--root", root, "--stage", stage], {
      stdio: "inherit",
    });
    if (status !== 0) process.exitCode = 1;
  }
}

async function renderOne(stage: string): Promise<void> {
  const plan = await renderPlan(root, stage, () => openPlatform(project), values.account);
  const file = values.out ?? join(root, `stacks/estate.${plan.stage}.lock.json`);
  writeFileSync(file, lockText(plan));
  console.log(`${file}: ${plan.resources.length} resources`);
}
