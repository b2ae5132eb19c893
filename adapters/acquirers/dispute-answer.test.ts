import { expect, test } from "vitest";
import type { Exchange } from "./channel.ts";
import { disputeInquiryOf, evidenceOutcomeOf } from "./dispute-answer.ts";

const asked = { key: "pay_x:dispute:1", reference: "case-1" };
const answered = (statusCode: number, body: unknown): Exchange => ({
  kind: "answered",
  statusCode,
  body: typeof body === "string" ? body : JSON.stringify(body),
});

// biome-ignore format: a table is read in rows
test.each<{ what: string; exchange: Exchange; is: object }>([
  { what: "that never left is not there", exchange: { kind: "unsent", reason: "ECONNREFUSED" }, is: { kind: "not_attempted", reason: "no_connection:ECONNREFUSED" } },
  { what: "without an answer may be there", exchange: { kind: "unanswered", reason: "deadline" }, is: { kind: "unknown", reason: "no_answer:deadline" } },
  { what: "that is repeated back is there", exchange: answered(202, { id: "case-1", key: asked.key }), is: { kind: "taken" } },
  { what: "of another dispute says nothing of this one", exchange: answered(202, { id: "case-2", key: asked.key }), is: { kind: "unknown" } },
  { what: "under another key says nothing of this one", exchange: answered(202, { id: "case-1", key: "k" }), is: { kind: "unknown" } },
  { what: "that is answered by nonsense may be there", exchange: answered(200, "OK"), is: { kind: "unknown", reason: "answer:malformed" } },
  { what: "is too late by the acquirer's word", exchange: answered(409, { error: "not_open", key: asked.key }), is: { kind: "not_open" } },
  { what: "is not too late by a word on another key", exchange: answered(409, { error: "not_open", key: "k" }), is: { kind: "unknown" } },
  { what: "is not too late by a proxy's", exchange: answered(409, "conflict"), is: { kind: "unknown", reason: "answer:http_409" } },
  { what: "that is promised not to be taken is not there", exchange: answered(503, { error: "not_accepted", key: asked.key }), is: { kind: "not_attempted" } },
  { what: "behind an error may be there", exchange: answered(500, { error: "internal" }), is: { kind: "unknown" } },
])("evidence $what", ({ exchange, is }) => {
  expect(evidenceOutcomeOf(exchange, asked)).toMatchObject(is);
});

// biome-ignore format: a table is read in rows
test.each<{ what: string; exchange: Exchange; is: object }>([
  { what: "open, with what it has", exchange: answered(200, { id: "case-1", evidence: [asked.key] }), is: { kind: "found", state: "open", evidence: [asked.key] } },
  { what: "won", exchange: answered(200, { id: "case-1", outcome: "won" }), is: { kind: "found", state: "won", evidence: [] } },
  { what: "unknown there", exchange: answered(404, { error: "unknown_dispute" }), is: { kind: "not_found" } },
  { what: "not known to be unknown", exchange: answered(404, "not found"), is: { kind: "unavailable" } },
  { what: "another", exchange: answered(200, { id: "case-2", outcome: "won" }), is: { kind: "unavailable", reason: "answer:of_another_request" } },
  { what: "nothing that can be read", exchange: answered(200, { id: "case-1", outcome: "drawn" }), is: { kind: "unavailable", reason: "answer:malformed" } },
  { what: "silent", exchange: { kind: "unanswered", reason: "deadline" }, is: { kind: "unavailable", reason: "no_answer:deadline" } },
  { what: "out of reach", exchange: { kind: "unsent", reason: "ECONNREFUSED" }, is: { kind: "unavailable" } },
])("a dispute that is asked about is $what", ({ exchange, is }) => {
  expect(disputeInquiryOf(exchange, "case-1")).toMatchObject(is);
});
