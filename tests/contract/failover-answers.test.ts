import { DeleteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId, JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord } from "#core/ledger/journal.ts";
import type { UserEntryId } from "#core/ledger/user-entry.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { paymentView, refundView } from "#core/payments/view.ts";
import { type Answer, answer } from "#functions/api/http/answer.ts";
import { tagOf } from "#functions/api/http/precondition.ts";
import { entryView, standingEntries } from "#functions/api/ledger-api/views.ts";
import { takeAnswers } from "#functions/tasks/failover/answers-page.ts";
import { examplePayment, exampleRefund, minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { ToldAnswers } from "#tests/support/told-answers.ts";
import { Minute, storesOf } from "#tests/support/torn-books.ts";

/** What the API has answered, beside what arrived of what it speaks of. */

const book = "mer_told" as Book;

let tables: TestTables;
let told: ToldAnswers;
/** What arrived: a payment that is authorized, a refund that is held, an entry, and a hold with its end. */
let payment: Payment;
let refund: Refund;
let entry: JournalRecord;
let ended: readonly JournalRecord[];

beforeAll(async () => {
  tables = await startTables();
  told = new ToldAnswers(tables.client, book);
  const stores = storesOf(tables.client, firstEpoch);
  const made = new Minute(stores, book);
  await made.openAccounts();
  payment = await made.authorize(await made.create({ capture: "manual" }));
  const captured = await made.capture(await made.authorize(await made.create()));
  ({ refund } = await made.holdRefund(await made.beginRefund(captured, 10_00n)));
  const [posted, hold] = [await made.entry(5n), await made.entry(7n, "pending")];
  await made.postEntry(hold);
  [entry] = (await stores.journal.find(book, [posted])) as [JournalRecord];
  ended = await stores.journal.find(book, [hold]);
});
afterAll(() => tables.stop());
afterEach(async () => {
  for (const { pk = { S: "" }, sk = { S: "" } } of await kept())
    await tables.client.send(new DeleteItemCommand({ TableName: "idempotency", Key: { pk, sk } }));
});

const kept = async () =>
  (await tables.client.send(new ScanCommand({ TableName: "idempotency" }))).Items ?? [];

async function take(since = noon): Promise<{ readonly found: string[]; readonly stays: boolean }> {
  const found: string[] = [];
  const where = {
    ...{ segment: 0, segments: 1, cursor: null, since, began: noon, execution: "failover" },
  };
  const names = { idempotency: "idempotency", payments: "payments", ledger: "ledger" };
  await takeAnswers({ client: tables.client, tables: names }, where, undefined, async ({ subject, what }) => {
    found.push(`${subject} ${what}`);
  });
  return { found, stays: (await kept()).length > 0 };
}

const shown = (status: number, of: Payment) => answer(status, paymentView(of), { etag: tagOf(of.version) });
const shownRefund = (status: number, of: Refund) =>
  answer(status, refundView(of), { etag: tagOf(of.version) });
const shownEntry = (status: number, records: readonly JournalRecord[], at = noon) => {
  const [standing] = standingEntries(records).values();
  if (standing === undefined) throw new Error("an entry is shown");
  return answer(status, entryView(standing, at));
};
const entryOf = (record: JournalRecord | undefined): JournalEntry => {
  if (record?.type !== "entry") throw new Error("it is an entry");
  return record.entry;
};
/** An entry as it was answered, under an id that is in no journal. */
const lostEntry = (id: string, more: Partial<JournalEntry> = {}) =>
  entryRecord({ ...entryOf(entry), id: id as UserEntryId, ...more } as JournalEntry);
const batch = (...records: readonly JournalRecord[]) =>
  answer(201, {
    object: "ledger_batch",
    entries: records.map((record) => JSON.parse(shownEntry(201, [record]).json)),
    result: "created",
  });

describe("an answer goes, and a person is told, where it says", () => {
  test.each<[what: string, said: () => Answer, found: () => string[]]>([
    [
      "that a payment began which did not arrive",
      () => shown(202, { ...examplePayment(), book }),
      () => [`${examplePayment().id} was answered to ${book} as made, and did not arrive`],
    ],
    [
      "that a payment was captured, of which an earlier version arrived",
      () => shown(200, { ...payment, version: payment.version + 2 }),
      () => [`${payment.id} was answered to ${book} as version 4, and arrived as version 2`],
    ],
    [
      "that a refund began which did not arrive",
      () => shownRefund(202, exampleRefund()),
      () => [`${exampleRefund().id} was answered to ${book} as made, and did not arrive`],
    ],
    [
      "that a refund succeeded, of which an earlier version arrived",
      () => shownRefund(201, { ...refund, state: "succeeded", version: refund.version + 1 } as Refund),
      () => [`${refund.id} was answered to ${book} as version 3, and arrived as version 2`],
    ],
    [
      "that there is an entry which did not arrive",
      () => shownEntry(200, [lostEntry("je_gone")]),
      () => [`je_gone was answered to ${book} as made, and did not arrive`],
    ],
    [
      "that a hold was posted, whose end did not arrive",
      () => shownEntry(200, [lostEntry(entryOf(entry).id, { state: "pending" }), endOf(entryOf(entry).id)]),
      () => [
        `${entryOf(entry).id} was answered to ${book} as posted, and the end of its hold did not arrive`,
      ],
    ],
    [
      "that an entry was reversed, whose correction did not arrive",
      () => shownEntry(201, [lostEntry(`${entryOf(entry).id}.reversal.1`, { reverses: entryOf(entry).id })]),
      () => [`${entryOf(entry).id}.reversal.1 was answered to ${book} as made, and did not arrive`],
    ],
    [
      "that a batch was recorded, of which an entry did not arrive",
      () => batch(entry, lostEntry("je_gone"), lostEntry("je_gone_too")),
      () => [
        `je_gone was answered to ${book} as made, and did not arrive`,
        `je_gone_too was answered to ${book} as made, and did not arrive`,
      ],
    ],
  ])("%s", async (_what, said, found) => {
    await told.tell(said());
    const came = await take();
    expect(came).toEqual({ found: found().map((text) => expect.stringContaining(text)), stays: false });
  });
});

describe("an answer stays where it says", () => {
  test.each<[what: string, said: () => Answer]>([
    ["what arrived of a payment", () => shown(201, payment)],
    ["an earlier version of a payment", () => shown(202, { ...payment, version: 1 })],
    ["what arrived of a refund", () => shownRefund(202, refund)],
    ["an entry that arrived", () => shownEntry(201, [entry])],
    ["that a hold was posted, and its end arrived", () => shownEntry(200, ended)],
    ["that a hold has expired by time alone", () => shownEntry(200, ended.slice(0, 1), noon + 600 * minute)],
    ["that a batch was recorded which arrived", () => batch(entry)],
    ["that nothing was made", () => shownEntry(422, [lostEntry("je_gone")])],
    ["what is in no book", () => answer(200, { object: "list", data: [] })],
  ])("%s", async (_what, said) => {
    await told.tell(said());
    expect(await take()).toEqual({ found: [], stays: true });
  });

  test("what was said before anything was torn", async () => {
    await told.tell(shownEntry(201, [lostEntry("je_gone")]));
    expect(await take(Date.now() + minute)).toEqual({ found: [], stays: true });
  });
});

function endOf(hold: EntryId): JournalRecord {
  const [, end] = ended;
  if (end?.type !== "resolution") throw new Error("it is the end of a hold");
  return { type: "resolution", resolution: { ...end.resolution, hold } };
}
