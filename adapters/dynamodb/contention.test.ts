import {
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, test } from "vitest";
import type { Book, UserAccountId } from "#core/ledger/account.ts";
import { examplePayment } from "#tests/support/examples.ts";
import { AccountStore } from "./account-store.ts";
import { openAvailable } from "./available-account.ts";
import { firstEpoch } from "./fence.ts";
import { PaymentStore } from "./payment-store.ts";
import { transact } from "./transact.ts";

const metadata = { message: "scripted", $metadata: {} };
const conflict = new TransactionConflictException(metadata);
const canceled = (...codes: string[]) =>
  new TransactionCanceledException({ ...metadata, CancellationReasons: codes.map((Code) => ({ Code })) });

const account = marshall({
  ...{ pk: "mer_demo#account#acc_a", currency: "USD", normal_side: "credit", condition: "frozen" },
  ...{ debits_posted: 0, debits_pending: 0, credits_posted: 0, credits_pending: 0 },
});

/** A client whose calls end as the script says, in order, and then well. */
function scripted(...ends: readonly Error[]) {
  let calls = 0;
  const send = async () => {
    const end = ends[calls];
    calls += 1;
    if (end !== undefined) throw end;
    return { Attributes: account };
  };
  return { client: { send } as unknown as DynamoDBClient, calls: () => calls };
}

describe("a transaction", () => {
  // biome-ignore format: a table is read in rows
  test.each([
    { first: ["None", "TransactionConflict"],                           tries: 2, ends: { written: true } },
    // What failed behind an item that nobody looked at may be this very write's own work.
    { first: ["TransactionConflict", "ConditionalCheckFailed"],         tries: 2, ends: { written: true } },
    { first: ["None", "TransactionConflict", "ConditionalCheckFailed"], tries: 2, ends: { written: true } },
    { first: ["ConditionalCheckFailed", "TransactionConflict"],         tries: 1, ends: { written: false } },
    { first: ["None", "None", "ConditionalCheckFailed"],                tries: 1, ends: { written: false } },
  ])("that was canceled for $first is sent $tries times", async ({ first, tries, ends }) => {
    const { client, calls } = scripted(canceled(...first));
    expect(await transact(client, firstEpoch, [])).toMatchObject(ends);
    expect(calls()).toBe(tries);
  });

  test.each([
    [["ThrottlingError", "ConditionalCheckFailed"]],
    [["None", "ProvisionedThroughputExceeded"]],
    [[]],
  ])("that was canceled for %j is not known to be refused", async (codes) => {
    const { client } = scripted(canceled(...codes));
    await expect(transact(client, firstEpoch, [])).rejects.toMatchObject({ name: "StoreUnavailable" });
  });

  test("that always meets another is contention, and never a refusal", async () => {
    const { client, calls } = scripted(...Array.from({ length: 6 }, () => canceled("TransactionConflict")));
    await expect(transact(client, firstEpoch, [])).rejects.toMatchObject({ name: "StoreContention" });
    expect(calls()).toBe(6);
  });
});

const create = (client: DynamoDBClient) =>
  new PaymentStore(client, { payments: "p" }, firstEpoch).create(examplePayment());
const freeze = (client: DynamoDBClient) =>
  new AccountStore(client, "l", firstEpoch).change(
    "mer_demo" as Book,
    "acc_a" as UserAccountId,
    "frozen",
    undefined,
  );
const openAccount = async (client: DynamoDBClient) => {
  await openAvailable(client, "l", firstEpoch, { book: "mer_demo" as Book, currency: "USD" });
  return { kind: "opened" };
};

describe.each<{ what: string; write: (client: DynamoDBClient) => Promise<unknown>; ends: object }>([
  { what: "a payment's put", write: create, ends: { kind: "created" } },
  { what: "the freezing of an account", write: freeze, ends: { kind: "changed" } },
  { what: "the opening of what is available", write: openAccount, ends: { kind: "opened" } },
])("$what", ({ write, ends }) => {
  test("outwaits the transaction that holds its item", async () => {
    const { client, calls } = scripted(conflict, conflict);
    expect(await write(client)).toMatchObject(ends);
    expect(calls()).toBe(3);
  });

  test("that always meets one is contention", async () => {
    const { client } = scripted(...Array.from({ length: 6 }, () => conflict));
    await expect(write(client)).rejects.toMatchObject({ name: "StoreContention" });
  });
});
