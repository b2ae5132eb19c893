import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadPlan } from "../plan/load.ts";
import { sourceHash } from "../plan/source-hash.ts";
import { Refusal } from "../process/refusal.ts";
import { decisionsIn } from "./decision-log.ts";
import { grantReportOf, linesOf } from "./grants.ts";
import { rolesOf } from "./roles.ts";

const usage = `npm run iam:report [-- --from <file>]

  Runs the integration tests and says which grants of the plan they never used, and what was denied. Ends with 1 when a
  grant has neither a use nor a reason.
  --from <file>   takes the decisions of an earlier run, written under TALLYSTICK_IAM_LOG, and runs nothing`;

const root = join(import.meta.dirname, "..", "..");
const recorded = join(root, "reports", "iam.jsonl");

function main(): void {
  const { from, help } = flags();
  if (help) {
    console.log(usage);
    return;
  }
  const passed = from !== undefined || runTests();
  const report = grantReportOf(
    rolesOf(loadPlan(root, sourceHash)).values(),
    decisionsIn(readFileSync(from ?? recorded, "utf8")),
  );
  for (const line of linesOf(report)) console.log(line);
  if (!passed) console.error("The tests failed: what they would have shown is missing here.");
  if (!passed || report.denied.length > 0 || report.unused.length > 0) process.exitCode = 1;
}

/** Tests that take permissions away keep their denials to themselves. */
function runTests(): boolean {
  rmSync(recorded, { force: true });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "integration"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TALLYSTICK_IAM_LOG: recorded },
  });
  return status === 0;
}

function flags() {
  try {
    return parseArgs({
      options: { from: { type: "string" }, help: { type: "boolean", default: false } },
    }).values;
  } catch (thrown) {
    throw new Refusal(`${(thrown as Error).message}\n\n${usage}`, { cause: thrown });
  }
}

try {
  main();
} catch (thrown) {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
}
