import { describe, expect, test } from "vitest";
import { demo, noon } from "#tests/support/examples.ts";
import type { Currency } from "../money/currency.ts";
import { type AccountId, parseUserAccountId, salesAccount, type UserAccountId } from "./account.ts";
import type { EntryId, Hold } from "./entry.ts";
import {
  correctionOf,
  entryProposed,
  isUserEntry,
  type PostWith,
  type ProposedEntry,
  parseUserEntryId,
  postUserHold,
  type UserEntryId,
} from "./user-entry.ts";

type UserLeg = ProposedEntry["legs"][number];

const acc = (name: string): UserAccountId => {
  const parsed = parseUserAccountId(`acc_${name}`);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};
const dr = (name: string, amount: bigint): UserLeg => ({ account: acc(name), side: "debit", amount });
const cr = (name: string, amount: bigint): UserLeg => ({ account: acc(name), side: "credit", amount });

const currencies: Readonly<Record<string, Currency>> = {
  acc_a: "USD",
  acc_b: "USD",
  acc_c: "USD",
  acc_e: "EUR",
  acc_f: "EUR",
};
const by = { at: noon, execution: "request 1" };

const propose = (legs: readonly UserLeg[]) =>
  entryProposed(demo, { id: "je_1" as UserEntryId, state: "posted", legs }, (id) => currencies[id], by);

/** 42 legs, all on accounts of their own. */
const many = Array.from({ length: 42 }, (_, n) => (n % 2 === 0 ? dr(`x${n}`, 1n) : cr(`x${n}`, 1n)));

// biome-ignore format: a table is read in rows
test.each<[string, readonly UserLeg[], object]>([
  ["no legs",                                  [],                                                     { flaw: "too_few_legs" }],
  ["one leg",                                  [dr("a", 1n)],                                          { flaw: "too_few_legs" }],
  ["forty-two legs",                           many,                                                   { flaw: "too_many_legs" }],
  ["money that comes back to where it left",   [dr("a", 1n), cr("a", 1n)],                             { flaw: "account_on_both_sides", leg: 1 }],
  ["an account twice on one side",             [dr("a", 1n), dr("a", 1n), cr("b", 2n)],                { flaw: "account_repeated", leg: 1 }],
  ["an account that is not there",             [dr("a", 1n), cr("nobody", 1n)],                        { flaw: "account_not_found", leg: 1 }],
  ["accounts in two currencies",               [dr("a", 1n), cr("e", 1n)],                             { flaw: "account_currency_differs", leg: 1 }],
  ["more debits than credits",                 [dr("a", 2n), cr("b", 1n)],                             { flaw: "unbalanced" }],
  ["two debits",                               [dr("a", 1n), dr("b", 1n)],                             { flaw: "unbalanced" }],
])("a proposal with %s is flawed", (_what, legs, error) => {
  expect(propose(legs)).toEqual({ ok: false, error });
});

test.each<[string, readonly UserLeg[]]>([
  ["one debit, one credit", [dr("a", 5n), cr("b", 5n)]],
  ["a split", [dr("a", 5n), cr("b", 3n), cr("c", 2n)]],
  ["two currencies, each balanced by itself", [dr("a", 5n), cr("b", 5n), dr("e", 4n), cr("f", 4n)]],
])("a proposal of %s is an entry, each leg in its account's currency", (_what, legs) => {
  const entry = propose(legs);
  expect(entry).toMatchObject({
    ok: true,
    value: { legs: legs.map((leg) => ({ ...leg, currency: currencies[leg.account] })) },
  });
});

test("an entry is recorded now, moves money now or when it is told, and expires so many seconds later", () => {
  const hold = { id: "je_1" as UserEntryId, state: "pending" as const, legs: [dr("a", 5n), cr("b", 5n)] };
  const entry = (more: Partial<ProposedEntry>) =>
    entryProposed(demo, { ...hold, ...more }, (id) => currencies[id], by);
  expect(entry({})).toMatchObject({ value: { recordedAt: noon, effectiveAt: noon } });
  expect(entry({ effectiveAt: 7, expiresInSeconds: 60 })).toMatchObject({
    value: { recordedAt: noon, effectiveAt: 7, expiresAt: noon + 60_000 },
  });
});

