import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, exampleRefund, noon } from "#tests/support/examples.ts";
import type { AccountId } from "../ledger/account.ts";
import { evolve } from "./evolve.ts";
import {
  checkRefundWord,
  checkWord,
  isSameWord,
  openWordOf,
  type PaymentOutcome,
  type PaymentWord,
  possibleOutcomes,
  type RefundWord,
  wordsMax,
} from "./operator-word.ts";
import type { Payment, Review } from "./payment.ts";
import { evolveRefund } from "./refund.ts";

const review = (operation: Review["operation"]): Review => ({
  operation,
  acquirer: "alpha",
  reason: "timeout",
});
const authorization = exampleAuthorization;
const unheld = examplePayment({ state: "in_review", review: review("authorize") });
const held = examplePayment({ state: "in_review", authorization, review: review("capture") });
const said = (outcome: PaymentOutcome, more: Partial<PaymentWord> = {}): PaymentWord =>
  ({ ...outcome, by: "ops-1", at: noon, seen: 1, evidence: "case 4711", ...more }) as PaymentWord;
const saying = (payment: Payment, word: PaymentWord) =>
  evolve(payment, { type: "operator_said", word }, noon);

// biome-ignore format: a table is read in rows
test.each<{ what: string; payment: Payment; outcomes: readonly string[] }>([
  { what: "an unknown authorization",               payment: unheld,                                                                      outcomes: ["authorized", "declined", "failed"] },
  { what: "one that the ledger refused",            payment: examplePayment({ state: "in_review", review: review("void") }),              outcomes: ["failed"] },
  { what: "an unknown capture",                     payment: held,                                                                        outcomes: ["authorized", "captured", "canceled"] },
  { what: "a hold that nobody asked to capture",    payment: { ...held, capture: "manual" },                                              outcomes: ["authorized", "canceled"] },
  { what: "one that the merchant captures",         payment: { ...held, capture: "manual", pendingOperation: { kind: "capture", amount: 1n, startedAt: noon } }, outcomes: ["authorized", "captured", "canceled"] },
  { what: "one that the merchant takes back",       payment: { ...held, pendingOperation: { kind: "cancel", startedAt: noon } },          outcomes: ["canceled"] },
  { what: "a wallet's payment",                     payment: { ...unheld, method: { type: "account", account: "acc_a" as AccountId } },   outcomes: [] },
  { what: "what is not in review",                  payment: examplePayment({ state: "authorized", authorization }),                      outcomes: [] },
])("$what can be said to be $outcomes", ({ payment, outcomes }) => {
  expect(possibleOutcomes(payment)).toEqual(outcomes);
});

describe("a word", () => {
  test("is refused where nothing is in review, where it cannot be so, and beyond the last", () => {
    const authorized = examplePayment({ state: "authorized", authorization });
    const failed = said({ as: "failed" });
    expect(checkWord(authorized, failed)).toEqual({ ok: false, error: { code: "not_in_review" } });
    expect(checkWord(held, failed)).toMatchObject({ error: { code: "outcome_not_possible" } });
    const words = Array.from({ length: wordsMax }, (_, n) =>
      said({ as: "failed" }, { seen: n + 1, end: "overruled" }),
    );
    expect(checkWord({ ...unheld, words }, failed)).toEqual({ ok: false, error: { code: "too_many_words" } });
    expect(checkWord({ ...unheld, words: words.slice(1) }, failed)).toMatchObject({ ok: true });
    expect(() => saying(authorized, failed)).toThrow("can be said to be failed");
  });

  test("is open until the payment moves: taken where it moves so, overruled where it does not", () => {
    const open = saying(unheld, said({ as: "failed" }));
    expect(openWordOf<PaymentWord>(open)).toMatchObject({ as: "failed" });
    expect(open).toMatchObject({ state: "in_review", version: 2 });
    const failed = evolve(open, { type: "failed", reason: "not_executed" }, noon);
    expect(failed.words).toMatchObject([{ end: "taken" }]);
    const authorized = evolve(open, { type: "authorized", authorization }, noon);
    expect(authorized.words).toMatchObject([{ end: "overruled" }]);
    // What happens later is no word's matter.
    const captured = evolve(authorized, { type: "captured", authorization, amount: 1n }, noon);
    expect(captured.words).toEqual(authorized.words);
  });

  test("takes the place of one that is open", () => {
    const twice = saying(
      saying(unheld, said({ as: "failed" })),
      said({ as: "authorized", authorization }, { seen: 2 }),
    );
    expect(twice.words).toMatchObject([
      { as: "failed", end: "replaced" },
      { as: "authorized", seen: 2 },
    ]);
  });

  test("that an acquirer overrules has an end, and the payment stays as it was", () => {
    const open = saying(held, said({ as: "canceled" }));
    const left = evolve(open, { type: "operator_overruled", says: "alpha has captured it" }, noon);
    expect(left).toEqual({
      ...open,
      version: 3,
      words: [{ ...open.words?.[0], end: "overruled", says: "alpha has captured it" }],
    });
    expect(() => evolve(left, { type: "operator_overruled", says: "again" }, noon)).toThrow(
      "to be overruled",
    );
  });

  test.each<[string, Partial<PaymentWord>]>([
    ["of another version", { seen: 2 }],
    ["of another operator", { by: "ops-2" }],
    ["by other evidence", { evidence: "case 4712" }],
    ["of another outcome", { as: "captured" } as Partial<PaymentWord>],
  ])("%s is another", (_what, change) => {
    const word = said({ as: "failed" });
    expect(isSameWord(word, { ...word, at: noon + 1, end: "taken" })).toBe(true);
    expect(isSameWord(word, { ...word, ...change } as PaymentWord)).toBe(false);
  });

  test("of another reference, or another code, is another", () => {
    const other = { ...authorization, reference: "a-2" };
    expect(
      isSameWord(said({ as: "authorized", authorization }), said({ as: "authorized", authorization: other })),
    ).toBe(false);
    const declined = { as: "declined", acquirer: "alpha", code: "lost_card" } as const;
    expect(isSameWord(said(declined), said({ ...declined, code: "do_not_honor" }))).toBe(false);
  });
});

describe("a word about a refund", () => {
  const open = exampleRefund({ state: "in_review", held: true, review: review("refund") });
  const succeeded: RefundWord = { as: "succeeded", by: "ops-1", at: noon, seen: 1, evidence: "case 4711" };

  test("is open until it moves", () => {
    const word = evolveRefund(open, { type: "operator_said", word: succeeded }, noon);
    expect(word).toMatchObject({ state: "in_review", held: true, version: 2, words: [succeeded] });
    expect(evolveRefund(word, { type: "succeeded" }, noon).words).toMatchObject([{ end: "taken" }]);
    expect(evolveRefund(word, { type: "failed", reason: "x" }, noon).words).toMatchObject([
      { end: "overruled" },
    ]);
  });

  test("that nobody was asked for cannot have succeeded, and of a wallet's nobody knows anything", () => {
    const unasked = exampleRefund({ state: "in_review", held: false, review: review("post") });
    expect(checkRefundWord(unasked, succeeded)).toMatchObject({ error: { possible: ["failed"] } });
    const { from: _, ...wallet } = open;
    expect(checkRefundWord(wallet, succeeded)).toMatchObject({ error: { possible: [] } });
    expect(checkRefundWord(exampleRefund(), succeeded)).toMatchObject({ error: { code: "not_in_review" } });
  });
});
