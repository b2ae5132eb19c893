import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { Payment } from "../payment.ts";
import { type LostStep, review } from "./review.ts";

const authorization = exampleAuthorization;
const elsewhere = { ...authorization, acquirer: "beta", reference: "b-1" };
const captured = (by = authorization): Payment =>
  examplePayment({ state: "captured", authorization: by, captured: 1n, refunded: 0n });
const lost = (step: LostStep["step"], more: Partial<LostStep> = {}): LostStep => ({
  payment: examplePayment(),
  step,
  error: "States.Timeout",
  ...more,
});

test("what a lost step did is not known: the payment is looked into, with what the step was given", async () => {
  const { outcome, payment } = await review(scriptedPorts({}), lost("post", { authorization }));
  expect(outcome).toBe("concluded");
  expect(payment).toMatchObject({
    state: "in_review",
    review: {
      operation: "post",
      acquirer: "alpha",
      reason: expect.stringContaining(authorization.reference),
    },
  });
});

describe("a payment that another run has brought to its end meanwhile", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ what: string; given: LostStep; current: Payment; outcome: string }>([
    { what: "may have been authorized elsewhere",  given: lost("authorize"),                     current: captured(),          outcome: "stray" },
    { what: "went on with another authorization",  given: lost("post", { authorization }),       current: captured(elsewhere), outcome: "stray" },
    { what: "left one that was to be voided",      given: lost("compensate", { authorization }), current: captured(elsewhere), outcome: "stray" },
    { what: "went on with this authorization",     given: lost("post", { authorization }),       current: captured(),          outcome: "concluded" },
    { what: "was being captured",                  given: lost("settle"),                        current: captured(),          outcome: "concluded" },
    { what: "was asked about",                     given: lost("resume"),                        current: captured(),          outcome: "concluded" },
  ])("and $what: $outcome", async ({ given, current, outcome }) => {
    const ports = scriptedPorts({ commit: supersededBy(current) });
    expect(await review(ports, given)).toEqual({ outcome, payment: current });
  });
});
