import { cpus, loadavg } from "node:os";
import { BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { openedItem } from "#adapters/dynamodb/account-store.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { type Epoch, firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { paymentItem } from "#adapters/dynamodb/payment-codec.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { postingItem } from "#adapters/dynamodb/posting-codec.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { StoredItem } from "#adapters/dynamodb/stored.ts";
import { PaymentStamps, TakeOver } from "#adapters/dynamodb/takeover.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book, UserAccountId } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord, movements, resolutionRecord } from "#core/ledger/journal.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import { captureResolution, holdEntry } from "#core/payments/postings.ts";
import { takeAccounts } from "#functions/tasks/failover/accounts-page.ts";
import { recountFolds } from "#functions/tasks/failover/folds-page.ts";
import { takeJournal } from "#functions/tasks/failover/journal-page.ts";
import { goThrough, type Page } from "#functions/tasks/failover/pass.ts";
import { takePayments } from "#functions/tasks/failover/payments-page.ts";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { startTables } from "#tests/support/tables.ts";

/**
 * What each pass of a failover gets through in a second, in one segment, against the emulator: a third of the payments in
 * flight, a third held, a third captured, and accounts with ten postings each. `node bench/failover.ts [payments [accounts]]`.
 */

const paymentsMade = Number(process.argv[2] ?? 6_000);
const accountsMade = Number(process.argv[3] ?? 1_000);
const postingsEach = 10;
const batchWriteMax = 25;
const writesAtOnce = 4;
const book = "mer_bench" as Book;
const names = { payments: "payments", ledger: "ledger" };
const epoch = parseEpoch("2");

const tables = await startTables();
const { client } = tables;

async function writeAll(table: string, items: readonly StoredItem[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(items.length / batchWriteMax) }, (_, n) =>
    items.slice(n * batchWriteMax, (n + 1) * batchWriteMax),
  ).values();
  const lane = async () => {
    for (const batch of batches) {
      const RequestItems = { [table]: batch.map((item) => ({ PutRequest: { Item: { ...item } } })) };
      await client.send(new BatchWriteItemCommand({ RequestItems }));
    }
  };
  await Promise.all(Array.from({ length: writesAtOnce }, lane));
}

const stamped = (item: StoredItem, of: Epoch = firstEpoch): StoredItem => ({
  ...item,
  epoch: { N: String(of) },
});
const journalOf = (records: readonly JournalRecord[]) =>
  records.map((record) => stamped(marshall(journalItem(record))));

function paymentItems(n: number): { readonly payment: StoredItem; readonly journal: readonly StoredItem[] } {
  const id = paymentIdOf({ book, route: "bench", idempotencyKey: `${n}` });
  const created = { ...examplePayment(), book, id };
  if (n % 3 === 0) return { payment: stamped(paymentItem(created)), journal: [] };
  const authorization = exampleAuthorization;
  const manual = { ...created, capture: n % 3 === 1 ? ("manual" as const) : ("automatic" as const) };
  const hold = holdEntry(manual, authorization, { now: noon, execution: "bench" });
  const held = evolve(manual, { type: "authorized", authorization }, noon);
  const recorder = { now: noon + minute, execution: "bench" };
  const { amount } = manual.total;
  const capture = captureResolution(held, authorization, amount, recorder);
  invariant(hold.ok && capture.ok, "the saga's postings are well-formed");
  if (n % 3 === 1)
    return { payment: stamped(paymentItem(held)), journal: journalOf([entryRecord(hold.value)]) };
  const captured = evolve(held, { type: "captured", authorization, amount }, recorder.now);
  return {
    payment: stamped(paymentItem(captured)),
    journal: journalOf([entryRecord(hold.value), resolutionRecord(capture.value)]),
  };
}

/** An account that nobody has counted yet, and what has moved it. */
function accountItems(n: number): StoredItem[] {
  const ids = [`acc_${n}`, `acc_${n}_other`] as UserAccountId[];
  const [id = "" as UserAccountId, other = "" as UserAccountId] = ids;
  const opened = ids.map((each) =>
    stamped(
      openedItem({
        ...{
          id: each,
          book,
          name: each,
          currency: "USD",
          normalSide: "credit",
          metadata: {},
          openedAt: noon,
        },
      }),
    ),
  );
  const posted = Array.from({ length: postingsEach }, (_, k) => {
    const record = entryRecord({
      ...{
        id: `je_${n}_${k}` as EntryId,
        book,
        state: "posted",
        effectiveAt: noon,
        recordedAt: noon,
        execution: "bench",
      },
      legs: [debit(other, 1n, "USD"), credit(id, 1n, "USD")],
    });
    const notes = [...movements(record)].map(([account, moved]) =>
      stamped(marshall(postingItem(book, account as UserAccountId, moved, record))),
    );
    return [...journalOf([record]), ...notes];
  });
  return [...opened, ...posted.flat()];
}

const takeOver = new TakeOver(client, names, epoch);
const journal = new JournalStore(client, names.ledger);
const send = async () => undefined;
const common = { client, takeOver, journal };
const passes: readonly (readonly [name: string, page: Page, of: number, what: string])[] = [
  [
    "TakePayments",
    (where, cursor, keep) =>
      takePayments(
        {
          ...{ ...common, table: names.payments, checks: { send }, now: Date.now },
          stamps: new PaymentStamps(client, names.payments, epoch),
          payments: new PaymentStore(client, names, epoch),
          refunds: new RefundStore(client, names, epoch),
          disputes: new DisputeStore(client, names, epoch),
        },
        where,
        cursor,
        keep,
      ),
    paymentsMade,
    "payments",
  ],
  [
    "TakeJournal",
    (where, cursor, keep) => takeJournal({ ...common, tables: names }, where, cursor, keep),
    0,
    "items",
  ],
  [
    "TakeAccounts",
    (where, cursor, keep) =>
      takeAccounts(
        { ...common, table: names.ledger, postings: new PostingStore(client, names.ledger) },
        where,
        cursor,
        keep,
      ),
    2 * accountsMade,
    "accounts",
  ],
  [
    "RecountFolds",
    recountFolds({ takeOver, folds: new FoldStore(client, names.ledger, epoch), books: async () => [book] }),
    0,
    "records",
  ],
];

const [{ model } = { model: "unknown" }] = cpus();
console.log(
  `machine  ${cpus().length} × ${model}, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}`,
);
try {
  const made = Array.from({ length: paymentsMade }, (_, n) => paymentItems(n));
  await writeAll(
    names.payments,
    made.map(({ payment }) => payment),
  );
  await writeAll(
    names.ledger,
    made.flatMap((each) => each.journal),
  );
  await writeAll(names.ledger, Array.from({ length: accountsMade }, (_, n) => accountItems(n)).flat());
  const letters = { keep: async () => undefined };
  for (const [name, page, of, what] of passes) {
    const where = { segment: 0, segments: 1, cursor: null, since: noon - 1, began: noon, execution: "bench" };
    const startedMs = performance.now();
    const { read, changed, torn } = await goThrough(page, letters, where, () => true);
    const seconds = (performance.now() - startedMs) / 1_000;
    const done = of === 0 ? read : of;
    console.log(
      `${name.padEnd(14)} ${done} ${what} in ${seconds.toFixed(1)} s: ${Math.round(done / seconds)}/s (${changed} written, ${torn} torn)`,
    );
  }
} finally {
  await tables.stop();
}
