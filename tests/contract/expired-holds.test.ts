import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { ExpiringHolds } from "#adapters/dynamodb/expiring-holds.ts";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import { type Book, noCounters, type UserAccountId } from "#core/ledger/account.ts";
import type { Hold } from "#core/ledger/entry.ts";
import { isHold } from "#core/ledger/entry.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { expireHold, type Resolution, voidHold } from "#core/ledger/resolution.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import { type PostWith, postUserHold, type UserEntryId } from "#core/ledger/user-entry.ts";
import { checkExpiry } from "#core/proof/expiry.ts";
import { checkJournal } from "#core/proof/ledger.ts";
import { type SweepPorts, sweepHolds } from "#functions/tasks/releasing.ts";
import { record } from "#tests/support/arbitraries/values.ts";
import { day, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

/** Merchants' holds that nobody asks about, on the real engine. */

let tables: TestTables;
let accounts: AccountStore;
let ledger: UserLedger;
let journal: JournalStore;
let holds: ExpiringHolds;
let postings: PostingStore;
let books = 0;
let book: Book;

beforeAll(async () => {
  tables = await startTables();
  accounts = new AccountStore(tables.client, "ledger", firstEpoch);
  ledger = new UserLedger(tables.client, "ledger", firstEpoch);
  journal = new JournalStore(tables.client, "ledger");
  holds = new ExpiringHolds(tables.client, "ledger");
  postings = new PostingStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

const [float, alice] = ["acc_float", "acc_alice"] as [UserAccountId, UserAccountId];
const sales = "acc_sales_usd" as UserAccountId;
const second = 1_000;

/** A book of its own, in which alice has 1,000. */
async function fundedBook(): Promise<void> {
  books += 1;
  book = `mer_expiry_${books}` as Book;
  for (const [id, normalSide] of [
    [float, "debit"],
    [alice, "credit"],
  ] as const) {
    const limits = id === alice ? { minAvailable: 0n } : {};
    await accounts.open({
      ...{ id, book, name: id, currency: "USD", normalSide, metadata: {}, openedAt: noon },
      ...limits,
    });
  }
  await enter("je_topup", { from: float, to: alice, amount: 1_000n });
}

interface Entry {
  readonly from: UserAccountId;
  readonly to: UserAccountId;
  readonly amount: bigint;
  /** Of a hold. */
  readonly expiresInSeconds?: number;
}

async function enter(id: string, { from, to, amount, expiresInSeconds }: Entry, at = noon): Promise<void> {
  const legs = [
    { account: from, side: "debit", amount },
    { account: to, side: "credit", amount },
  ] as const;
  const held = expiresInSeconds === undefined ? {} : { expiresInSeconds };
  const state = expiresInSeconds === undefined ? "posted" : "pending";
  const proposed = { id: id as UserEntryId, state, legs, ...held } as const;
  const [result] = await ledger.post(book, [proposed], { at, execution: `test ${id}` });
  expect(result?.kind).toBe("created");
}

const hold = (id: string, amount: bigint, expiresInSeconds: number, to = sales) =>
  enter(id, { from: alice, to, amount, expiresInSeconds });

/** Sweeps at a moment, `ports` aside. @returns what could not be released. */
async function sweepAt(at: number, ports: Partial<SweepPorts> = {}, mayGoOn = () => true): Promise<string[]> {
  const failed: string[] = [];
  const all = { holds, journal, ledger, now: () => at, failed: (subject: string) => failed.push(subject) };
  await sweepHolds({ ...all, ...ports }, [book], { execution: `sweep ${at}`, mayGoOn });
  return failed;
}

async function recordsOf(): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const each of journal.read(book)) records.push(each);
  return records;
}
const resolutionsOf = (records: readonly JournalRecord[]): Resolution[] =>
  records.flatMap((each) => (each.type === "resolution" ? [each.resolution] : []));

async function notes(): Promise<string[]> {
  const found: string[] = [];
  for await (const page of holds.due(book, noon + 400 * day)) found.push(...page.map((due) => due.hold));
  return found;
}

describe("a hold that nobody asks about", () => {
  test("stands to its last millisecond, and is then released, with its room, and its note taken away", async () => {
    await fundedBook();
    await hold("je_hold", 800n, 60);
    expect(await sweepAt(noon + 60 * second - 1)).toEqual([]);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 800n });
    expect(await notes()).toEqual(["je_hold"]);

    expect(await sweepAt(noon + 60 * second)).toEqual([]);

    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 0n, version: 3 });
    expect(resolutionsOf(await recordsOf())).toEqual([
      expect.objectContaining({ kind: "expired", hold: "je_hold", effectiveAt: noon + 60 * second }),
    ]);
    expect(await notes()).toEqual([]);
    // What was set aside can be spent again.
    await enter("je_spend", { from: alice, to: float, amount: 1_000n }, noon + 61 * second);
  });

  test("counts as over from its expiry by effect, and from the sweep by record", async () => {
    await fundedBook();
    await hold("je_hold", 800n, 60);
    await sweepAt(noon + 90 * second);
    const pendingAt = async (at: number, basis: "recorded" | "effective") =>
      (await postings.countersAt(book, alice, at, basis)).counters.debitsPending;
    const between = noon + 75 * second;
    expect([await pendingAt(between, "effective"), await pendingAt(between, "recorded")]).toEqual([0n, 800n]);
    expect(await pendingAt(noon + 90 * second, "recorded")).toBe(0n);
  });

  test("of a frozen account is released", async () => {
    await fundedBook();
    await hold("je_hold", 800n, 60);
    await accounts.change(book, alice, "frozen", undefined);
    expect(await sweepAt(noon + day)).toEqual([]);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 0n });
  });
});

