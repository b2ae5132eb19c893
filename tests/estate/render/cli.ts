import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { explain } from "./errors.ts";
import { lockText } from "./lock.ts";
import { openPlatform } from "./platform.ts";
import { renderPlan } from "./render.ts";

// Renders the estate of a stage into its lock: `npm run estate:lock`.

/** SST's platform is unpacked here, also when another root is rendered. */
const project = resolve(import.meta.dirname, "../../..");

const { values } = parseArgs({
  options: {
    stage: { type: "string", default: "local" },
    root: { type: "string", default: project },
    out: { type: "string" },
    /** Only unpack SST's platform, for the compiler. */
    "unpack-only": { type: "boolean", default: false },
  },
});

const root = resolve(values.root);
try {
  if (values["unpack-only"]) {
    openPlatform(project);
  } else {
    const plan = await renderPlan(root, values.stage, () => openPlatform(project));
    const file = values.out ?? join(root, `stacks/estate.${plan.stage}.lock.json`);
    writeFileSync(file, lockText(plan));
    console.log(`${file}: ${plan.resources.length} resources`);
  }
} catch (error) {
  const errors = error instanceof AggregateError ? error.errors : [error];
  console.error(errors.map((each) => explain(each, root)).join("\n"));
  process.exitCode = 1;
}
// Pulumi's SDK leaves timers behind.
process.exit();
