import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { epochOf, firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { decode, type StoredItem } from "#adapters/dynamodb/stored.ts";
import type { Book } from "#core/ledger/account.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment } from "#core/payments/payment.ts";
import { checkAccountNotes, checkShard } from "#core/proof/folds.ts";
import { checkHolds } from "#core/proof/holds.ts";
import { checkAccounts, checkJournal } from "#core/proof/ledger.ts";
import { checkAmounts } from "#core/proof/payments.ts";
import { noon } from "#tests/support/examples.ts";
import { Replication } from "#tests/support/replication.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { ToldAnswers, untrueAnswers } from "#tests/support/told-answers.ts";
import { alice, bookOf, float, Minute, promote, storesOf } from "#tests/support/torn-books.ts";

/** The failover's tasks over books of which replication has lost the ends, on the real engine. */

const secondEpoch = parseEpoch("2");
const longMs = 240_000;

let tables: TestTables;
let books = 0;
let book: Book;
let minute: Minute;
let replication: Replication;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

/** Empty tables, and a book with two accounts that everybody has heard of. */
async function begin(): Promise<void> {
  if (books > 0) await replication.leave(() => 0);
  books += 1;
  book = `mer_torn_${books}` as Book;
  minute = new Minute(storesOf(tables.client, firstEpoch), book, new ToldAnswers(tables.client, book));
  replication = new Replication(tables.client, book);
  await minute.openAccounts();
  await replication.look();
}

const seen = async <Value>(step: Promise<Value>): Promise<Value> => {
  const value = await step;
  await replication.look();
  return value;
};

const promoted = () => promote(tables.client, secondEpoch, book);

/** A generator of numbers from 0 to 1 that a seed repeats. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Payments, refunds and entries at every stage. */
async function aMinute(): Promise<void> {
  await seen(minute.entry(500n));
  await seen(minute.create());
  await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))));
  await seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
  const manual = await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))));
  await seen(minute.capture(manual, 60_00n));
  await seen(minute.release(await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))))));
  await seen(minute.pay(200n));
  for (const gaveBack of [true, false, undefined]) {
    const paid = await seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
    const held = await seen(minute.holdRefund(await seen(minute.beginRefund(paid, 30_00n))));
    if (gaveBack === undefined) continue;
    const after = await seen(minute.endRefund(held, gaveBack));
    await seen(minute.beginRefund(after, 10_00n));
  }
  const hold = await seen(minute.entry(50n, "pending"));
  await seen(minute.entry(70n, "pending"));
  await seen(minute.postEntry(hold));
}

/** What is wrong with the books, but for payments that the recovery was told to look at, or a person. */
async function wrong(told: ReadonlySet<string>): Promise<string[]> {
  const stored = await bookOf(tables.client, book);
  const known = (subject: string) => [...told].some((text) => text.includes(subject));
  const ofPayments = new Map(stored.refunds.map(({ id, payment }) => [id as string, payment as string]));
  return [
    ...checkJournal(stored.journal),
    ...checkAccounts(stored).filter(({ invariant, subject }) => invariant === "fold" || !known(subject)),
    ...checkAccountNotes(stored.journal, stored.notes),
    ...stored.shards.flatMap(checkShard),
    ...checkAmounts(stored.payments),
    ...checkHolds(stored).filter(
      ({ subject }) => !known(subject) && !known(ofPayments.get(subject) ?? subject),
    ),
  ].map(({ invariant, subject, what }) => `${invariant}: ${subject} ${what}`);
}

