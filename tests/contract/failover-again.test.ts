import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import type { Book } from "#core/ledger/account.ts";
import { Replication } from "#tests/support/replication.ts";
import { clientOptions, startTables, type TestTables } from "#tests/support/tables.ts";
import { ToldAnswers } from "#tests/support/told-answers.ts";
import { type Dying, Minute, promote, storesOf } from "#tests/support/torn-books.ts";

/** A call of a pass that ends at any moment: what it found and had not told is found by the call that follows. */

const book = "mer_again" as Book;
const secondEpoch = parseEpoch("2");
const longMs = 240_000;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const writes = ["PutItemCommand", "UpdateItemCommand", "DeleteItemCommand", "TransactWriteItemsCommand"];

/** A process that is gone before its n-th write, and does nothing after it. */
function dyingBefore(n: number): Dying {
  const client = new DynamoDBClient({ ...clientOptions, endpoint: tables.endpoint });
  let written = 0;
  const sent: Promise<unknown>[] = [];
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        if (writes.includes(commandName)) written += 1;
        if (written >= n) throw new Error("the process is gone");
        const answer = next(args);
        sent.push(answer);
        return answer;
      },
    { step: "initialize" },
  );
  return { client, landed: () => Promise.allSettled(sent) };
}

/** Something of everything that a failover cannot decide. */
async function tornMinute(): Promise<{
  readonly tear: () => Promise<void>;
  readonly subjects: readonly string[];
}> {
  const minute = new Minute(storesOf(tables.client, firstEpoch), book, new ToldAnswers(tables.client, book));
  const replication = new Replication(tables.client, book);
  const seen = async <Value>(step: Promise<Value>): Promise<Value> => {
    const value = await step;
    await replication.look();
    return value;
  };
  const captured = async () =>
    seen(minute.capture(await seen(minute.authorize(await seen(minute.create())))));
  await minute.openAccounts();
  await replication.look();
  const funding = await seen(minute.entry(500n));
  await seen(minute.pay(200n));
  const hold = await seen(minute.entry(50n, "pending"));
  await seen(minute.postEntry(hold));
  const lostPayment = await captured();
  const lostVersion = await seen(minute.authorize(await seen(minute.create({ capture: "manual" }))));
  const lostRefund = await seen(minute.beginRefund(await captured(), 30_00n));
  const orphan = await seen(minute.beginRefund(await captured(), 20_00n));
  const arrivals: readonly (readonly [part: string, versions: number])[] = [
    [` ${funding}`, 0],
    [`${hold}#resolution`, 0],
    ["#account#acc_float", 0],
    [`${lostPayment.id} payment`, 0],
    // Not even its hold: the acquirer is asked.
    [`${lostVersion.id} payment`, 1],
    [`je_${lostVersion.id}.authorize`, 0],
    [`${lostRefund.refund.id} refund`, 0],
    [`${orphan.payment.id} payment`, 0],
  ];
  const tear = () =>
    replication.leave((key, versions) => arrivals.find(([part]) => key.includes(part))?.[1] ?? versions);
  const subjects = [
    ...[funding, hold, "acc_float", "acc_alice is 200 beyond its limit", lostPayment.id, lostVersion.id],
    ...[lostRefund.refund.id, orphan.refund.id, orphan.payment.id],
  ];
  return { tear, subjects };
}

test(
  "a call that ends at any write is made again, and whatever was found is told, and told once",
  async () => {
    const { tear, subjects } = await tornMinute();
    await tear();
    const found = async (dying?: Dying) => {
      const { letters, answered, died } = await promote(tables.client, secondEpoch, book, dying);
      return { told: [...letters, ...answered].toSorted(), died };
    };
    const whole = await found();
    for (const subject of subjects)
      expect(whole.told, subject).toContainEqual(expect.stringContaining(subject));

    for (let n = 1; ; n += 1) {
      await tear();
      const dying = dyingBefore(n);
      const { told, died } = await found(dying);
      dying.client.destroy();
      expect(told, `gone before write ${n}`).toEqual(whole.told);
      if (!died) {
        expect(n).toBeGreaterThan(whole.told.length);
        return;
      }
    }
  },
  longMs,
);
