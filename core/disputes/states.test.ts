import { expect, test } from "vitest";
import { type DisputeState, disputeMayMove, disputeStates, isOver } from "./states.ts";

// biome-ignore format: a table is read in rows
const table: Readonly<Record<DisputeState, readonly DisputeState[]>> = {
  needs_response: ["under_review", "won", "lost"],
  under_review: ["won", "lost"],
  won: [],
  lost: [],
};

test.each(disputeStates)("from %s it moves along the table, and nowhere else", (from) => {
  expect(disputeStates.filter((to) => disputeMayMove(from, to))).toEqual(table[from]);
  expect(isOver(from)).toBe(table[from].length === 0);
});
