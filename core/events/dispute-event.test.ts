import { expect, test } from "vitest";
import { exampleDispute, minute, noon } from "#tests/support/examples.ts";
import { type Dispute, type DisputeFact, evolveDispute } from "../disputes/dispute.ts";
import { disputeEventOf } from "./dispute-event.ts";
import { isOfDispute, isOfLedger, parseStreamed, subjectOf } from "./streamed.ts";

const texts = { text: "signed by Ann Example", fields: { tracking_number: "T-1" } };
const given: DisputeFact = { type: "evidence_given", texts, fingerprint: "f" };

/** The events of a dispute that facts became of, in their order. */
function eventsOf(...facts: readonly DisputeFact[]) {
  let dispute: Dispute = exampleDispute();
  const events = [disputeEventOf(undefined, dispute)];
  for (const fact of facts) {
    const after = evolveDispute(dispute, fact, noon + minute);
    events.push(disputeEventOf(dispute, after));
    dispute = after;
  }
  return events;
}

// biome-ignore format: a table is read in rows
test.each<{ facts: DisputeFact[]; last: string }>([
  { facts: [], last: "dispute.opened" },
  { facts: [given], last: "dispute.evidence_given" },
  { facts: [given, { type: "evidence_submitted" }], last: "dispute.evidence_submitted" },
  { facts: [{ type: "decided", outcome: "won" }], last: "dispute.won" },
  { facts: [{ type: "accepted" }], last: "dispute.lost" },
  { facts: [given, { type: "decided", outcome: "lost" }, { type: "redacted" }], last: "dispute.redacted" },
])("each change of a dispute is called by what happened: $last", ({ facts, last }) => {
  const events = eventsOf(...facts);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)?.type).toBe(last);
});

test("what a merchant wrote is told in no event", () => {
  expect(JSON.stringify(eventsOf(given, { type: "evidence_submitted" }))).not.toMatch(/Ann|T-1/);
});

test("is read from the stream as it was told, in the order of its dispute", () => {
  const [event] = eventsOf();
  const read = parseStreamed(JSON.stringify(event));
  expect(read).toEqual({ ok: true, event });
  if (!read.ok) return;
  expect([isOfDispute(read.event), isOfLedger(read.event), subjectOf(read.event)]).toEqual([
    true,
    false,
    exampleDispute().id,
  ]);
  expect(parseStreamed(JSON.stringify({ ...event, data: { ...event?.data, amount: "40" } }))).toMatchObject({
    ok: false,
    reason: expect.stringContaining("data.amount"),
  });
});
