import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdsAndPosts } from "#tests/support/arbitraries/ledger.ts";
import { demo, noon } from "#tests/support/examples.ts";
import type { Currency } from "../money/currency.ts";
import type { AccountId } from "./account.ts";
import { credit, debit, type EntryId, type Hold, type JournalEntry, type Leg } from "./entry.ts";
import { type MalformedEntry, type ResolutionRefusal, resolutionRefusalPrecedence } from "./errors.ts";
import { alreadyResolved, expireHold, postHold, voidHold } from "./resolution.ts";

const dr = (account: string, amount: bigint, currency: Currency = "USD") =>
  debit(account as AccountId, amount, currency);
const cr = (account: string, amount: bigint, currency: Currency = "USD") =>
  credit(account as AccountId, amount, currency);

const expiresAt = noon + 1_000;
const hold: Hold = {
  id: "je_hold" as EntryId,
  book: demo,
  state: "pending",
  legs: [dr("acc_a", 100n), cr("acc_b", 100n), dr("acc_e", 50n, "EUR"), cr("acc_f", 50n, "EUR")],
  effectiveAt: noon,
  recordedAt: noon,
  expiresAt,
  execution: "first",
};

const post = (legs: readonly Leg[], at = noon, of = hold) =>
  postHold(of, { id: "je_post" as EntryId, legs, at, execution: "second" });

describe("posting a hold", () => {
  test("carries the legs that it posts and, to be released, all that was held", () => {
    const legs = [dr("acc_a", 60n), cr("acc_b", 55n), cr("acc_fee", 5n)];

    expect(post(legs, noon + 5)).toEqual({
      ok: true,
      value: {
        kind: "posted",
        hold: "je_hold",
        book: "mer_demo",
        released: hold.legs,
        recordedAt: noon + 5,
        execution: "second",
        entry: { id: "je_post", legs, effectiveAt: noon + 5 },
      },
    });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ posts: string; legs: Leg[] }>([
    { posts: "all of it",                      legs: [...hold.legs] },
    { posts: "all of one currency",            legs: [dr("acc_a", 100n), cr("acc_b", 100n)] },
    { posts: "the smallest part",              legs: [dr("acc_e", 1n, "EUR"), cr("acc_f", 1n, "EUR")] },
    { posts: "all of it, split",               legs: [dr("acc_a", 99n), dr("acc_c", 1n), cr("acc_b", 100n)] },
  ])("may post $posts", ({ legs }) => {
    expect(post(legs)).toMatchObject({ ok: true });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ flaw: string; legs: Leg[]; at: number; error: MalformedEntry | ResolutionRefusal }>([
    { flaw: "one minor unit more than was held",     legs: [dr("acc_a", 101n), cr("acc_b", 101n)],                       at: noon,          error: "exceeds_hold" },
    { flaw: "more than was held, split",             legs: [dr("acc_a", 100n), dr("acc_c", 1n), cr("acc_b", 101n)],      at: noon,          error: "exceeds_hold" },
    { flaw: "one currency in place of the other",    legs: [dr("acc_e", 100n, "EUR"), cr("acc_f", 100n, "EUR")],         at: noon,          error: "exceeds_hold" },
    { flaw: "a currency that was not held",          legs: [dr("acc_j", 1n, "JPY"), cr("acc_k", 1n, "JPY")],             at: noon,          error: "exceeds_hold" },
    { flaw: "the moment of expiry",                  legs: [...hold.legs],                                               at: expiresAt,     error: "hold_expired" },
    { flaw: "a time long after expiry",              legs: [...hold.legs],                                               at: expiresAt * 2, error: "hold_expired" },
    { flaw: "expiry and too much: expiry is said",   legs: [dr("acc_a", 101n), cr("acc_b", 101n)],                       at: expiresAt,     error: "hold_expired" },
    { flaw: "an unbalanced post: that is said first", legs: [dr("acc_a", 101n), cr("acc_b", 1n)],                        at: expiresAt,     error: "unbalanced" },
    { flaw: "a post of nothing",                     legs: [],                                                           at: noon,          error: "too_few_legs" },
    { flaw: "an account of another book",            legs: [dr("mer_other:1000:USD", 1n), cr("acc_b", 1n)],              at: noon,          error: "account_of_another_book" },
  ])("is refused for $flaw: $error", ({ legs, at, error }) => {
    expect(post(legs, at)).toEqual({ ok: false, error });
  });

  test("is allowed up to the last millisecond before expiry", () => {
    expect(post(hold.legs, expiresAt - 1)).toMatchObject({ ok: true });
  });

  test("is allowed for ever where the hold does not expire", () => {
    const { expiresAt: _, ...unexpiring } = hold;

    expect(post(hold.legs, Number.MAX_SAFE_INTEGER, unexpiring)).toMatchObject({ ok: true });
  });

  test("any part of any hold may be posted, and never one minor unit more than all of it", () => {
    fc.assert(
      fc.property(holdsAndPosts, ({ hold, legs }) => {
        const extra = hold.legs[0]?.currency ?? "USD";
        const beyond = [...hold.legs, dr("acc_x", 1n, extra), cr("acc_y", 1n, extra)];
        expect(post(legs, noon, hold)).toMatchObject({ ok: true, value: { released: hold.legs } });
        expect(post(hold.legs, noon, hold)).toMatchObject({ ok: true });
        expect(post(beyond, noon, hold)).toEqual({ ok: false, error: "exceeds_hold" });
      }),
    );
  });
});

test("voiding a hold releases it whole and posts nothing", () => {
  expect(voidHold(hold, noon + 5, "second")).toEqual({
    kind: "voided",
    hold: "je_hold",
    book: "mer_demo",
    released: hold.legs,
    recordedAt: noon + 5,
    execution: "second",
  });
});

test("a hold expires from its last moment on, whole, and not before", () => {
  expect(expireHold(hold, expiresAt - 1, "sweep")).toBeUndefined();
  expect(expireHold(hold, expiresAt, "sweep")).toEqual({
    ...voidHold(hold, expiresAt, "sweep"),
    kind: "expired",
    effectiveAt: expiresAt,
  });
});

test("a hold has expired when its time was up, however late that was noticed", () => {
  expect(expireHold(hold, expiresAt + 90_000, "sweep")).toMatchObject({
    effectiveAt: expiresAt,
    recordedAt: expiresAt + 90_000,
  });
});

test("a hold without an expiry never expires", () => {
  const { expiresAt: _, ...standing } = hold;
  expect(expireHold(standing, Number.MAX_SAFE_INTEGER, "sweep")).toBeUndefined();
});

test("an entry that is posted is no hold: resolving it does not compile", () => {
  const posted: JournalEntry = { ...hold, state: "posted" };

  // @ts-expect-error its pending counters would fall below zero
  expect(() => voidHold(posted, noon, "second")).not.toThrow();
  // @ts-expect-error its pending counters would fall below zero
  expect(() => post(hold.legs, noon, posted)).not.toThrow();
});

test.each([
  { kind: "posted", refusal: "hold_already_posted" },
  { kind: "voided", refusal: "hold_already_voided" },
  { kind: "expired", refusal: "hold_already_expired" },
] as const)("a second resolution of a hold that was $kind is told $refusal", ({ kind, refusal }) => {
  expect(alreadyResolved(kind)).toBe(refusal);
});

test("refusals come in the documented precedence", () => {
  expect(resolutionRefusalPrecedence).toEqual([
    "hold_not_found",
    "hold_already_posted",
    "hold_already_voided",
    "hold_already_expired",
    "hold_expired",
    "exceeds_hold",
  ]);
});
