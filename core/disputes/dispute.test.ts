import { expect, test } from "vitest";
import { exampleDispute, minute, noon } from "#tests/support/examples.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import {
  createDispute,
  type Dispute,
  type DisputeFact,
  endOf,
  evolveDispute,
  redactedDisputes,
  sameDispute,
} from "./dispute.ts";
import { fromDisputeRecord, toDisputeRecord } from "./record.ts";

const texts = { text: "signed for", fields: { tracking_number: "T-1" } };
const given: DisputeFact = { type: "evidence_given", texts, fingerprint: "f" };
const submitted: DisputeFact = { type: "evidence_submitted" };
const won: DisputeFact = { type: "decided", outcome: "won" };
const lost: DisputeFact = { type: "decided", outcome: "lost" };
const redacted: DisputeFact = { type: "redacted" };

/** What became of it by facts, a minute apart. */
const after = (...facts: readonly DisputeFact[]): Dispute =>
  facts.reduce(
    (dispute, fact, index) => evolveDispute(dispute, fact, noon + (index + 1) * minute),
    exampleDispute(),
  );

// biome-ignore format: a table is read in rows
test.each<{ what: string; facts: DisputeFact[]; is: object }>([
  { what: "evidence waits for the acquirer", facts: [given], is: { state: "needs_response", version: 2, evidence: { texts, givenAt: noon + minute } } },
  { what: "evidence that the acquirer has is reviewed", facts: [given, submitted], is: { state: "under_review", version: 3, evidence: { submittedAt: noon + 2 * minute } } },
  { what: "it is won", facts: [given, submitted, won], is: { state: "won", version: 4 } },
  { what: "it is lost", facts: [given, submitted, lost], is: { state: "lost", because: "decided" } },
  { what: "the acquirer decides before anybody says anything", facts: [won], is: { state: "won", version: 2 } },
  { what: "the merchant accepts it", facts: [{ type: "accepted" }], is: { state: "lost", because: "accepted" } },
  { what: "its time is over", facts: [{ type: "overdue" }], is: { state: "lost", because: "no_evidence" } },
  { what: "what was written is erased, and that it was given stays", facts: [given, submitted, redacted], is: { state: "under_review", version: 4, evidence: { fingerprint: "erased", givenAt: noon + minute, submittedAt: noon + 2 * minute } } },
])("$what", ({ facts, is }) => {
  expect(after(...facts)).toMatchObject(is);
});

test("what is erased is nowhere left", () => {
  expect(JSON.stringify(toDisputeRecord(after(given, redacted)))).not.toMatch(/signed|T-1/);
});

test("of a payment's disputes, those are erased that have something to erase", () => {
  const [said, silent, erased] = [after(given, won), after(lost), after(given, won, redacted)];
  expect(redactedDisputes([said, silent, erased], noon + 3 * minute)).toEqual([
    { before: said, after: erased },
  ]);
});

test.each<{ what: string; end: DisputeFact }>([
  { what: "won", end: won },
  { what: "lost", end: lost },
  { what: "accepted", end: { type: "accepted" } },
  { what: "lost in silence", end: { type: "overdue" } },
])("it ended when it was $what", ({ end }) => {
  expect(after(end)).toMatchObject({ endedAt: noon + minute });
  expect(endOf(after(end))).toBe(noon + minute);
});

test("what is erased later moves no end, and writes down one that was not", () => {
  const ended = after(given, won);
  expect(endOf(evolveDispute(ended, redacted, noon + 9 * minute))).toBe(noon + 2 * minute);
  // As ends were written before they had a time of their own.
  const { endedAt: _, ...old } = ended;
  expect(endOf(old)).toBe(noon + 2 * minute);
  expect(evolveDispute(old, redacted, noon + 9 * minute)).toMatchObject({
    endedAt: noon + 2 * minute,
    updatedAt: noon + 9 * minute,
  });
});

test("what has not ended has no end, also when something of it is erased", () => {
  for (const open of [after(), after(given), after(given, submitted), after(given, redacted)]) {
    expect(endOf(open)).toBeUndefined();
    expect(open).not.toHaveProperty("endedAt");
  }
});

test.each<{ what: string; facts: DisputeFact[] }>([
  { what: "ends twice", facts: [won, lost] },
  { what: "goes back from its end", facts: [lost, won] },
  { what: "has evidence twice", facts: [given, given] },
  { what: "submits what nobody gave", facts: [submitted] },
  { what: "is given evidence under review", facts: [given, submitted, given] },
  { what: "erases what is not there", facts: [redacted] },
  { what: "is accepted when it is over", facts: [won, { type: "accepted" }] },
])("a dispute never $what", ({ facts }) => {
  expect(() => after(...facts)).toThrow(InvariantViolation);
});

test("it was opened no later than we heard of it, whatever the acquirer's clock says", () => {
  const {
    createdAt: _,
    updatedAt: __,
    version: ___,
    state: ____,
    ...terms
  } = exampleDispute() as Dispute & {
    state: "needs_response";
  };
  expect(createDispute({ ...terms, openedAt: noon + minute }, noon).openedAt).toBe(noon);
  expect(createDispute({ ...terms, openedAt: noon - minute }, noon).openedAt).toBe(noon - minute);
});

test.each([
  [[]],
  [[given]],
  [[given, submitted]],
  [[given, submitted, won]],
  [[lost]],
  [[given, redacted]],
  [[given, won, redacted]],
])("its record is read as what was written: %j", (facts: DisputeFact[]) => {
  const dispute = after(...facts);
  expect(fromDisputeRecord(JSON.parse(JSON.stringify(toDisputeRecord(dispute))))).toEqual(dispute);
});

test.each<{ what: string; other: Dispute; same: boolean }>([
  { what: "at another moment", other: { ...after(given), updatedAt: 1 }, same: true },
  { what: "with other evidence", other: after({ ...given, fingerprint: "g" }), same: false },
  { what: "in another version", other: after(given, submitted), same: false },
  { what: "accepted", other: after({ type: "accepted" }), same: false },
  { what: "decided", other: after(won), same: false },
])("a write that is tried again is known, and one $what is told apart", ({ other, same }) => {
  expect(sameDispute(after(given), other)).toBe(same);
  expect(sameDispute(after({ type: "overdue" }), after({ type: "accepted" }))).toBe(false);
  expect(sameDispute(after(given, submitted), after(given, won))).toBe(false);
});