describe("whatever part of a minute arrived", () => {
  test(
    "the books balance, what is open is of the new epoch, and to do it again changes nothing",
    async () => {
      await begin();
      await aMinute();
      const isAccount = (key: string) => key.includes("#account#");
      for (let seed = 1; seed <= 40; seed += 1) {
        const random = randomOf(seed);
        const share = random();
        await replication.leave((key, versions) => {
          const lost = random() < share ? Math.ceil(random() * versions) : 0;
          return Math.max(versions - lost, isAccount(key) ? 1 : 0);
        });
        const { letters, checks } = await promoted();
        const told = new Set([...letters, ...checks.map(({ payment }) => payment)]);
        expect(await wrong(told), `seed ${seed}`).toEqual([]);
        expect(await openOfEarlierEpoch(), `seed ${seed}`).toEqual([]);
        const stored = await bookOf(tables.client, book);
        expect(await untrueAnswers(tables.client, stored), `seed ${seed}`).toEqual([]);

        const before = await replication.print();
        const { passes } = await promoted();
        const changed = (await replication.print()).filter((each) => !before.includes(each));
        expect(changed, `seed ${seed}`).toEqual([]);
        expect(
          passes.flatMap(({ changed }, n) => (changed > 0 ? [`pass ${n}: ${changed}`] : [])),
          `seed ${seed}`,
        ).toEqual([]);
      }
    },
    longMs,
  );
});

async function openOfEarlierEpoch(): Promise<string[]> {
  return (await replication.items())
    .filter(isOpen)
    .flatMap((item) => (epochOf(item) === secondEpoch ? [] : [`${item["pk"]?.S} ${item["sk"]?.S}`]));
}

function isOpen(item: StoredItem): boolean {
  const decoded = decode(item);
  switch (decoded.kind) {
    case "account":
      return true;
    case "refund":
      return decoded.refund.state === "processing" || decoded.refund.state === "in_review";
    case "payment":
      return (
        ["processing", "requires_action", "authorized", "in_review"].includes(decoded.payment.state) ||
        decoded.payment.pendingOperation !== undefined
      );
    default:
      return false;
  }
}

