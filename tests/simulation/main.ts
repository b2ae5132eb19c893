import "./quiet.ts";
import { parseArgs } from "node:util";
import { type FaultKind, type FaultOptions, faultKinds } from "./faults.ts";
import { simulate } from "./history.ts";
import { hunt, mutations } from "./mutations.ts";
import { explain } from "./report.ts";

/**
 * Runs histories of the payment saga.
 *
 *   npm run simulate -- --seed 7               one history, and what broke in it
 *   npm run simulate -- --seed 7 --trace       all that happened in it
 *   npm run simulate -- --seed 7 --only crash,saga_twice   with these kinds of faults alone
 *   npm run simulate -- --histories 100000     many, from a seed of the clock's
 *   npm run simulate -- --mutations            after how many, from seed 1, each mutation is noticed
 */

const huntedMax = 5_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    histories: { type: "string", default: "1" },
    only: { type: "string" },
    trace: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
  },
});

const from = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
const count = Number(values.histories);
const faults: FaultOptions = values.only === undefined ? {} : { without: allBut(values.only.split(",")) };

if (values.mutations) await showMutations();
else await run();

async function run(): Promise<void> {
  const startedAt = performance.now();
  const ends = new Map<string, number>();
  for (let seed = from; seed < from + count; seed += 1) {
    const history = await simulate(seed, faults);
    for (const end of history.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    if (values.trace) console.log(history.lines(undefined).join("\n"));
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

function allBut(kept: readonly string[]): ReadonlySet<FaultKind> {
  return new Set((Object.keys(faultKinds) as FaultKind[]).filter((kind) => !kept.includes(kind)));
}
