import { expect, test } from "vitest";
import { exampleDispute, minute, noon } from "#tests/support/examples.ts";
import { type Dispute, type DisputeFact, evolveDispute } from "../disputes/dispute.ts";
import { recordedAtOf } from "../ledger/journal.ts";
import { completeDispute } from "./complete-dispute.ts";

const texts = { text: "signed for", fields: {} };

/** A dispute after these, a minute apart. */
const after = (...facts: readonly DisputeFact[]): Dispute =>
  facts.reduce(
    (dispute, fact, index) => evolveDispute(dispute, fact, noon + (index + 1) * minute),
    exampleDispute(),
  );

test("what did not arrive is written as of when its step was, whatever was erased since", () => {
  const won = after(
    { type: "evidence_given", texts, fingerprint: "f" },
    { type: "decided", outcome: "won" },
    { type: "redacted" },
  );
  const completed = completeDispute(won, [], "failover");
  expect(completed.map(recordedAtOf)).toEqual([noon, noon + 2 * minute]);
});

test("what is there is not written again, and nothing is returned that was not won", () => {
  const open = completeDispute(after(), [], "failover");
  expect(open).toHaveLength(1);
  expect(completeDispute(after({ type: "accepted" }), open, "failover")).toEqual([]);
  expect(completeDispute(after({ type: "decided", outcome: "won" }), open, "failover")).toHaveLength(1);
});
