/** What was sent, and what came of it. */
export interface Outcome {
  /** What kind of payment it was: `card 4000…5001`, `wallet`. */
  readonly kind: string;
  readonly merchant: string;
  readonly paymentId: string | undefined;
  /** State of the payment, or the code of the problem that refused it. */
  readonly state: string;
  readonly durationMs: number;
  /** What went otherwise than it must: a replay that differs, a step that was refused. */
  readonly complaints: readonly string[];
}

/** The value below which so many of a hundred lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

/** How many of each kind ended in each state; kinds in alphabetical order, states by how frequent they are. */
export function byKind(
  outcomes: readonly Outcome[],
): readonly (readonly [kind: string, counts: string, total: number])[] {
  const kinds = Map.groupBy(outcomes, ({ kind }) => kind);
  return [...kinds]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, those]) => {
      const states = [...Map.groupBy(those, ({ state }) => state)].toSorted(
        ([, a], [, b]) => b.length - a.length,
      );
      return [
        kind,
        states.map(([state, { length }]) => `${state} ${length}`).join(", "),
        those.length,
      ] as const;
    });
}
