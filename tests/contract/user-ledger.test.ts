import { type DynamoDBClient, TransactWriteItemsCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import type { AccountId, Book, UserAccountId } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { voidHold } from "#core/ledger/resolution.ts";
import type { OpenedAccount } from "#core/ledger/user-account.ts";
import { correctionOf, type ProposedEntry, postUserHold, type UserEntryId } from "#core/ledger/user-entry.ts";
import { minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let accounts: AccountStore;
let ledger: UserLedger;
let postings: PostingStore;
let journal: JournalStore;
let books = 0;
let book: Book;

beforeAll(async () => {
  tables = await startTables();
  accounts = new AccountStore(tables.client, "ledger", firstEpoch);
  ledger = new UserLedger(tables.client, "ledger", firstEpoch);
  postings = new PostingStore(tables.client, "ledger");
  journal = new JournalStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

const [float, alice, bob] = ["acc_float", "acc_alice", "acc_bob"] as UserAccountId[] as [
  UserAccountId,
  UserAccountId,
  UserAccountId,
];
const sales = "acc_sales_usd" as UserAccountId;

const opening = (id: UserAccountId, more: Partial<OpenedAccount> = {}): OpenedAccount => ({
  id,
  book,
  name: id,
  currency: "USD",
  normalSide: "credit",
  metadata: {},
  openedAt: noon,
  ...more,
});

/** The tables' client, which lets something happen before each command of a kind. */
function between<Command extends UpdateItemCommand | TransactWriteItemsCommand>(
  kind: new (...input: never[]) => Command,
  happens: (command: Command) => Promise<unknown>,
): DynamoDBClient {
  const send = async (command: Command) => {
    if (command instanceof kind) await happens(command);
    return tables.client.send(command as UpdateItemCommand);
  };
  return { send } as unknown as DynamoDBClient;
}

/** A book with a float, and two wallets that cannot be overdrawn, alice's with 100. */
async function wallets(): Promise<void> {
  books += 1;
  book = `mer_user_${books}` as Book;
  await accounts.open(opening(float, { normalSide: "debit" }));
  await accounts.open(opening(alice, { minAvailable: 0n }));
  await accounts.open(opening(bob, { minAvailable: 0n, maxBalance: 150n }));
  await post(proposal("je_topup", float, alice, 100n));
}

const proposal = (
  id: string,
  from: UserAccountId,
  to: UserAccountId,
  amount: bigint,
  more: Partial<ProposedEntry> = {},
): ProposedEntry => ({
  id: id as UserEntryId,
  state: "posted",
  legs: [
    { account: from, side: "debit", amount },
    { account: to, side: "credit", amount },
  ],
  ...more,
});

let requests = 0;
const by = (at = noon) => {
  requests += 1;
  return { at, execution: `request ${requests}` };
};
const post = (...proposals: ProposedEntry[]) => ledger.post(book, proposals, by());
const kindsOf = (results: readonly { kind: string }[]) =>
  results.map((result) => ("code" in result ? `${result.kind} ${result.code}` : result.kind));

async function balanceOf(id: UserAccountId): Promise<bigint> {
  const account = await accounts.get(book, id);
  return (account?.creditsPosted ?? 0n) - (account?.debitsPosted ?? 0n);
}

/** The account's own counters, and what its postings come to, must say the same. */
async function expectProven(id: UserAccountId): Promise<void> {
  const account = await accounts.get(book, id);
  const { counters, version } = await postings.countersAt(book, id, Number.MAX_SAFE_INTEGER, "recorded");
  expect(account).toMatchObject({ ...counters, version });
}

describe("an account", () => {
  test("is opened once, and listed newest first", async () => {
    await wallets();
    const again = await accounts.open(opening(alice, { name: "Another" }));
    expect(again).toMatchObject({ kind: "taken", account: { name: "acc_alice", version: 1 } });
    for (let n = 1; n <= 5; n += 1)
      await accounts.open(opening(`acc_${n}` as UserAccountId, { openedAt: noon + n }));
    const first = await accounts.list(book, { limit: 4 });
    const second = await accounts.list(book, { limit: 4, before: first.next });
    expect([...first.accounts, ...second.accounts].map(({ id }) => id)).toEqual([
      "acc_5",
      "acc_4",
      "acc_3",
      "acc_2",
      "acc_1",
      "acc_float",
      "acc_bob",
      "acc_alice",
    ]);
    expect(second.next).toBeUndefined();
  });

  test("comes back as it was opened", async () => {
    await wallets();
    const opened = opening("acc_all" as UserAccountId, {
      minAvailable: -5n,
      maxBalance: 10n ** 15n,
      metadata: { owner: "x" },
    });
    await accounts.open(opened);
    expect(await accounts.get(book, opened.id)).toMatchObject(opened);
  });

  test("frozen takes nothing until it is open again, but lets go of what was held", async () => {
    await wallets();
    await post(proposal("je_hold", alice, bob, 10n, { state: "pending" }));
    await accounts.change(book, alice, "frozen", undefined);
    expect(kindsOf(await post(proposal("je_1", alice, bob, 1n)))).toEqual(["refused account_frozen"]);
    const [hold] = await journal.find(book, ["je_hold" as EntryId]);
    if (hold?.type !== "entry") throw new Error("a hold");
    const resolution = voidHold({ ...hold.entry, state: "pending" }, noon, "request");
    expect(await ledger.resolve(resolution)).toEqual({ kind: "resolved" });
    await accounts.change(book, alice, "open", undefined);
    expect(kindsOf(await post(proposal("je_2", alice, bob, 1n)))).toEqual(["created"]);
    await expectProven(alice);
  });

  test("is closed when it holds and awaits nothing, and for good", async () => {
    await wallets();
    expect(await accounts.change(book, alice, "closed", undefined)).toMatchObject({ kind: "refused" });
    await post(proposal("je_1", alice, float, 100n));
    await post(proposal("je_hold", float, alice, 5n, { state: "pending" }));
    expect(await accounts.change(book, alice, "closed", undefined)).toMatchObject({ kind: "refused" });
    const [hold] = await journal.find(book, ["je_hold" as EntryId]);
    if (hold?.type !== "entry") throw new Error("a hold");
    await ledger.resolve(voidHold({ ...hold.entry, state: "pending" }, noon, "request"));
    expect(await accounts.change(book, alice, "closed", undefined)).toMatchObject({ kind: "changed" });
    expect(await accounts.change(book, alice, "open", undefined)).toMatchObject({ kind: "refused" });
    expect(kindsOf(await post(proposal("je_2", float, alice, 1n)))).toEqual(["refused account_closed"]);
  });

  test("is changed from the revision that was read, or not at all", async () => {
    await wallets();
    expect(await accounts.change(book, alice, "frozen", 1)).toMatchObject({
      kind: "changed",
      account: { revision: 2 },
    });
    expect(await accounts.change(book, alice, "open", 1)).toMatchObject({ kind: "refused" });
    expect(await accounts.change(book, "acc_nobody" as UserAccountId, "open", undefined)).toEqual({
      kind: "not_found",
    });
  });

  test("whose change is sent again, because its reply was lost, is changed once", async () => {
    await wallets();
    const twice = new AccountStore(
      between(UpdateItemCommand, (command) => tables.client.send(command)),
      "ledger",
      firstEpoch,
    );
    expect(await twice.change(book, alice, "frozen", 1)).toMatchObject({
      kind: "changed",
      account: { condition: "frozen", revision: 2 },
    });
    // Another's later change is not taken for one's own.
    expect(await twice.change(book, alice, "open", 1)).toMatchObject({ kind: "refused" });
  });
});

describe("an entry", () => {
  test("under one id is one entry, however many ask at once", async () => {
    await wallets();
    const results = await Promise.all(
      Array.from({ length: 12 }, () => post(proposal("je_once", alice, bob, 30n))),
    );
    const kinds = results.flatMap(kindsOf);
    expect(kinds.filter((kind) => kind === "created")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "exists")).toHaveLength(11);
    expect(await balanceOf(bob)).toBe(30n);
    await expectProven(bob);
  });

  test("that would overdraw is refused for ever, though the money comes in", async () => {
    await wallets();
    const over = proposal("je_over", alice, bob, 101n);
    expect(kindsOf(await post(over))).toEqual(["refused below_min_available"]);
    await post(proposal("je_more", float, alice, 50n));
    expect(kindsOf(await post(over))).toEqual(["refused below_min_available"]);
    expect(kindsOf(await post({ ...over, id: "je_new" as UserEntryId }))).toEqual(["created"]);
  });

  test("that another request posts, while this one is being refused, is posted for both", async () => {
    await wallets();
    const over = proposal("je_over", alice, bob, 101n);
    let transactions = 0;
    // The first transaction is the refused one, the second is to keep the refusal.
    const overtaken = between(TransactWriteItemsCommand, async () => {
      transactions += 1;
      if (transactions === 2) await post(proposal("je_more", float, alice, 50n), over);
    });
    expect(kindsOf(await new UserLedger(overtaken, "ledger", firstEpoch).post(book, [over], by()))).toEqual([
      "exists",
    ]);
    expect(await journal.find(book, [over.id])).toMatchObject([{ type: "entry" }]);
  });

  test("with legs over more accounts than one read takes has too many legs, unless its id is taken", async () => {
    await wallets();
    const legs = Array.from({ length: 150 }, (_, n) => ({
      account: `acc_${n}` as UserAccountId,
      side: n % 2 === 0 ? ("debit" as const) : ("credit" as const),
      amount: 1n,
    }));
    const wide = { ...proposal("je_wide", alice, bob, 1n), legs };
    expect(await post(wide)).toEqual([{ kind: "flaw", flaw: "too_many_legs" }]);
    expect(kindsOf(await post({ ...wide, id: "je_topup" as UserEntryId }))).toEqual([
      "replay exists_with_different_legs",
    ]);
  });

  test("of many at once leaves no limit passed", async () => {
    await wallets();
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, n) => post(proposal(`je_race_${n}`, alice, bob, 30n))),
    );
    const kinds = results.flatMap(kindsOf);
    expect(kinds.filter((kind) => kind === "created")).toHaveLength(3);
    expect(await balanceOf(alice)).toBe(10n);
    await expectProven(alice);
  });

  test("over the highest balance is refused, pending ones counted", async () => {
    await wallets();
    await post(proposal("je_hold", float, bob, 100n, { state: "pending" }));
    expect(kindsOf(await post(proposal("je_1", float, bob, 51n)))).toEqual(["refused above_max_balance"]);
    expect(kindsOf(await post(proposal("je_2", float, bob, 50n)))).toEqual(["created"]);
  });
});

