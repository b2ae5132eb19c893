import { describe, expect, test } from "vitest";
import { examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { AccountId } from "../../ledger/account.ts";
import type { Payment, Standing } from "../payment.ts";
import type { Change, Committed } from "../ports.ts";
import { transfer } from "./transfer.ts";

const run = { execution: "saga-1" };
const wallet = (standing?: Standing, account = "acc_ann"): Payment => ({
  ...examplePayment(standing),
  method: { type: "account", account: account as AccountId },
});
const review = { operation: "post", reason: "States.Timeout" } as const;

test.each([wallet(), wallet({ state: "in_review", review })])(
  "a wallet's payment in $state is captured whole, with its entry, and no acquirer is asked",
  async (payment) => {
    const ports = scriptedPorts({});
    const result = await transfer(ports, payment, run);

    expect(result).toMatchObject({
      outcome: "captured",
      payment: { state: "captured", captured: 100_00n, refunded: 0n, version: 2, updatedAt: noon },
    });
    expect(result.payment).not.toHaveProperty("authorization");
    expect(ports.changes.map(({ journal }) => journal)).toMatchObject([
      { type: "entry", entry: { id: `je_${payment.id}.transfer.1`, state: "posted", execution: "saga-1" } },
    ]);
    expect(ports.asked).toEqual(["commit captured"]);
  },
);

describe("a payment fails when", () => {
  test("its account does not have the money: the refusal is its failure", async () => {
    const commit = ({ journal, after }: Change): Committed =>
      journal === undefined
        ? { kind: "applied", payment: after }
        : { kind: "refused", refusal: "below_min_available" };
    const ports = scriptedPorts({ commit });
    expect(await transfer(ports, wallet(), run)).toMatchObject({
      outcome: "concluded",
      payment: { state: "failed", failure: "below_min_available" },
    });
  });

  test("it names the merchant's own sales: they have no limit", async () => {
    const ports = scriptedPorts({});
    expect(await transfer(ports, wallet(undefined, "acc_sales_usd"), run)).toMatchObject({
      payment: { state: "failed", failure: "account_repeated" },
    });
    expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
  });
});

test("what another run of the saga did stands", async () => {
  const captured = wallet({ state: "captured", captured: 100_00n, refunded: 0n });
  const ports = scriptedPorts({ commit: supersededBy(captured) });
  expect(await transfer(ports, wallet(), run)).toEqual({ outcome: "concluded", payment: captured });
});

test("a payment that has ended is left alone", async () => {
  const ports = scriptedPorts({});
  const failed = wallet({ state: "failed", failure: "account_closed" });
  expect(await transfer(ports, failed, run)).toEqual({ outcome: "concluded", payment: failed });
  expect(ports.asked).toEqual([]);
});
