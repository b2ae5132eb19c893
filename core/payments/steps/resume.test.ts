import { describe, expect, test } from "vitest";
import { examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
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
    { what: "the acquirer does not answer", inquiry: { kind: "unavailable", reason: "no_answer:timeout" } },
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
