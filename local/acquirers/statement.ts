import type { Movement } from "./records.ts";

/** A day of one acquirer, as its files tell it. */
export interface Statement {
  readonly acquirer: string;
  /** The day, UTC: `2030-06-15`. */
  readonly date: string;
  /** Epoch milliseconds. */
  readonly closedAt: number;
  /** In the order in which they happened. */
  readonly movements: readonly Movement[];
}

/** What is paid out in one currency, in minor units: `net` is `gross − cost`, and may be negative. */
export interface Total {
  readonly currency: string;
  readonly movements: number;
  readonly gross: bigint;
  readonly cost: bigint;
  readonly net: bigint;
}

/** Minor units, as seen by the client: what it gets is positive. */
export function grossOf({ kind, amount }: Pick<Movement, "kind" | "amount">): number {
  switch (kind) {
    case "capture":
    case "chargeback_reversal":
      return amount;
    case "refund":
    case "chargeback":
      return -amount;
  }
}

export function totalsOf(movements: readonly Movement[]): readonly Total[] {
  const currencies = [...new Set(movements.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const of = movements.filter((movement) => movement.currency === currency);
    const gross = of.reduce((sum, movement) => sum + BigInt(grossOf(movement)), 0n);
    const cost = of.reduce((sum, movement) => sum + BigInt(movement.cost), 0n);
    return { currency, movements: of.length, gross, cost, net: gross - cost };
  });
}
