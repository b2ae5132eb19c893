import { beforeEach, describe, expect, test } from "vitest";
import type { Claim, DraftedEntry } from "#adapters/books/settlement-entries.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change, Committed } from "#core/payments/ports.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";
import { usd } from "#tests/support/breaks.ts";
import { demo, exampleAuthorization, examplePayment, noon, refundId } from "#tests/support/examples.ts";
import { postAgain, type SettlingPorts, settleRound } from "./settling.ts";

/** What the round is told and tells, without a database or a table: each call is written down, in its order. */
let calls: string[];
let drafted: DraftedEntry[];
let claims: Claim[];
let payments: Payment[];
/** What the ledger makes of a change. */
let commit: (change: Change) => Committed;
let failing: string | undefined;

const called = (what: string): void => {
  calls.push(what);
  if (failing === what) throw new Error(what);
};

const ports: SettlingPorts = {
  now: () => noon,
  leaseMs: 300_000,
  entries: {
    draft: async () => false,
    unposted: async () => drafted,
    posted: async ({ number }) => {
      called(`posted ${number}`);
      drafted = drafted.filter((each) => each.number !== number);
    },
    postedSince: async (since) => {
      calls.push(`since ${(noon - since.getTime()) / 3_600_000} h`);
      return drafted;
    },
    claim: async (count, _now, leaseMs) => {
      calls.push(`claim ${count} for ${leaseMs / 60_000} min`);
      return claims.shift();
    },
    released: async (covered) => {
      calls.push(`released ${covered.map(({ expected }) => expected).join()}`);
    },
  },
  ledger: {
    post: async ({ id }) => called(`post ${id}`),
    find: async (_book, ids) => payments.filter(({ id }) => ids.includes(id)),
    settle: async (changes) => {
      calls.push(`settle ${changes.map(({ before }) => before.id).join()}`);
      return changes.map(commit);
    },
  },
};

const entry = (n: number): DraftedEntry => ({
  number: String(n),
  entry: {
    ...{ id: settlementEntryId(n), book: demo, state: "posted", effectiveAt: noon, recordedAt: noon },
    legs: [
      debit(acquirerAccount(demo, 1050, "alpha", usd), 1n, usd),
      credit(systemAccount(demo, 1900, usd), 1n, usd),
    ],
    execution: "reconciler",
  } satisfies JournalEntry as JournalEntry & { readonly id: EntryId },
});
const captured = (id: string, refunded = 0n): Payment => ({
  ...examplePayment({ state: "captured", authorization: exampleAuthorization, captured: 100_00n, refunded }),
  id: id as Payment["id"],
});
const claimOf = (...ids: readonly string[]): Claim => ({
  book: demo,
  covered: ids.map((id, index) => ({ expected: String(index + 1), payment: id as Payment["id"] })),
});

beforeEach(() => {
  [calls, drafted, claims, payments, failing] = [[], [], [], [], undefined];
  commit = ({ after }) => ({ kind: "applied", payment: after });
});

describe("entries", () => {
  test("are posted one after the other, and each is marked behind it", async () => {
    drafted = [entry(1), entry(2)];
    expect(await settleRound(ports)).toEqual({ posted: 2, settled: 0, waiting: 0 });
    expect(calls.slice(0, 4)).toEqual([
      ...["post je_settlement.1", "posted 1", "post je_settlement.2", "posted 2"],
    ]);
  });

  test("are posted again when whoever posted them could not say so", async () => {
    drafted = [entry(1)];
    failing = "posted 1";
    await expect(settleRound(ports)).rejects.toThrow("posted 1");
    failing = undefined;
    await settleRound(ports);
    expect(calls.filter((call) => call.startsWith("post "))).toEqual(Array(2).fill("post je_settlement.1"));
  });

  test("of the last day are posted once more where a region took over", async () => {
    drafted = [entry(1), entry(2)];
    expect(await postAgain(ports)).toBe(2);
    expect(calls).toEqual(["since 24 h", "post je_settlement.1", "post je_settlement.2"]);
  });
});

describe("payments that are paid out", () => {
  test("are taken 48 at a time, settled, and given back as settled, until there are none", async () => {
    payments = [captured("pay_a"), captured("pay_b"), captured("pay_c")];
    claims = [claimOf("pay_a", "pay_b"), claimOf("pay_c")];
    expect(await settleRound(ports)).toEqual({ posted: 0, settled: 3, waiting: 0 });
    expect(calls).toEqual([
      ...["claim 48 for 5 min", "settle pay_a,pay_b", "released 1,2"],
      ...["claim 48 for 5 min", "settle pay_c", "released 1", "claim 48 for 5 min"],
    ]);
  });

  test("that owe their fee are settled behind those that bring money", async () => {
    payments = [captured("pay_owing", 100_00n), captured("pay_a")];
    claims = [claimOf("pay_owing", "pay_a")];
    await settleRound(ports);
    expect(calls).toContain("settle pay_a,pay_owing");
  });

  test("wait while a refund goes on, and where their account refuses: nobody says that they are settled", async () => {
    const pendingOperation = { kind: "refund", refund: refundId, amount: 1n, startedAt: noon } as const;
    payments = [
      { ...captured("pay_refunding"), pendingOperation },
      captured("pay_refused"),
      captured("pay_a"),
    ];
    claims = [claimOf("pay_refunding", "pay_refused", "pay_a")];
    commit = ({ before, after }) =>
      before.id === "pay_refused"
        ? { kind: "refused", refusal: "below_min_available" }
        : { kind: "applied", payment: after };
    expect(await settleRound(ports)).toEqual({ posted: 0, settled: 1, waiting: 2 });
    expect(calls).toContain("settle pay_refused,pay_a");
    expect(calls).toContain("released 3");
  });

  test("that somebody settled meanwhile, or before, are settled", async () => {
    const settled = (id: string): Payment => ({
      ...examplePayment({
        ...{
          state: "settled",
          authorization: exampleAuthorization,
          captured: 1n,
          refunded: 0n,
          released: 1n,
        },
      }),
      id: id as Payment["id"],
    });
    payments = [settled("pay_before"), captured("pay_meanwhile")];
    claims = [claimOf("pay_before", "pay_meanwhile")];
    commit = () => ({ kind: "superseded", current: settled("pay_meanwhile") });
    expect(await settleRound(ports)).toMatchObject({ settled: 2, waiting: 0 });
    expect(calls).toContain("released 1,2");
  });
});

test("who is asked to stop takes nothing more", async () => {
  drafted = [entry(1)];
  claims = [claimOf("pay_a")];
  expect(await settleRound(ports, () => false)).toEqual({ posted: 0, settled: 0, waiting: 0 });
  expect(calls).toEqual([]);
});