describe("of a transaction that arrived in part", () => {
  /** Leaves out what is named, or all versions of it but the first so many. */
  const without = (...lost: readonly (readonly [part: string, versions: number])[]) =>
    replication.leave((key, versions) => {
      const found = lost.find(([part]) => key.includes(part));
      return found === undefined ? versions : found[1];
    });
  const now = async (payment: Payment) => storesOf(tables.client, secondEpoch).payments.get(book, payment.id);

  test("a captured payment brings its hold and its capture into the journal, fee and all", async () => {
    await begin();
    const paid = await seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
    const whole = (await bookOf(tables.client, book)).journal;
    await without(["#journal#", 0]);
    await promoted();
    const { journal } = await bookOf(tables.client, book);
    const money = (records: typeof journal) =>
      JSON.stringify(records, (name, value: unknown) => {
        if (["execution", "recordedAt", "effectiveAt"].includes(name)) return undefined;
        return typeof value === "bigint" ? `${value}` : value;
      });
    expect(money(journal)).toBe(money(whole));
    expect(await now(paid)).toEqual(paid);
  });

  test("a capture that only the journal has is the payment's, partial as it was", async () => {
    await begin();
    const held = await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))));
    await seen(minute.capture(held, 60_00n));
    await without([held.id.concat(" payment"), 2]);
    const { checks } = await promoted();
    expect(await now(held)).toMatchObject({ state: "captured", captured: 60_00n, version: 3 });
    expect(checks).toEqual([]);
  });

  test("a hold that only the journal has leaves its payment to the acquirer, and is not posted twice", async () => {
    await begin();
    const created = await seen(minute.create());
    await seen(minute.authorize(created));
    await without([`${created.id} payment`, 1]);
    const { checks } = await promoted();
    expect(checks).toMatchObject([{ payment: created.id, version: 1 }]);
    // What the recovery does when the acquirer says that it has approved.
    const again = new Minute(storesOf(tables.client, secondEpoch), book);
    expect(await again.authorize(created)).toMatchObject({ state: "authorized", version: 2 });
    expect((await bookOf(tables.client, book)).journal).toHaveLength(1);
    expect(await wrong(new Set())).toEqual([]);
  });

  test("a refund that only its own item knows of is its payment's again", async () => {
    await begin();
    const paid = await seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
    const begun = await seen(minute.beginRefund(paid, 30_00n));
    const ended = await seen(minute.endRefund(await seen(minute.holdRefund(begun)), true));
    await without([`${paid.id} payment`, 3]);
    await promoted();
    expect(await now(paid)).toMatchObject({ refunded: 30_00n, refunds: [begun.refund.id] });
    expect((await now(paid))?.version).toBe(ended.version);
  });

  test("a refund that its payment is waiting for is made again, and a person is told what is lost of it", async () => {
    await begin();
    const paid = await seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
    const { refund } = await seen(minute.beginRefund(paid, 30_00n));
    await without([`${refund.id} refund`, 0]);
    const { letters, checks } = await promoted();
    const { refunds } = storesOf(tables.client, secondEpoch);
    expect(await refunds.get(book, refund.id)).toMatchObject({
      state: "processing",
      total: refund.total,
      n: 1,
    });
    expect(letters).toEqual([expect.stringContaining(`${refund.id} did not arrive`)]);
    expect(checks).toMatchObject([{ payment: paid.id }]);
  });

  test("a balance is what the journal says, though the account has seen more", async () => {
    await begin();
    await seen(minute.entry(500n));
    const lost = await seen(minute.entry(300n));
    await without([` ${lost}`, 0], [`#${lost}`, 0]);
    await promoted();
    const { accounts } = storesOf(tables.client, secondEpoch);
    expect(await accounts.get(book, alice)).toMatchObject({ creditsPosted: 500n, version: 1 });
    expect(await accounts.get(book, float)).toMatchObject({ debitsPosted: 500n });
  });

  test("a note of an entry that is lost goes, and a person is told how much it moved", async () => {
    await begin();
    const lost = await seen(minute.entry(300n));
    await without([` ${lost}`, 0]);
    const { letters } = await promoted();
    expect(letters.toSorted()).toEqual([
      expect.stringContaining(`${lost} of ${book} moved acc_alice by 0 0 300 0`),
      expect.stringContaining(`${lost} of ${book} moved acc_float by 300 0 0 0`),
    ]);
    expect(await wrong(new Set())).toEqual([]);
  });

  test("an account that did not arrive is kept frozen, with what the journal says it has", async () => {
    await begin();
    await seen(minute.entry(300n));
    await without(["#account#acc_alice", 0]);
    const { letters } = await promoted();
    const { accounts } = storesOf(tables.client, secondEpoch);
    expect(await accounts.get(book, alice)).toMatchObject({ condition: "frozen", creditsPosted: 300n });
    expect(letters).toEqual([expect.stringContaining(`${book} acc_alice was moved by`)]);
  });

  test("a payment whose funding is lost leaves its wallet beyond its limit, and a person is told", async () => {
    await begin();
    const lost = await seen(minute.entry(500n));
    await seen(minute.pay(200n));
    await without([lost, 0]);
    const { letters } = await promoted();
    expect(letters).toEqual([expect.stringContaining(`${book} acc_alice is 200 beyond its limit`)]);
    expect(await storesOf(tables.client, secondEpoch).accounts.get(book, alice)).toMatchObject({
      debitsPosted: 200n,
      creditsPosted: 0n,
    });
  });

  test("a record whose payment did not arrive is a person's, and stays", async () => {
    await begin();
    const paid = await seen(minute.authorize(await seen(minute.create())));
    await without([`${paid.id} payment`, 0]);
    const { letters } = await promoted();
    expect(letters).toEqual([expect.stringContaining(`${paid.id} did not arrive`)]);
    expect((await bookOf(tables.client, book)).journal).toHaveLength(1);
  });
});

test("a writer of the first epoch is fenced from what is open, and from every account", async () => {
  await begin();
  const created = await seen(minute.create());
  const held = await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))));
  await promoted();
  const { payments } = storesOf(tables.client, firstEpoch);
  const fenced = { name: "WriterFenced" };
  const failed = evolve(created, { type: "failed", reason: "by a zombie" }, noon);
  await expect(payments.commit({ before: created, after: failed })).rejects.toMatchObject(fenced);
  await expect(minute.capture(held)).rejects.toMatchObject(fenced);
  await expect(minute.entry(1n)).rejects.toMatchObject(fenced);
});

test("another region that is later still cannot be taken over from", async () => {
  await begin();
  await seen(minute.create());
  await promote(tables.client, parseEpoch("3"), book);
  await expect(promoted()).rejects.toMatchObject({ name: "WriterFenced" });
});
