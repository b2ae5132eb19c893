import fc from "fast-check";
import { expect, test } from "vitest";
import { payments } from "#tests/support/arbitraries.ts";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import type { Authorization, Payment, Standing } from "./payment.ts";
import { sameTransition } from "./replay.ts";

const authorization = exampleAuthorization;
const at = (version: number, standing: Standing): Payment => ({ ...examplePayment(standing), version });

const authorized = at(2, { state: "authorized", authorization });
const captured = (amount: bigint, version = 3) =>
  at(version, { state: "captured", authorization, captured: amount, refunded: 0n });
const canceled = at(3, { state: "canceled", authorization, cancellation: "out of stock" });
const expired = at(3, { state: "expired", authorization });
const authorizedBy = (other: Partial<Authorization>) =>
  at(2, { state: "authorized", authorization: { ...authorization, ...other } });

// biome-ignore format: a table is read in rows
test.each<{ rule: string; stored: Payment; intended: Payment; same: boolean }>([
  { rule: "what a first try wrote a minute ago is the same", stored: authorized,          intended: { ...authorized, updatedAt: noon + minute }, same: true },
  { rule: "another version is another transition",           stored: captured(60_00n, 3), intended: captured(60_00n, 4),                         same: false },
  { rule: "another state is another transition",             stored: canceled,            intended: expired,                                     same: false },
  { rule: "another acquirer's promise is another",           stored: authorized,          intended: authorizedBy({ acquirer: "beta" }),          same: false },
  { rule: "another promise of the same acquirer is another", stored: authorized,          intended: authorizedBy({ reference: "alpha-78" }),     same: false },
  { rule: "another amount is another capture",               stored: captured(60_00n),    intended: captured(60_01n),                            same: false },
])("$rule", ({ stored, intended, same }) => {
  expect(sameTransition(stored, intended)).toBe(same);
  expect(sameTransition(intended, stored)).toBe(same);
});

test("any payment is the same transition as itself, whenever it was written", () => {
  fc.assert(
    fc.property(payments, fc.nat(), (payment, later) => {
      expect(sameTransition(payment, { ...payment, updatedAt: payment.updatedAt + later })).toBe(true);
    }),
  );
});
