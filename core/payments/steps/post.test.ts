import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { PendingOperation } from "../operation.ts";
import type { Payment, Review } from "../payment.ts";
import { post } from "./post.ts";

const run = { execution: "saga-1" };
const authorization = exampleAuthorization;
const other = { ...authorization, acquirer: "beta" };
const review: Review = { operation: "authorize", acquirer: "alpha", reason: "no_answer:timeout" };
const unknown = examplePayment({ state: "in_review", review });
const heldInReview = examplePayment({ state: "in_review", authorization, review });
const capture: PendingOperation = { kind: "capture", amount: 1n, startedAt: 0 };

describe("a payment in review", () => {
  test("for which an inquiry found the authorization is held and authorized, in one write", async () => {
    const ports = scriptedPorts({});
    expect(await post(ports, unknown, authorization, run)).toMatchObject({
      outcome: "held",
      payment: { state: "authorized", authorization },
    });
    expect(ports.changes.map(({ journal }) => journal)).toMatchObject([
      { type: "entry", entry: { id: `je_${unknown.id}.authorize.1`, state: "pending" } },
    ]);
  });

  test("that is held already only goes on, with its operation and by the expiry that was held", async () => {
    const ports = scriptedPorts({});
    const asked: Payment = { ...heldInReview, capture: "manual", pendingOperation: capture };
    const found = { ...authorization, expiresAt: authorization.expiresAt + 1 };
    expect(await post(ports, asked, found, run)).toMatchObject({
      outcome: "held",
      payment: { state: "authorized", authorization, pendingOperation: capture },
    });
    expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
  });

  test("that is held by another authorization takes none: the one that was found is to be released", async () => {
    const ports = scriptedPorts({});
    expect(await post(ports, heldInReview, other, run)).toEqual({
      outcome: "refused",
      payment: heldInReview,
      authorization: other,
      reason: "superseded",
    });
    expect(ports.changes).toEqual([]);
  });
});

test("an authorization behind a payment that somebody is looking into is left to them", async () => {
  const ports = scriptedPorts({ commit: supersededBy(unknown) });
  expect(await post(ports, examplePayment(), authorization, run)).toEqual({
    outcome: "concluded",
    payment: unknown,
  });
});