describe("a batch", () => {
  test("is recorded whole, each account moved once for all its entries", async () => {
    await wallets();
    const results = await post(
      proposal("je_a", alice, bob, 60n),
      proposal("je_b", bob, sales, 20n),
      proposal("je_c", alice, sales, 40n),
    );
    expect(kindsOf(results)).toEqual(["created", "created", "created"]);
    expect([await balanceOf(alice), await balanceOf(bob)]).toEqual([0n, 40n]);
    for (const id of [alice, bob]) await expectProven(id);
  });

  test("is refused whole, and the entry that went too far is named and stays refused", async () => {
    await wallets();
    const batch = [
      proposal("je_a", alice, bob, 60n),
      proposal("je_b", alice, bob, 50n),
      proposal("je_c", float, bob, 1n),
    ];
    expect(kindsOf(await post(...batch))).toEqual(["linked", "refused below_min_available", "linked"]);
    expect([await balanceOf(alice), await balanceOf(bob)]).toEqual([100n, 0n]);
    expect(kindsOf(await post(...batch))).toEqual(["linked", "refused below_min_available", "linked"]);
    const [first] = batch;
    expect(kindsOf(await post(first as ProposedEntry))).toEqual(["created"]);
  });
});

describe("a hold", () => {
  test("ends once, whichever of many asks first", async () => {
    await wallets();
    await post(proposal("je_hold", alice, bob, 80n, { state: "pending" }));
    const [record] = await journal.find(book, ["je_hold" as EntryId]);
    if (record?.type !== "entry") throw new Error("a hold");
    const hold = { ...record.entry, id: "je_hold" as UserEntryId, state: "pending" as const };
    const posted = postUserHold(hold, { kind: "amount", amount: 50n }, by(noon + minute));
    if (!posted.ok) throw new Error(posted.error);
    const ends = await Promise.all([
      ledger.resolve(posted.value),
      ledger.resolve(voidHold(hold, noon + minute, "request")),
      ledger.resolve(posted.value),
    ]);
    expect(ends.map(({ kind }) => kind).toSorted()).toEqual(["resolved", "taken", "taken"]);
    for (const id of [alice, bob]) {
      await expectProven(id);
      expect(await accounts.get(book, id)).toMatchObject({ debitsPending: 0n, creditsPending: 0n });
    }
  });
});

