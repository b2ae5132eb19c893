import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { projectRoot } from "../committed-plan.ts";
import { PlanView } from "../plan-view.ts";
import { sortFindings } from "../rules/exceptions.ts";
import { evaluate, explainFinding } from "../rules/rule.ts";
import { rules } from "../rules/rules.ts";
import { wiring } from "../wiring/wiring.ts";

// Renders stages afresh, without AWS, and checks all that can be checked of them: `npm run estate:check`.

/** Each that is deployed and differs from others in more than numbers. */
const stages = [
  ...["dev", "staging", "production", "production-standby"],
  ...["organization", "account-production", "account-security", "account-log-archive"],
];

/** Stages that refer to what another has made. */
const homes: Readonly<Record<string, string>> = { "production-standby": "production" };

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
  process.exitCode = unpacked && (await allHold()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `${process.exitCode === 0 ? "The estate holds" : "The estate does not hold"} (${seconds(started)} s).`,
);

/** Side by side, each a process of its own, and as many as there are processors. */
async function allHold(): Promise<boolean> {
  const steps = [
    ...stages.map((stage) => () => step(stage, () => checked(stage))),
    () => step("types of stacks/", typesFit),
  ].values();
  const ended: boolean[] = [];
  const work = async () => {
    for (const run of steps) ended.push(await run());
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return ended.every(Boolean);
}

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

/** @param reader for whom it is rendered, so that no two write the same file. */
async function rendered(stage: string, reader: string): Promise<Plan | Ended> {
  const out = join(folder, `${stage}-for-${reader}.json`);
  const { wrong } = await ran("", rendererWith("--stage", stage, "--out", out));
  return wrong.length > 0
    ? { says: "cannot be rendered", wrong }
    : (JSON.parse(readFileSync(out, "utf8")) as Plan);
}

async function checked(stage: string): Promise<Ended> {
  const own = await rendered(stage, stage);
  if ("wrong" in own) return own;
  const home = homes[stage] === undefined ? undefined : await rendered(homes[stage], stage);
  if (home !== undefined && "wrong" in home) return home;
  const plan = new PlanView(own, ...(home === undefined ? [] : [new PlanView(home)]));
  const { unexpected, open, excepted, unused } = sortFindings(evaluate(rules, plan), stage);
  const wrong = [...unexpected, ...evaluate(wiring, plan)].map(explainFinding);
  return {
    says: [
      `${plan.resources.length} resources`,
      `${rules.length} rules, ${wiring.length} wiring checks`,
      `${wrong.length + unused.length} wrong`,
      `${open.length} open`,
      `${excepted.length} excepted`,
    ].join(", "),
    wrong: [
      ...wrong,
      ...unused.map((each) => `${each}: no longer occurs: take it out of tests/estate/rules/exceptions.ts`),
    ],
  };
}
