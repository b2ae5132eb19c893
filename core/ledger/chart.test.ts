import { describe, expect, test } from "vitest";
import { demo } from "#tests/support/examples.ts";
import { type AccountId, classOf, salesAccount, salesCurrency } from "./account.ts";
import { acquirerAccount, chart, chartLine, systemAccount } from "./chart.ts";
import { isGuarded } from "./guard.ts";

test("the chart is the one of the design", () => {
  const rows = Object.entries(chart).map(([code, line]) =>
    [code, line.name, line.normalSide, ...("party" in line ? [line.party] : [])].join(" "),
  );

  expect(rows).toEqual([
    "1000 bank debit",
    "1050 settlement_in_transit debit acquirer",
    "1100 acquirer_receivable debit acquirer",
    "1900 suspense debit",
    "2000 customer_wallet credit",
    "2100 merchant_pending credit",
    "2110 merchant_available credit",
    "2120 merchant_reserve credit",
    "2200 payouts_in_transit credit",
    "2300 fx_liquidity credit",
    "2400 interbook credit",
    "4000 fee_revenue credit",
    "4100 fx_revenue credit",
    "4200 dispute_fee_revenue credit",
    "5000 acquirer_costs debit",
    "5100 losses debit",
    "5200 rounding debit",
  ]);
});

test.each([0, 1, 1001, 10_00.5, Number.NaN])("%s is no line of the chart", (code) => {
  expect(chartLine(code)).toBeUndefined();
});

describe("an account's id", () => {
  test("names book, code and currency", () => {
    expect(systemAccount(demo, 2100, "USD")).toBe("mer_demo:2100:USD");
  });

  test("names the acquirer too, where the code is kept per acquirer", () => {
    expect(acquirerAccount(demo, 1100, "alpha", "USD")).toBe("mer_demo:1100:alpha:USD");
  });

  test("cannot leave the acquirer out, nor name one where there is none: neither compiles", () => {
    // @ts-expect-error 1100 is kept per acquirer
    systemAccount(demo, 1100, "USD");
    // @ts-expect-error 2100 is not
    acquirerAccount(demo, 2100, "alpha", "USD");
    // @ts-expect-error a plain text is not a book
    systemAccount("mer_demo", 2100, "USD");
    expect.assertions(0);
  });
});

describe("guarded accounts", () => {
  test("are the customers' wallets and the merchant's available money", () => {
    const guarded = Object.keys(chart).filter((code) => isGuarded(`mer_demo:${code}:USD` as AccountId));

    expect(guarded).toEqual(["2000", "2110"]);
  });

  test("are all of a merchant's own, but for its sales: nobody opens them, and payments never wait for them", () => {
    expect(isGuarded("acc_wallet" as AccountId)).toBe(true);
    expect(isGuarded("acc_sales" as AccountId)).toBe(true);
    expect(isGuarded(salesAccount("USD"))).toBe(false);
  });

  test("are none of those that a card payment touches: it meets no hot account", () => {
    const touched = [
      acquirerAccount(demo, 1100, "alpha", "USD"),
      systemAccount(demo, 2100, "USD"),
      systemAccount(demo, 4000, "USD"),
    ];

    expect(touched.filter(isGuarded)).toEqual([]);
  });
});

test("a merchant's sales are one user account per currency", () => {
  expect([salesAccount("USD"), salesAccount("JPY")]).toEqual(["acc_sales_usd", "acc_sales_jpy"]);
  expect(classOf(salesAccount("USD"))).toBe("user");
  expect(
    ["acc_sales_usd", "acc_sales_", "acc_sales", "acc_other"].map((id) => salesCurrency(id as AccountId)),
  ).toEqual(["USD", undefined, undefined, undefined]);
});
