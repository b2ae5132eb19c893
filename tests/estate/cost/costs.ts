import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";
import { bills, type Charge } from "./bills.ts";
import { type PriceName, priceOf, prices } from "./prices.ts";
import { byUse, free } from "./unpriced.ts";

/** All resources of a concern that pay one price. */
export interface Line {
  readonly concern: string;
  readonly price: PriceName;
  /** How many resources pay it. */
  readonly resources: number;
  /** Units in a month. */
  readonly units: number;
  readonly usd: number;
}

/** What a stage costs in a month in which nobody uses it. */
export interface Cost {
  readonly stage: string;
  readonly lines: readonly Line[];
  readonly usd: number;
  /** Types of the plan that cost by use, with what drives it. */
  readonly driven: readonly { readonly type: string; readonly resources: number; readonly by: string }[];
}

interface Charged extends Charge {
  readonly concern: string;
}

/**
 * @throws Error that names the types that nobody has said how to pay for: a sum that leaves some out looks like all.
 */
export function costOf(plan: PlanView): Cost {
  const types = Map.groupBy(plan.resources, ({ type }) => type);
  const unknown = [...types.keys()].filter((type) => !isKnown(type)).toSorted();
  if (unknown.length > 0)
    throw new Error(
      `${plan.stage}: what do these cost? Say so in tests/estate/cost (bills.ts or unpriced.ts): ${unknown.join(", ")}`,
    );
  const charged = plan.resources.flatMap((resource) => chargesOf(resource, plan));
  const lines = [...Map.groupBy(charged, ({ concern, price }) => `${concern} ${price}`).values()]
    .map(lineOf)
    .toSorted(
      (a, b) => concerns.indexOf(a.concern) - concerns.indexOf(b.concern) || order(a.price) - order(b.price),
    );
  return {
    stage: plan.stage,
    lines,
    usd: lines.reduce((sum, { usd }) => sum + usd, 0),
    driven: Object.entries(byUse).flatMap(([type, by]) => {
      const resources = types.get(type)?.length ?? 0;
      return resources > 0 ? [{ type, resources, by }] : [];
    }),
  };
}

const concerns: readonly string[] = [...new Set(Object.values(bills).map(({ concern }) => concern))];
const order = (price: PriceName): number => Object.keys(prices).indexOf(price);

const isKnown = (type: string): boolean => type in bills || type in byUse || free.includes(type);

function chargesOf(resource: PlanResource, plan: PlanView): readonly Charged[] {
  const bill = bills[resource.type];
  if (bill === undefined) return [];
  return bill
    .charges(resource, plan)
    .filter(({ units }) => units > 0)
    .map((charge) => ({ ...charge, concern: bill.concern }));
}

function lineOf(charged: readonly Charged[]): Line {
  const [first] = charged;
  if (first === undefined) throw new Error("a line of nothing");
  const units = charged.reduce((sum, each) => sum + each.units, 0);
  return {
    concern: first.concern,
    price: first.price,
    resources: charged.length,
    units,
    usd: units * priceOf(first.price).usd,
  };
}
