import { expect, test } from "vitest";
import { type Dispute, type DisputeFact, evolveDispute } from "#core/disputes/dispute.ts";
import { evidenceKeyOf } from "#core/disputes/ids.ts";
import { exampleDispute, noon } from "#tests/support/examples.ts";
import { checkDisputeAtRest, type DisputeThere } from "./watched-disputes.ts";

const given: DisputeFact = {
  type: "evidence_given",
  texts: { text: "signed for", fields: {} },
  fingerprint: "f",
};
const after = (...facts: readonly DisputeFact[]): Dispute =>
  facts.reduce((dispute, fact) => evolveDispute(dispute, fact, noon), exampleDispute());
const won = after(given, { type: "decided", outcome: "won" });
const lost = after({ type: "decided", outcome: "lost" });
const own = evidenceKeyOf(won.payment, won.id);
const there = (more: Partial<DisputeThere> = {}): DisputeThere => ({ amount: 40_00, evidence: [], ...more });

// biome-ignore format: a table is read in rows
test.each<{ what: string; dispute: Dispute | undefined; at: DisputeThere; isTold?: boolean }>([
  { what: "it was never told", dispute: undefined, at: there({ outcome: "lost" }), isTold: false },
  { what: "it is won", dispute: won, at: there({ outcome: "won", evidence: [own] }) },
  { what: "it is lost", dispute: lost, at: there({ outcome: "lost" }) },
  { what: "evidence came too late", dispute: won, at: there({ outcome: "won" }) },
  { what: "its merchant gave in, and won all the same", dispute: after({ type: "accepted" }), at: there({ outcome: "won" }) },
  { what: "nobody said anything, and nobody has decided", dispute: after({ type: "overdue" }), at: there() },
])("at rest, all is well where $what", ({ dispute, at, isTold = true }) => {
  expect(checkDisputeAtRest({ there: at, isTold }, dispute)).toEqual([]);
});

// biome-ignore format: a table is read in rows
test.each<{ what: string; dispute: Dispute | undefined; at: DisputeThere; says: RegExp }>([
  { what: "is not here, and was told", dispute: undefined, at: there(), says: /told is not there/ },
  { what: "is open", dispute: after(given), at: there({ outcome: "won" }), says: /it is over, and dsp_\w+ is needs_response/ },
  { what: "ended otherwise there", dispute: won, at: there({ outcome: "lost" }), says: /is won, there lost/ },
  { what: "has not ended there", dispute: lost, at: there(), says: /is lost, there open/ },
  { what: "is of another amount there", dispute: lost, at: there({ outcome: "lost", amount: 1 }), says: /is of 4000, there 1/ },
  { what: "has evidence twice there", dispute: won, at: there({ outcome: "won", evidence: [own, `${own}.2`] }), says: /has evidence there/ },
  { what: "has evidence under another key there", dispute: won, at: there({ outcome: "won", evidence: ["k"] }), says: /has evidence there as k/ },
  { what: "has evidence there that nobody gave", dispute: lost, at: there({ outcome: "lost", evidence: [own] }), says: /has evidence there/ },
])("at rest, a dispute that $what is found", ({ dispute, at, says }) => {
  expect(checkDisputeAtRest({ there: at, isTold: true }, dispute)).toEqual([expect.stringMatching(says)]);
});
