import "./quiet.ts";
import { parseArgs } from "node:util";
import { type FaultKind, type FaultOptions, faultKinds } from "./faults.ts";
import { simulate } from "./history.ts";
import { hunt, mutations } from "./mutations.ts";
import { explain } from "./report.ts";

const usage = `npm run simulate -- [options]   runs histories of payments under faults, one when nothing else is said

  --seed <n>              from this seed on; from a new one when left out
  --histories <n>         so many, each with the next seed
  --only <kind>[,<kind>]  with these kinds of faults alone
  --trace                 all that happens in them
  --mutations             instead: after how many histories, from seed 1, each mutation of the mutation list is noticed
  --help

Kinds of faults:
${Object.entries(faultKinds)
  .map(([kind, what]) => `  ${kind.padEnd(24)}${what}`)
  .join("\n")}`;

const huntedMax = 5_000;

const given = givenOrExit();
if (given.does === "help") console.log(usage);
else if (given.does === "hunt") await showMutations();
else await run(given);

interface Arguments {
  readonly from: number;
  readonly count: number;
  readonly faults: FaultOptions;
  readonly does: "run" | "trace" | "hunt" | "help";
}

function givenOrExit(): Arguments {
  try {
    return readArguments();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

/** @throws Error that says what is wrong with the arguments. */
function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      histories: { type: "string", default: "1" },
      only: { type: "string" },
      trace: { type: "boolean", default: false },
      mutations: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const what = values.trace ? "trace" : "run";
  return {
    from: values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber("--seed", values.seed, 0),
    count: wholeNumber("--histories", values.histories, 1),
    faults: values.only === undefined ? {} : { without: allBut(values.only.split(",")) },
    does: values.help ? "help" : values.mutations ? "hunt" : what,
  };
}

function wholeNumber(option: string, given: string, least: number): number {
  if (/^\d{1,15}$/.test(given) && Number(given) >= least) return Number(given);
  throw new Error(`${option} is a whole number of ${least} or more, not "${given}"`);
}

function allBut(kept: readonly string[]): ReadonlySet<FaultKind> {
  const unknown = kept.filter((kind) => !Object.hasOwn(faultKinds, kind));
  if (unknown.length > 0)
    throw new Error(`no kind of fault is called ${unknown.join(", ")}; --help lists them`);
  return new Set((Object.keys(faultKinds) as FaultKind[]).filter((kind) => !kept.includes(kind)));
}

async function run({ from, count, faults, does }: Arguments): Promise<void> {
  const startedAt = performance.now();
  const ends = new Map<string, number>();
  for (let seed = from; seed < from + count; seed += 1) {
    const history = await simulate(seed, faults);
    for (const end of history.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    if (does === "trace") console.log(history.lines(undefined).join("\n"));
    if (history.finding === undefined) continue;
    console.error(await explain(history, faults));
    process.exitCode = 1;
    return;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const states = [...ends].map(([state, n]) => `${n} ${state}`).join(", ");
  console.log(`${count} histories from seed ${from} in ${seconds.toFixed(1)} s, nothing broke: ${states}`);
}

async function showMutations(): Promise<void> {
  for (const mutation of mutations) {
    const { histories, found } = await hunt(mutation, 1, huntedMax);
    const what = found === undefined ? "NOT FOUND" : `${found.finding?.invariant}: ${found.finding?.what}`;
    console.log(`${String(histories).padStart(5)}  without ${mutation.without}\n       ${what}`);
    if (found === undefined) process.exitCode = 1;
  }
}
