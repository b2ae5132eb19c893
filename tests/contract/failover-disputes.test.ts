import { DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Epoch, firstEpoch } from "#adapters/dynamodb/fence.ts";
import { disputeKey, disputeNoteKey, entryKey, type Key } from "#adapters/dynamodb/keys.ts";
import { openDispute } from "#core/disputes/decide.ts";
import { type Dispute, evolveDispute } from "#core/disputes/dispute.ts";
import { disputeEntryId } from "#core/disputes/ids.ts";
import { chargebackEntry, chargebackWonEntry } from "#core/disputes/postings.ts";
import type { Book } from "#core/ledger/account.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { checkDisputeNotes, checkDisputes } from "#core/proof/disputes.ts";
import { day, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { bookOf, promote, storesOf } from "#tests/support/torn-books.ts";
import { valued } from "#tests/support/valued.ts";

/** What a failover makes of disputes of which a part did not arrive. */

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const recorder = { now: noon, execution: "run-1" };
let made = 0;

/** A dispute in a book of its own, open or won, as the region that is lost has written it. */
async function written(
  state: "needs_response" | "won",
  at: number = noon,
): Promise<{ book: Book; dispute: Dispute }> {
  made += 1;
  const book = `mer_lost_${made}` as Book;
  const { payments, disputes } = storesOf(tables.client, firstEpoch);
  const id = paymentIdOf({ book, route: "failover", idempotencyKey: "k" });
  const standing = {
    state: "captured",
    authorization: exampleAuthorization,
    captured: 100_00n,
    refunded: 0n,
  } as const;
  const of: Payment = { ...examplePayment(standing), book, id };
  await payments.create(of);
  const told = { book, payment: id, acquirer: "alpha", reference: `case-${made}`, amount: 40_00n };
  const opened = valued(openDispute(of, { ...told, currency: "USD", reason: "fraudulent", at }, at));
  await disputes.commitDispute({
    after: opened,
    journal: entryRecord(valued(chargebackEntry(opened, recorder))),
  });
  if (state === "needs_response") return { book, dispute: opened };
  const after = evolveDispute(opened, { type: "decided", outcome: "won" }, noon + minute);
  const journal = entryRecord(valued(chargebackWonEntry(opened, recorder)));
  await disputes.commitDispute({ before: opened, after, journal });
  return { book, dispute: after };
}

const lose = (TableName: "payments" | "ledger", { pk, sk }: Key) =>
  tables.client.send(new DeleteItemCommand({ TableName, Key: marshall({ pk, sk }) }));

async function findings(book: Book) {
  const { payments, disputes, disputeNotes, journal } = await bookOf(tables.client, book);
  return [...checkDisputes({ payments, disputes, journal }), ...checkDisputeNotes(disputes, disputeNotes)];
}

describe("a dispute", () => {
  test("that is open is looked after in the region that takes over, and one that is over is not", async () => {
    // Long before what the lost region wrote last.
    const open = await written("needs_response", noon - day);
    const won = await written("won");
    const { disputes } = await promote(tables.client, 2 as Epoch, open.book);
    expect(disputes).toContain(open.dispute.id);
    expect(disputes).not.toContain(won.dispute.id);
    expect(await findings(open.book)).toEqual([]);
    const stale = storesOf(tables.client, firstEpoch).disputes;
    const after = evolveDispute(open.dispute, { type: "accepted" }, noon + minute);
    await expect(stale.commitDispute({ before: open.dispute, after })).rejects.toMatchObject({
      name: "WriterFenced",
    });
  });

  test.each(["chargeback", "chargeback_won"] as const)(
    "whose %s did not arrive has it again, as it was written",
    async (kind) => {
      const { book, dispute } = await written("won");
      await lose("ledger", entryKey(book, disputeEntryId(dispute.payment, kind, dispute.id)));
      expect(await findings(book)).toHaveLength(1);
      await promote(tables.client, 2 as Epoch, book);
      expect(await findings(book)).toEqual([]);
    },
  );

  test("is found from its payment again", async () => {
    const { book, dispute } = await written("won");
    await lose("payments", disputeNoteKey(book, dispute.payment, dispute.id));
    await promote(tables.client, 2 as Epoch, book);
    expect(await findings(book)).toEqual([]);
  });

  test("that did not arrive itself is told to a person by its entry", async () => {
    const { book, dispute } = await written("needs_response");
    await lose("payments", disputeKey(book, dispute.id));
    const { letters } = await promote(tables.client, 2 as Epoch, book);
    expect(letters).toContainEqual(
      expect.stringContaining(`${dispute.id} of ${dispute.payment} did not arrive`),
    );
  });
});
