import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { projectRoot } from "../committed-plan.ts";
import { PlanView } from "../plan-view.ts";
import { sortFindings } from "../rules/exceptions.ts";
import { evaluate, explainFinding } from "../rules/rule.ts";
import { rules } from "../rules/rules.ts";
import { wiring } from "../wiring/wiring.ts";

// Renders stages afresh, without AWS, and checks all that can be checked of them: `npm run estate:check`.

/** The cheapest stage that is on AWS, and the one that matters. */
const stages = ["dev", "production"] as const;
type Stage = (typeof stages)[number];

/** What a step prints when it went well; what is wrong otherwise, line by line. */
interface Ended {
  readonly says: string;
  readonly wrong: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), "tallystick-check-"));
const started = performance.now();
try {
  const unpacked = await step("SST's platform", () =>
    ran("its components are there", rendererWith("--unpack-only")),
  );
  // Side by side: each is a process of its own.
  const ended = unpacked
    ? await Promise.all([
        step("types of stacks/", typesFit),
        ...stages.map((stage) => step(stage, () => checked(stage))),
      ])
    : [false];
  process.exitCode = ended.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `${process.exitCode === 0 ? "The estate holds" : "The estate does not hold"} (${seconds(started)} s).`,
);

/** Runs a step, and says how it ended. */
async function step(name: string, run: () => Promise<Ended>): Promise<boolean> {
  const begun = performance.now();
  console.log(`… ${name}`);
  const { says, wrong } = await run();
  const mark = wrong.length === 0 ? "✓" : "✗";
  console.log(
    [`${mark} ${name}: ${says} (${seconds(begun)} s)`, ...wrong.map((line) => `  ${line}`)].join("\n"),
  );
  return wrong.length === 0;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function rendererWith(...options: string[]): readonly string[] {
  return [process.execPath, join(projectRoot, "tests/estate/render/cli.ts"), ...options];
}

function ran(says: string, [command = "", ...args]: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: projectRoot });
    const output: string[] = [];
    child.stdout.on("data", (data) => output.push(String(data)));
    child.stderr.on("data", (data) => output.push(String(data)));
    child.on("close", (code) =>
      resolve(
        code === 0 ? { says, wrong: [] } : { says: "failed", wrong: output.join("").trim().split("\n") },
      ),
    );
  });
}

function typesFit(): Promise<Ended> {
  return ran("fit SST's own", [join(projectRoot, "node_modules/.bin/tsc"), "-p", "stacks"]);
}

async function checked(stage: Stage): Promise<Ended> {
  const out = join(folder, `${stage}.json`);
  const rendered = await ran("", rendererWith("--stage", stage, "--out", out));
  if (rendered.wrong.length > 0) return { says: "cannot be rendered", wrong: rendered.wrong };
  const plan = new PlanView(JSON.parse(readFileSync(out, "utf8")) as Plan);
  const { unexpected, open, excepted, unused } = sortFindings(evaluate(rules, plan));
  const wrong = [...unexpected, ...evaluate(wiring, plan)].map(explainFinding);
  // The lists of what is known are about production: another stage has less.
  const stale = stage === "production" ? unused : [];
  return {
    says: [
      `${plan.resources.length} resources`,
      `${rules.length} rules, ${wiring.length} wiring checks`,
      `${wrong.length + stale.length} wrong`,
      `${open.length} open`,
      `${excepted.length} excepted`,
    ].join(", "),
    wrong: [
      ...wrong,
      ...stale.map((each) => `${each}: no longer occurs: take it out of tests/estate/rules/exceptions.ts`),
    ],
  };
}