describe("an id", () => {
  test.each(["je_1", "Order-77_b", "x".repeat(64)])("%s may be chosen", (id) => {
    expect(parseUserEntryId(id)).toBe(id);
    expect(isUserEntry(id as EntryId)).toBe(true);
  });

  test.each(["", "a.b", "a#b", "a b", "ü", "x".repeat(65), "je_pay_1", "je_4242424242424242"])(
    "%s may not be chosen",
    (id) => {
      expect(parseUserEntryId(id)).toBeUndefined();
    },
  );

  test.each([
    ["je_1.post.1", true],
    ["je_1.reversal.1", true],
    ["je_pay_9b9tk4vw5fsbzwtrhqmn4dx7x9.authorize.1", false],
    ["je_pay_9b9tk4vw5fsbzwtrhqmn4dx7x9.transfer.1", false],
    ["je_1.refund.1", false],
  ])("%s follows from a caller's entry: %s", (id, isCallers) => {
    expect(isUserEntry(id as EntryId)).toBe(isCallers);
  });
});

test("a system account cannot be a leg of a caller's: it does not compile, and it does not parse", () => {
  // @ts-expect-error an AccountId was not parsed as one's own
  const leg: UserLeg = { account: "mer_demo:2110:USD" as AccountId, side: "debit", amount: 1n };
  expect(parseUserAccountId(leg.account)).toBeUndefined();
});

describe("a hold", () => {
  const two = hold([dr("a", 300n), cr("b", 300n)]);
  const split = hold([dr("a", 300n), cr("b", 200n), cr("c", 100n)]);

  function hold(legs: readonly UserLeg[]): Hold & { id: UserEntryId } {
    const entry = entryProposed(
      demo,
      { id: "je_h" as UserEntryId, state: "pending", legs, expiresInSeconds: 60 },
      (id) => currencies[id],
      by,
    );
    if (!entry.ok) throw new Error(entry.error.flaw);
    return { ...entry.value, id: "je_h" as UserEntryId, state: "pending" };
  }

  // biome-ignore format: a table is read in rows
  test.each<[string, typeof two, PostWith, (readonly UserLeg[]) | string]>([
    ["all of it",                         two,   { kind: "all" },                                                     [dr("a", 300n), cr("b", 300n)]],
    ["some of it",                        two,   { kind: "amount", amount: 1n },                                      [dr("a", 1n), cr("b", 1n)]],
    ["just as much as is held",           two,   { kind: "amount", amount: 300n },                                    [dr("a", 300n), cr("b", 300n)]],
    ["more than is held",                 two,   { kind: "amount", amount: 301n },                                    "exceeds_hold"],
    ["an amount, where there are three",  split, { kind: "amount", amount: 1n },                                      "amount_is_ambiguous"],
    ["some of each leg",                  split, { kind: "legs", legs: [dr("a", 20n), cr("b", 15n), cr("c", 5n)] },   [dr("a", 20n), cr("b", 15n), cr("c", 5n)]],
    ["some of its legs",                  split, { kind: "legs", legs: [dr("a", 200n), cr("b", 200n)] },              [dr("a", 200n), cr("b", 200n)]],
    ["more of one leg than it holds",     split, { kind: "legs", legs: [dr("a", 201n), cr("b", 201n)] },              "exceeds_hold"],
    ["an account that it does not hold",  two,   { kind: "legs", legs: [dr("a", 10n), cr("c", 10n)] },                "exceeds_hold"],
    ["the other side of its account",     two,   { kind: "legs", legs: [cr("a", 10n), dr("b", 10n)] },                "exceeds_hold"],
    ["legs that do not balance",          split, { kind: "legs", legs: [dr("a", 20n), cr("b", 10n)] },                "unbalanced"],
  ])("posted with %s", (_what, held, post, expected) => {
    const posted = postUserHold(held, post, { at: noon + 1_000, execution: "request 2" });
    if (typeof expected === "string") return expect(posted).toEqual({ ok: false, error: expected });
    expect(posted).toMatchObject({
      ok: true,
      value: {
        released: held.legs,
        entry: { id: "je_h.post.1", legs: expected.map((leg) => ({ ...leg, currency: "USD" })) },
      },
    });
  });

  test("past its time is not posted", () => {
    const late = postUserHold(two, { kind: "all" }, { at: noon + 60_000, execution: "request 2" });
    expect(late).toEqual({ ok: false, error: "hold_expired" });
  });
});

test("a correction is the linked opposite", () => {
  const original = {
    id: "je_1" as UserEntryId,
    book: demo,
    legs: [
      { account: acc("a"), side: "debit" as const, amount: 5n, currency: "USD" as const },
      { account: salesAccount("USD"), side: "credit" as const, amount: 5n, currency: "USD" as const },
    ],
  };
  expect(correctionOf(original, undefined, by)).toEqual({
    id: "je_1.reversal.1",
    book: demo,
    state: "posted",
    legs: [
      { ...original.legs[0], side: "credit" },
      { ...original.legs[1], side: "debit" },
    ],
    effectiveAt: noon,
    recordedAt: noon,
    reverses: "je_1",
    execution: "request 1",
  });
});
