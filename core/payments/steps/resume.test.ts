import { describe, expect, test } from "vitest";
import { examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
import { actionLifetimeMs } from "../due.ts";
import type { Payment } from "../payment.ts";
import { resume } from "./resume.ts";

const deadline = noon + 10_000;
const waiting = examplePayment({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
const found = (outcome: KnownOutcome): Inquiry => ({ kind: "found", operation: "authorize", outcome });
const approved = found({ kind: "approved", reference: "a-1", expiresAt: noon + 60_000 });

test("an approval is handed on to be posted, by a payment that is in processing again", async () => {
  const ports = scriptedPorts({ inquiries: { alpha: approved } });
  expect(await resume(ports, waiting, { deadline })).toEqual({
    outcome: "approved",
    payment: { ...examplePayment(), version: 2 },
    authorization: { acquirer: "alpha", reference: "a-1", expiresAt: noon + 60_000 },
  });
  expect(ports.asked).toEqual(["alpha inquire", "commit processing"]);
});

test("a decline is recorded, behind the return to processing", async () => {
  const ports = scriptedPorts({ inquiries: { alpha: found({ kind: "declined", code: "do_not_honor" }) } });
  const { payment } = await resume(ports, waiting, { deadline });
  expect(payment).toMatchObject({
    state: "declined",
    acquirer: "alpha",
    decline: "do_not_honor",
    version: 3,
  });
});

describe("it goes on waiting, and nothing is written, when", () => {
  test.each<{ what: string; inquiry: Inquiry }>([
    { what: "the acquirer waits, too", inquiry: found({ kind: "pending", reference: "a-1" }) },
    { what: "the acquirer does not know it: that proves nothing", inquiry: { kind: "not_found" } },
  ])("$what", async ({ inquiry }) => {
    const ports = scriptedPorts({ inquiries: { alpha: inquiry } });
    expect(await resume(ports, waiting, { deadline })).toEqual({ outcome: "concluded", payment: waiting });
    expect(ports.changes).toEqual([]);
  });
});

test.each<Payment>([
  { ...waiting, pendingOperation: { kind: "cancel", startedAt: noon } },
  examplePayment(),
  examplePayment({ state: "expired" }),
])("what does not wait, or is being canceled, asks nobody: $state", async (payment) => {
  const ports = scriptedPorts({ inquiries: { alpha: approved } });
  expect(await resume(ports, payment, { deadline })).toEqual({ outcome: "concluded", payment });
  expect(ports.asked).toEqual([]);
});

test("what another run took up, that run goes on with", async () => {
  const canceled = examplePayment({ state: "canceled", cancellation: "requested" });
  const ports = scriptedPorts({ inquiries: { alpha: approved }, commit: supersededBy(canceled) });
  expect(await resume(ports, waiting, { deadline })).toEqual({ outcome: "concluded", payment: canceled });
});

test("an acquirer that does not say is asked again: an approval is told once", async () => {
  const ports = scriptedPorts({
    inquiries: { alpha: { kind: "unavailable", reason: "no_answer:timeout" } },
    acquirers: { alpha: { kind: "declined", code: "do_not_honor" } },
  });
  await expect(resume(ports, waiting, { deadline })).rejects.toMatchObject({ name: "AcquirerUnavailable" });
  expect(ports.changes).toEqual([]);
});

describe("when its time is over", () => {
  const now = waiting.updatedAt + actionLifetimeMs;

  test.each<{ what: string; inquiry: Inquiry }>([
    { what: "nobody came back", inquiry: found({ kind: "pending", reference: "a-1" }) },
    { what: "the acquirer does not know it", inquiry: { kind: "not_found" } },
  ])(
    "and $what, it begins to end: the acquirer is to let go first, and nothing else may begin",
    async ({ inquiry }) => {
      const ports = scriptedPorts({ inquiries: { alpha: inquiry }, now });
      expect(await resume(ports, waiting, { deadline })).toMatchObject({
        outcome: "overdue",
        payment: { state: "requires_action", pendingOperation: { kind: "cancel", overdue: true } },
      });
      expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
    },
  );

  test("an approval that nobody heard of counts all the same", async () => {
    const ports = scriptedPorts({ inquiries: { alpha: approved }, now });
    expect(await resume(ports, waiting, { deadline })).toMatchObject({ outcome: "approved" });
  });
});
