import { type FaultKind, type FaultOptions, faultKinds } from "./faults.ts";
import { type History, shrink } from "./history.ts";
import type { Alterations } from "./world.ts";

/** How to run a history again. `more` are further arguments. */
const replayCommand = (seed: number, ...more: readonly string[]): string =>
  ["npm run simulate --", "--seed", String(seed), ...more].join(" ");

/** What broke, how to run it again, and what happened to the payment with as few kinds of faults as it takes. */
export async function explain(
  history: History,
  faults: FaultOptions = {},
  alterations: Partial<Alterations> = {},
): Promise<string> {
  const { history: smallest, without } = await shrink(history, faults, alterations);
  const { invariant, subject, what } = smallest.finding ?? { invariant: "nothing", subject: "", what: "" };
  const left = (Object.keys(faultKinds) as FaultKind[]).filter((kind) => !without.has(kind));
  return [
    `seed ${history.seed} breaks ${history.finding?.invariant}: ${history.finding?.what}`,
    `again:    ${replayCommand(history.seed)}`,
    `smallest: ${replayCommand(history.seed, "--only", left.join(",") || "none")}`,
    `${invariant} of ${subject}: ${what}`,
    ...left.map((kind) => `  ${kind} × ${smallest.struck.get(kind) ?? 0}: ${faultKinds[kind]}`),
    ...smallest.lines(subject === "" ? undefined : subject),
  ].join("\n");
}