test("an account's entries are read newest first, page by page, and its balance as of each moment", async () => {
  await wallets();
  for (let n = 1; n <= 5; n += 1)
    await ledger.post(
      book,
      [proposal(`je_${n}`, alice, sales, BigInt(n), { effectiveAt: noon - n * minute })],
      by(noon + n),
    );
  for (const account of [alice, sales]) {
    const first = await postings.entries(book, account, { limit: 2 });
    const second = await postings.entries(book, account, { limit: 2, before: first.next });
    const third = await postings.entries(book, account, { limit: 2, before: second.next });
    const last = account === alice ? ["je_1", "je_topup"] : ["je_1"];
    expect([first.ids, second.ids, third.ids]).toEqual([["je_5", "je_4"], ["je_3", "je_2"], last]);
    expect(third.next).toBeUndefined();
  }
  const debitsAt = async (at: number, basis: "recorded" | "effective") =>
    (await postings.countersAt(book, alice, at, basis)).counters.debitsPosted;
  expect(await debitsAt(noon, "recorded")).toBe(0n);
  expect(await debitsAt(noon + 3, "recorded")).toBe(1n + 2n + 3n);
  expect(await debitsAt(noon - 3 * minute, "effective")).toBe(3n + 4n + 5n);
});

describe("whatever a caller gets wrong", () => {
  const legs = [
    debit("mer_demo:2110:USD" as AccountId, 5n, "USD"),
    credit("acc_alice" as AccountId, 5n, "USD"),
  ];

  test("no entry with a system account is written", async () => {
    await wallets();
    const correction = {
      ...correctionOf({ id: "je_1" as UserEntryId, book, legs: [] }, undefined, by()),
      legs,
    };
    await expect(ledger.correct(correction)).rejects.toThrow("moves no system account");
    const minted = { ...proposal("je_mint", alice, bob, 5n), legs: legs as unknown as ProposedEntry["legs"] };
    // It has no currency that the ledger would know: there is no such account among the merchant's own.
    expect(await post(minted)).toEqual([{ kind: "flaw", flaw: "account_not_found", leg: 0 }]);
    expect(await journal.find(book, ["je_mint", "je_1.reversal.1"] as EntryId[])).toEqual([]);
  });

  test("no entry of a payment is undone", async () => {
    await wallets();
    const id = "je_pay_9b9tk4vw5fsbzwtrhqmn4dx7x9.transfer.1" as UserEntryId;
    const correction = correctionOf({ id, book, legs: [] }, undefined, by());
    await expect(ledger.correct(correction)).rejects.toThrow("is a caller's entry");
  });
});
