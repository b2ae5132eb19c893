import type { Currency } from "../money/currency.ts";

/** What routing knows of an acquirer. The settings of a stage say it. */
export interface AcquirerProfile {
  /** Unique among the acquirers of a stage. */
  readonly name: string;
  readonly currencies: readonly Currency[];
  /** What the acquirer takes of a captured amount, in basis points: 0 … 10,000. */
  readonly costBp: number;
}

export interface RouteRequest {
  readonly currency: Currency;
  /** Acquirers take cards and nothing else so far; a second method makes this a property of the profile. */
  readonly method: "card";
}

/** Which acquirers may be asked now. See `healthAt` in circuit-breaker.ts. */
export interface HealthView {
  admits(acquirer: string): boolean;
}

/**
 * The acquirers to try, first choice first: those that take the currency and are healthy, the cheapest first.
 * Equal costs go by name, so that the same request takes the same route in every process.
 * @returns an empty list when no acquirer may be asked: the payment fails without having been attempted.
 */
export function route(
  acquirers: readonly AcquirerProfile[],
  request: RouteRequest,
  health: HealthView,
): readonly string[] {
  return acquirers
    .filter((acquirer) => acquirer.currencies.includes(request.currency) && health.admits(acquirer.name))
    .toSorted(cheaperThenByName)
    .map((acquirer) => acquirer.name);
}

// Code units, not localeCompare: the order must not depend on the machine's locale.
function cheaperThenByName(a: AcquirerProfile, b: AcquirerProfile): number {
  if (a.costBp !== b.costBp) return a.costBp - b.costBp;
  return a.name < b.name ? -1 : 1;
}
