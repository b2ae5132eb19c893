import { expect, test } from "vitest";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import { actionLifetimeMs } from "../due.ts";
import type { Payment, Standing } from "../payment.ts";
import { expire } from "./expire.ts";

const run = { execution: "sweep-1" };
const manual = (standing: Standing): Payment =>
  ({ ...examplePayment(standing), capture: "manual" }) as Payment;
const authorized = manual({ state: "authorized", authorization: exampleAuthorization });
const waiting = manual({ state: "requires_action", acquirer: "alpha", acquirerReference: "r-1" });

test("an authorization whose time has passed expires with its hold, in one write", async () => {
  const ports = scriptedPorts({ now: exampleAuthorization.expiresAt });
  expect(await expire(ports, authorized, run)).toBe(false);
  expect(ports.changes).toMatchObject([
    { after: { state: "expired" }, journal: { type: "resolution", resolution: { kind: "expired" } } },
  ]);
});

test("one whose time has not come is left alone", async () => {
  const ports = scriptedPorts({ now: exampleAuthorization.expiresAt - 1 });
  expect(await expire(ports, authorized, run)).toBe(false);
  expect(ports.changes).toEqual([]);
});

test.each([
  [actionLifetimeMs, true],
  [actionLifetimeMs - 1, false],
])(
  "a customer that is away for %i ms: whether the acquirer is to be asked is %s, and nothing is written",
  async (ms, isOver) => {
    const ports = scriptedPorts({ now: waiting.updatedAt + ms });
    expect(await expire(ports, waiting, run)).toBe(isOver);
    expect(ports.changes).toEqual([]);
  },
);

test.each<Standing>([
  { state: "captured", authorization: exampleAuthorization, captured: 1n, refunded: 0n },
  {
    state: "in_review",
    authorization: exampleAuthorization,
    review: { operation: "capture", reason: "silence" },
  },
  { state: "processing" },
])("time does not end a payment that is $state", async (standing) => {
  const ports = scriptedPorts({ now: exampleAuthorization.expiresAt + 1 });
  expect(await expire(ports, manual(standing), run)).toBe(false);
  expect(ports.changes).toEqual([]);
});
