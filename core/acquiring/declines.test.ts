import { expect, test } from "vitest";
import {
  type DeclineAdvice,
  type DeclineCode,
  type DeclineHandling,
  declineRules,
  isDeclineCode,
} from "./declines.ts";

// biome-ignore format: a table is read in rows
const expected: Record<DeclineCode, [DeclineAdvice, DeclineHandling]> = {
  do_not_honor:            ["use_another_method", "stop"],
  insufficient_funds:      ["use_another_method", "stop"],
  lost_card:               ["do_not_retry",       "stop"],
  stolen_card:             ["do_not_retry",       "stop"],
  expired_card:            ["use_another_method", "stop"],
  incorrect_cvc:           ["use_another_method", "stop"],
  processing_error:        ["retry_later",        "retry_later"],
  authentication_required: ["authenticate",       "step_up"],
  currency_not_supported:  ["use_another_method", "cascade"],
  operation_refused:       ["do_not_retry",       "stop"],
};

test("every code has its advice and its handling", () => {
  const rules = Object.entries(declineRules).map(([code, rule]) => [code, [rule.advice, rule.handling]]);

  expect(Object.fromEntries(rules)).toEqual(expected);
});

test("a card that was reported lost or stolen is never tried again, by anyone", () => {
  for (const code of ["lost_card", "stolen_card"] as const) {
    expect(declineRules[code]).toEqual({ advice: "do_not_retry", handling: "stop" });
  }
});

test("only what the acquirer, and not the issuer, refused goes to another acquirer", () => {
  const cascading = Object.entries(declineRules).filter(([, rule]) => rule.handling === "cascade");

  expect(cascading.map(([code]) => code)).toEqual(["currency_not_supported"]);
});

test.each(["do_not_honor", "currency_not_supported"])("%s is a code of ours", (code) => {
  expect(isDeclineCode(code)).toBe(true);
});

test.each(["05", "DO_NOT_HONOR", "", "toString", "__proto__"])("'%s' is not a code of ours", (code) => {
  expect(isDeclineCode(code)).toBe(false);
});
