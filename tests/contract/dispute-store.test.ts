import { PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { type Epoch, firstEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { storedAccount } from "#adapters/dynamodb/stored.ts";
import { openDispute } from "#core/disputes/decide.ts";
import { type Dispute, type DisputeFact, evolveDispute } from "#core/disputes/dispute.ts";
import { disputeEntryId } from "#core/disputes/ids.ts";
import type { DisputeChange } from "#core/disputes/ports.ts";
import { chargebackEntry, chargebackWonEntry } from "#core/disputes/postings.ts";
import { type Account, type AccountId, type Book, noCounters } from "#core/ledger/account.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { checkAccounts } from "#core/proof/ledger.ts";
import { day, demo, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { valued } from "#tests/support/valued.ts";

const recorder = { now: noon, execution: "run-1" };
const names = { payments: "payments", ledger: "ledger" };

let tables: TestTables;
let payments: PaymentStore;
let disputes: DisputeStore;
let journal: JournalStore;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, names, firstEpoch);
  disputes = new DisputeStore(tables.client, names, firstEpoch);
  journal = new JournalStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

let made = 0;

/** A captured payment that is stored, under an id of its own. */
async function stored(book = demo): Promise<Payment> {
  made += 1;
  const id = paymentIdOf({ book, route: "dispute-store", idempotencyKey: `key-${made}` });
  const standing = { state: "captured", authorization: exampleAuthorization } as const;
  const payment: Payment = {
    ...examplePayment({ ...standing, captured: 100_00n, refunded: 0n }),
    ...{ book, id },
  };
  await payments.create(payment);
  return payment;
}

function opening(of: Payment, reference = `case-${made}`, now = noon): DisputeChange {
  const told = {
    ...{ book: of.book, payment: of.id, acquirer: "alpha", reference, amount: 40_00n, currency: "USD" },
    ...{ reason: "fraudulent", at: noon },
  };
  const after = valued(openDispute(of, told, now));
  return { after, journal: entryRecord(valued(chargebackEntry(after, recorder))) };
}

async function opened(of?: Payment, reference?: string): Promise<Dispute> {
  const change = opening(of ?? (await stored()), reference);
  expect(await disputes.commitDispute(change)).toEqual({ kind: "applied", dispute: change.after });
  return change.after;
}

const won = (before: Dispute, now = noon + minute): DisputeChange => ({
  before,
  after: evolveDispute(before, { type: "decided", outcome: "won" }, now),
  journal: entryRecord(valued(chargebackWonEntry(before, recorder))),
});
const moves = (before: Dispute, fact: DisputeFact): DisputeChange => ({
  before,
  after: evolveDispute(before, fact, noon + minute),
});

const entriesOf = ({ book, payment, id }: Dispute) =>
  journal.find(book, [
    disputeEntryId(payment, "chargeback", id),
    disputeEntryId(payment, "chargeback_won", id),
  ]);

describe("a dispute", () => {
  test("is written with its chargeback, and read as it was written", async () => {
    const dispute = await opened();
    expect(await disputes.get(demo, dispute.id)).toEqual(dispute);
    expect(await entriesOf(dispute)).toMatchObject([{ type: "entry", entry: { forced: true } }]);
  });

  test("opened again is the one that is there, whoever tells of it and however often", async () => {
    const payment = await stored();
    const dispute = await opened(payment);
    const again = opening(payment, dispute.reference, noon + day);
    expect(await disputes.commitDispute(again)).toMatchObject({
      kind: "applied",
      dispute: { createdAt: noon },
    });
    await disputes.commitDispute(moves(dispute, { type: "accepted" }));
    expect(await disputes.commitDispute(again)).toMatchObject({
      kind: "superseded",
      current: { state: "lost", version: 2 },
    });
    expect(await entriesOf(dispute)).toHaveLength(1);
  });

  test("is opened at once, whatever its payment does meanwhile: nothing that it goes by changes", async () => {
    const payment = await stored();
    const change = opening(payment);
    const after = evolve(
      payment,
      { type: "settled", authorization: exampleAuthorization, released: 97_10n },
      noon,
    );
    await payments.commit({ before: payment, after });
    expect(await disputes.commitDispute(change)).toMatchObject({ kind: "applied" });
    expect(opening(after)).toEqual(change);
  });

  test("moves from the version that was decided on, and from no other", async () => {
    const dispute = await opened();
    const given = moves(dispute, {
      type: "evidence_given",
      texts: { text: "t", fields: {} },
      fingerprint: "f",
    });
    expect(await disputes.commitDispute(given)).toMatchObject({ kind: "applied" });
    // The same write again, whose first reply was lost.
    expect(await disputes.commitDispute(given)).toMatchObject({ kind: "applied" });
    expect(await disputes.commitDispute(moves(dispute, { type: "overdue" }))).toMatchObject({
      kind: "superseded",
      current: { state: "needs_response", version: 2 },
    });
  });

  test("is returned once, whoever hears of its end", async () => {
    const dispute = await opened();
    const ends = await Promise.all(
      [1, 2, 3].map((n) => disputes.commitDispute(won(dispute, noon + n * minute))),
    );
    expect(ends.map(({ kind }) => kind)).toEqual(["applied", "applied", "applied"]);
    expect(await entriesOf(dispute)).toHaveLength(2);
    expect(await disputes.get(demo, dispute.id)).toMatchObject({ state: "won", version: 2 });
  });

  test("is found from its payment, and in its merchant's list, the newest first; and nowhere else", async () => {
    const book = "mer_list" as Book;
    const payment = await stored(book);
    const all = [
      await opened(payment, "a"),
      await opened(payment, "b"),
      await opened(await stored(book), "c"),
    ];
    const idsOf = (those: readonly Dispute[]) => those.map(({ id }) => id).toSorted();
    expect(idsOf(await disputes.ofPayment(book, payment.id))).toEqual(idsOf(all.slice(0, 2)));
    expect(await disputes.ofPayment(demo, payment.id)).toEqual([]);
    const first = await disputes.list(book, { limit: 2 });
    const rest = await disputes.list(book, { limit: 2, before: first.next ?? "" });
    expect(idsOf([...first.disputes, ...rest.disputes])).toEqual(idsOf(all));
    expect(rest.next).toBeUndefined();
    expect((await payments.list(book, { limit: 10 })).payments).toHaveLength(2);
    expect(await disputes.get(demo, all[0]?.id ?? ("" as Dispute["id"]))).toBeUndefined();
  });

  test("whose entry came over before a failover, and which did not itself, follows it", async () => {
    const payment = await stored();
    const change = opening(payment);
    // The journal's half of what the lost region wrote.
    await disputes.commitDispute(change);
    const { after } = change;
    const { pk, sk } = { pk: `${demo}#${after.id}`, sk: "dispute" };
    const { DeleteItemCommand } = await import("@aws-sdk/client-dynamodb");
    await tables.client.send(
      new DeleteItemCommand({ TableName: "payments", Key: { pk: { S: pk }, sk: { S: sk } } }),
    );
    const later = new DisputeStore(tables.client, names, 2 as Epoch);
    expect(await later.commitDispute(change)).toMatchObject({ kind: "applied" });
    expect(await later.get(demo, after.id)).toEqual(after);
    // Within an epoch that cannot be: what is in the way would be a mistake of ours.
    await tables.client.send(
      new DeleteItemCommand({ TableName: "payments", Key: { pk: { S: pk }, sk: { S: sk } } }),
    );
    await expect(disputes.commitDispute(change)).rejects.toThrow("the journal is not ahead");
  });
});

describe("what a merchant was settled", () => {
  const book = "mer_settled" as Book;
  const id = `${book}:2110:USD` as AccountId;

  async function account(more: Partial<Account>): Promise<void> {
    const item = guardedAccountItem({
      ...{ id, book, currency: "USD", normalSide: "credit", condition: "open", minAvailable: 0n },
      ...noCounters,
      ...more,
    });
    await tables.client.send(new PutItemCommand({ TableName: "ledger", Item: item }));
  }
  async function read(of = book) {
    const { Items = [] } = await tables.client.send(
      new QueryCommand({
        TableName: "ledger",
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: `${of}#account#${of}:2110:USD` } },
      }),
    );
    return storedAccount(Items[0] ?? {});
  }

  test("is charged back and returned beyond its limits, also of a frozen account", async () => {
    await account({ creditsPosted: 10_00n, condition: "frozen", maxBalance: 5_00n });
    const dispute = await opened(await stored(book));
    expect(await read()).toMatchObject({ debitsPosted: 40_00n, debitRoom: -30_00n });
    expect(await disputes.commitDispute(won(dispute))).toMatchObject({ kind: "applied" });
    expect(await read()).toMatchObject({ creditsPosted: 50_00n, debitRoom: 10_00n });
  });

  test("below its limit is no finding by as much as was forced, and one by more", async () => {
    await account({});
    const dispute = await opened(await stored(book));
    const record = entryRecord(valued(chargebackEntry(dispute, recorder)));
    const stands = await read();
    expect(checkAccounts({ accounts: [stands], journal: [record] })).toEqual([]);
    const torn = { ...stands, debitRoom: stands.debitRoom - 1n };
    expect(checkAccounts({ accounts: [torn], journal: [record] })).toMatchObject([{ invariant: "guarded" }]);
  });

  test("is charged back where there is no such account yet: it is opened, and stands below nothing", async () => {
    const other = await stored("mer_without" as Book);
    expect(await disputes.commitDispute(opening(other))).toMatchObject({ kind: "applied" });
    expect(await read(other.book)).toMatchObject({ debitsPosted: 40_00n, debitRoom: -40_00n });
    expect(await disputes.ofPayment(other.book, other.id)).toHaveLength(1);
  });
});

test("an item of a dispute says what it is about, and what people wrote is in one attribute", async () => {
  const dispute = await opened();
  const texts = { text: "signed by Ann Example", fields: {} };
  await disputes.commitDispute(moves(dispute, { type: "evidence_given", texts, fingerprint: "f" }));
  const { Items = [] } = await tables.client.send(
    new QueryCommand({
      TableName: "payments",
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `${demo}#${dispute.id}` } },
    }),
  );
  const { evidence, ...rest } = unmarshall(Items[0] ?? {});
  expect(evidence).toEqual(texts);
  expect(JSON.stringify(rest)).not.toContain("Ann");
});
