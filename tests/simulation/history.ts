import type { Finding } from "#core/proof/finding.ts";
import { type FaultKind, type FaultOptions, faultKinds } from "./faults.ts";
import { compileSagas } from "./machine.ts";
import { drawOrders } from "./orders.ts";
import { Random } from "./random.ts";
import { replaceSurroundings } from "./surroundings.ts";
import { type Alterations, World } from "./world.ts";

/** One history, from its seed to its end. */
export interface History {
  readonly seed: number;
  /** The first thing that was wrong; undefined when nothing was. */
  readonly finding: Finding | undefined;
  /** Events that the scheduler let happen. */
  readonly events: number;
  /** How often each kind of fault struck. */
  readonly struck: ReadonlyMap<FaultKind, number>;
  /** The states in which its payments came to rest, and how many sagas ran. */
  readonly ends: readonly string[];
  readonly sagas: number;
  /** How its disputes ended, and why those did that were lost. */
  readonly disputes: readonly string[];
  /** The events of one payment, or of everybody. */
  readonly lines: (subject: string | undefined) => readonly string[];
}

const asDeployed: Alterations = {
  machines: compileSagas(),
  command: (command) => command,
  reasons: (reasons) => reasons,
  ports: (ports) => ports,
};

/** Runs the history of a seed: the same seed and options are the same history, event by event. */
export async function simulate(
  seed: number,
  faults: FaultOptions = {},
  alterations: Partial<Alterations> = {},
): Promise<History> {
  replaceSurroundings();
  const world = new World(seed, faults, { ...asDeployed, ...alterations });
  const { observer, scheduler } = world;
  for (const order of drawOrders(new Random(seed, "orders"))) world.merchants.place(order);
  world.wallet.begin();
  await scheduler.run(() => observer.check());
  if (observer.finding === undefined) observer.finish();
  return {
    seed,
    finding: observer.finding,
    events: scheduler.events,
    struck: world.faults.struck,
    ends: world.observer.ends(),
    sagas: world.sagas.all.length,
    disputes: observer.disputeEnds(),
    lines: (subject) => world.trace.lines(subject),
  };
}

/**
 * The same failure with fewer kinds of faults: each kind is left out in turn, and stays out while the same invariant
 * still breaks.
 */
export async function shrink(
  history: History,
  faults: FaultOptions = {},
  alterations: Partial<Alterations> = {},
): Promise<{ readonly history: History; readonly without: ReadonlySet<FaultKind> }> {
  const without = new Set<FaultKind>(faults.without);
  let smallest = history;
  for (const kind of Object.keys(faultKinds) as FaultKind[]) {
    const tried = new Set([...without, kind]);
    const again = await simulate(history.seed, { ...faults, without: tried }, alterations);
    if (again.finding === undefined || kindOf(again) !== kindOf(history)) continue;
    without.add(kind);
    smallest = again;
  }
  return { history: smallest, without };
}

/** What broke, whatever the names and numbers in it. */
const kindOf = ({ finding }: History): string =>
  `${finding?.invariant}: ${finding?.what.replaceAll(/pay_\w+|\d+/g, "")}`;
