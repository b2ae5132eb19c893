import "#tests/simulation/quiet.ts";
import { cpus } from "node:os";
import { simulate } from "#tests/simulation/history.ts";

/**
 * Simulated histories of the payment saga per second, on one core. `node bench/simulation.ts [histories] [seed]`,
 * 3,000 from seed 1 unless told otherwise.
 */

const histories = Number(process.argv[2] ?? 3_000);
const firstSeed = Number(process.argv[3] ?? 1);
const warmUps = 300;
const rounds = 3;

async function round(from: number, count: number) {
  const startedAt = performance.now();
  let [events, sagas, broken] = [0, 0, 0];
  for (let seed = from; seed < from + count; seed += 1) {
    const history = await simulate(seed);
    events += history.events;
    sagas += history.sagas;
    if (history.finding !== undefined) broken += 1;
  }
  return { seconds: (performance.now() - startedAt) / 1_000, events, sagas, broken };
}

await round(firstSeed, warmUps);
const results = [];
for (let n = 0; n < rounds; n += 1) results.push(await round(firstSeed, histories));
const [median] = results.toSorted((a, b) => a.seconds - b.seconds).slice(Math.floor(rounds / 2));
if (median === undefined) throw new Error("no round was run");

const [{ model } = { model: "unknown" }] = cpus();
console.log(`machine    ${cpus().length} × ${model}, one core used, node ${process.version}`);
console.log(`histories  ${histories} from seed ${firstSeed}, median of ${rounds} rounds`);
console.log(`found      ${median.broken} that break an invariant`);
for (const [name, count] of [
  ["histories", histories],
  ["sagas", median.sagas],
  ["events", median.events],
] as const)
  console.log(`${name.padEnd(10)} ${Math.round(count / median.seconds)}/s`);