describe("a sweep", () => {
  test("leaves a hold that has ended as it ended, and takes its note away", async () => {
    await fundedBook();
    await hold("je_hold", 800n, 60);
    const [held] = (await recordsOf()).flatMap((each) =>
      each.type === "entry" && isHold(each.entry) ? [each.entry] : [],
    );
    await ledger.resolve(voidHold(held as Hold, noon, "test"));
    await sweepAt(noon + day);
    expect(resolutionsOf(await recordsOf())).toMatchObject([{ kind: "voided" }]);
    expect(await notes()).toEqual([]);
  });

  test("that dies before it writes, or between the release and the note, is made good by the next", async () => {
    await fundedBook();
    await hold("je_hold", 800n, 60);
    const dies = () => Promise.reject(new Error("the function is gone"));
    expect(await sweepAt(noon + day, { ledger: { resolve: dies } })).toEqual(["je_hold"]);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 800n });
    const { due } = holds;
    expect(await sweepAt(noon + day, { holds: { due: due.bind(holds), forget: dies } })).toEqual(["je_hold"]);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 0n });
    expect(await notes()).toEqual(["je_hold"]);

    expect(await sweepAt(noon + day)).toEqual([]);

    expect(resolutionsOf(await recordsOf())).toHaveLength(1);
    expect(await notes()).toEqual([]);
  });

  test("goes on behind a hold that it cannot release, and past a page", async () => {
    await fundedBook();
    const ids = Array.from({ length: 130 }, (_, n) => `je_${n}`);
    for (const id of ids) await hold(id, 1n, 60);
    const stuck = ["je_0", "je_7"];
    const resolve = (resolution: Resolution) =>
      stuck.includes(resolution.hold) ? Promise.reject(new Error("busy")) : ledger.resolve(resolution);
    expect((await sweepAt(noon + day, { ledger: { resolve } })).toSorted()).toEqual(stuck);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 2n });
    expect((await notes()).toSorted()).toEqual(stuck);
  });

  test("stops when its time is up, and the next one goes on", async () => {
    await fundedBook();
    for (const id of ["je_1", "je_2", "je_3"]) await hold(id, 1n, 60);
    let asked = 0;
    const twice = () => {
      asked += 1;
      return asked <= 2;
    };
    await sweepAt(noon + day, {}, twice);
    expect(await notes()).not.toEqual([]);
    await sweepAt(noon + day);
    expect(await accounts.get(book, alice)).toMatchObject({ debitsPending: 0n });
    expect(await notes()).toEqual([]);
  });
});

