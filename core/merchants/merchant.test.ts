import { expect, test } from "vitest";
import type { Book } from "../ledger/account.ts";
import { type CurrencyTerms, changed, type Merchant, parseMerchantId, termsFor } from "./merchant.ts";

const terms = (basisPoints: number): CurrencyTerms => ({
  fees: { basisPoints, fixed: 0n },
  paymentMax: 1_000n,
});
const merchant: Merchant = { id: "mer_one" as Book, name: "One", terms: { EUR: terms(1), USD: terms(2) } };

test.each([
  ["nothing", {}, merchant],
  ["the name", { name: "Two" }, { ...merchant, name: "Two" }],
  ["one currency", { terms: { USD: terms(3) } }, { ...merchant, terms: { EUR: terms(1), USD: terms(3) } }],
  [
    "a new currency",
    { terms: { JPY: terms(3) } },
    { ...merchant, terms: { ...merchant.terms, JPY: terms(3) } },
  ],
  ["a currency away", { terms: { EUR: null } }, { ...merchant, terms: { USD: terms(2) } }],
])("a change of %s leaves the rest as it is", (_what, change, after) => {
  expect(changed(merchant, change)).toEqual(after);
});

test("a currency that was taken away takes no payment", () => {
  const without = changed(merchant, { terms: { USD: null } });
  expect(termsFor(merchant, "USD", 1n)).toEqual({ currency: "USD", terms: terms(2) });
  expect(termsFor(without, "USD", 1n)).toBe("currency_not_enabled");
});

test.each(["me", "mer_", "mer_A", `mer_${"a".repeat(33)}`, "acc_one", "mer_a#b"])(
  "%j is no merchant's id",
  (text) => {
    expect(parseMerchantId(text)).toBeUndefined();
  },
);
