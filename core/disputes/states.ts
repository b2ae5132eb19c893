/**
 * Where a dispute can be, and where it can go from there. The only table: nothing else decides a transition.
 *
 * - `needs_response`: opened; the acquirer took the money back, and the merchant may say something until `evidence_due_at`.
 * - `under_review`: the acquirer has the evidence, and decides.
 * - `won`: the acquirer returned the money.
 * - `lost`: the money stays gone: the merchant accepted it or said nothing in time, or it was decided so.
 *
 * What an acquirer takes up again behind an end is another dispute, with a reference of its own.
 */
const transitions = {
  needs_response: ["under_review", "won", "lost"],
  under_review: ["won", "lost"],
  won: [],
  lost: [],
} as const satisfies Record<string, readonly string[]>;

export type DisputeState = keyof typeof transitions;

export const disputeStates = Object.keys(transitions) as readonly DisputeState[];

export function disputeMayMove(from: DisputeState, to: DisputeState): boolean {
  const targets: readonly DisputeState[] = transitions[from];
  return targets.includes(to);
}

/** No transition leaves it. */
export const isOver = (state: DisputeState): boolean => transitions[state].length === 0;