test("a batch that is refused leaves no notes of its holds", async () => {
  await fundedBook();
  const pending = (id: string, amount: bigint) => ({
    id: id as UserEntryId,
    state: "pending" as const,
    legs: [
      { account: alice, side: "debit" as const, amount },
      { account: sales, side: "credit" as const, amount },
    ],
    expiresInSeconds: 60,
  });
  const batch = [pending("je_1", 600n), pending("je_2", 600n)];
  const results = await ledger.post(book, batch, { at: noon, execution: "test" });
  expect(results.map(({ kind }) => kind)).toEqual(["linked", "refused"]);
  expect(await notes()).toEqual([]);
});

/** What several may try to make of one hold, each by a clock of its own: some before its expiry, some behind it. */
interface Ending {
  readonly by: "post" | "void" | "sweep";
  /** Milliseconds from the expiry. */
  readonly clock: number;
  /** Of a post: minor units of the ten that are held. */
  readonly amount: number;
}
const endings: fc.Arbitrary<Ending[]> = fc.array(
  record<Ending>({
    by: fc.constantFrom("post", "void", "sweep"),
    clock: fc.constantFrom(-30_000, -1, 0, 1, 60_000),
    amount: fc.integer({ min: 1, max: 10 }),
  }),
  { minLength: 2, maxLength: 6 },
);

test("however posts, voids and sweeps meet at a hold, it ends once, in time, and all it held is free", async () => {
  await fundedBook();
  let n = 0;
  const expiresAt = noon + 60 * second;
  await fc.assert(
    fc.asyncProperty(endings, fc.boolean(), async (all, atOnce) => {
      n += 1;
      const id = `je_race_${n}` as UserEntryId;
      await hold(id, 10n, 60, float);
      const records = await journal.find(book, [id]);
      const held = { ...(records[0] as { entry: Hold }).entry, id };
      const attempt = (ending: Ending) => end(held, ending, expiresAt + ending.clock);
      if (atOnce) await Promise.all(all.map(attempt));
      else for (const ending of all) await attempt(ending);
      // Whatever they came to, in the end a sweep has its way.
      await sweepAt(noon + day);

      const journalNow = await recordsOf();
      const ends = resolutionsOf(journalNow).filter((each) => each.hold === id);
      expect(ends).toHaveLength(1);
      expect(checkExpiry(journalNow, [], noon + day)).toEqual([]);
      expect(checkJournal(journalNow)).toEqual([]);
      for (const account of [alice, float]) {
        const { debitsPending, creditsPending } = fold(journalNow).get(account) ?? noCounters;
        expect([debitsPending, creditsPending]).toEqual([0n, 0n]);
        expect(await accounts.get(book, account)).toMatchObject(fold(journalNow).get(account) ?? {});
      }
      expect(await notes()).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

/** What the API does, and what the sweep does, each after it has read that the hold stands. */
async function end(
  held: Hold & { readonly id: UserEntryId },
  { by, amount }: Ending,
  at: number,
): Promise<void> {
  if (by === "sweep") {
    expect(await sweepAt(at)).toEqual([]);
    return;
  }
  const run = { at, execution: `test ${by} ${at} ${amount}` };
  const lapsed = expireHold(held, at, run.execution);
  const post: PostWith = { kind: "amount", amount: BigInt(amount) };
  const posted = by === "post" ? postUserHold(held, post, run) : undefined;
  const resolution = posted?.ok ? posted.value : (lapsed ?? voidHold(held, at, run.execution));
  expect((await ledger.resolve(resolution)).kind).not.toBe("refused");
}
