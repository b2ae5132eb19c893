import { expect, test } from "vitest";
import { parseNotification } from "./notification.ts";

const told = {
  id: "ntf_1",
  created_at: "2030-06-15T12:00:00.000Z",
  key: "pay_x:authorize:1",
  reference: "r1",
};
const known = {
  id: "ntf_1",
  createdAt: Date.UTC(2030, 5, 15, 12),
  key: "pay_x:authorize:1",
  reference: "r1",
};
const dispute = { id: "dsp_1", amount: 500, currency: "EUR", reason: "fraudulent" };
const knownDispute = { ...dispute, amount: 500n };

test.each<{ what: string; body: object; says: object }>([
  {
    what: "an approved authorization",
    body: { type: "authorization.approved", result: "approved", expires_at: "2030-06-22T12:00:00Z" },
    says: {
      about: "operation",
      operation: "authorize",
      outcome: { kind: "approved", reference: "r1", expiresAt: Date.UTC(2030, 5, 22, 12) },
    },
  },
  {
    what: "a declined authorization",
    body: { type: "authorization.declined", result: "declined", decline_code: "authentication_required" },
    says: {
      about: "operation",
      operation: "authorize",
      outcome: { kind: "declined", code: "authentication_required", reference: "r1" },
    },
  },
  {
    what: "an approved refund, with more than we know of",
    body: { type: "refund.approved", result: "approved", network: "visa" },
    says: { about: "operation", operation: "refund", outcome: { kind: "approved", reference: "r1" } },
  },
  {
    what: "a dispute",
    body: { type: "dispute.opened", dispute },
    says: { about: "dispute", dispute: { ...knownDispute, state: "open" } },
  },
  {
    what: "the end of a dispute",
    body: { type: "dispute.closed", dispute: { ...dispute, outcome: "lost" } },
    says: { about: "dispute", dispute: { ...knownDispute, state: "lost" } },
  },
])("a notification of $what is read", ({ body, says }) => {
  expect(parseNotification(JSON.stringify({ ...told, ...body }))).toEqual({ ...known, ...says });
});

const approved = { ...told, type: "capture.approved", result: "approved" };

test.each<{ what: string; body: unknown }>([
  { what: "is no JSON", body: "OK" },
  { what: "is a list", body: [approved] },
  { what: "has no id", body: { ...approved, id: undefined } },
  { what: "has no moment", body: { ...approved, created_at: "today" } },
  { what: "has no key", body: { ...approved, key: "" } },
  { what: "has a type nobody knows", body: { ...approved, type: "payout.approved" } },
  { what: "has half a type", body: { ...approved, type: "capture" } },
  { what: "has more than a type", body: { ...approved, type: "capture.approved.twice" } },
  { what: "contradicts itself", body: { ...approved, result: "declined" } },
  {
    what: "tells that nothing is decided",
    body: { ...approved, type: "capture.pending", result: "pending" },
  },
  {
    what: "opens a dispute that is over",
    body: { ...told, type: "dispute.opened", dispute: { ...dispute, outcome: "won" } },
  },
  { what: "closes a dispute and does not say how", body: { ...told, type: "dispute.closed", dispute } },
  {
    what: "renames a dispute's end",
    body: { ...told, type: "dispute.won", dispute: { ...dispute, outcome: "won" } },
  },
  { what: "disputes nothing", body: { ...told, type: "dispute.opened", dispute: { ...dispute, amount: 0 } } },
])("a notification that $what says nothing", ({ body }) => {
  expect(parseNotification(typeof body === "string" ? body : JSON.stringify(body))).toBeUndefined();
});
