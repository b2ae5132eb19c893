import { type DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { type Account, type AccountId, noCounters } from "#core/ledger/account.ts";
import { credit, debit, type Hold } from "#core/ledger/entry.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postHold, voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, sagaEntryId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change } from "#core/payments/ports.ts";
import { demo, exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { Random } from "../random.ts";
import { type Command, refusalOf } from "./client.ts";
import type { Item } from "./expression.ts";
import { Tables } from "./tables.ts";

/** The simulated tables against the DynamoDB that the local system runs on: what the store is told must be the same. */

const steps = 600;
const keys = 150;

let engine: TestTables;
beforeAll(async () => {
  engine = await startTables();
});
afterAll(() => engine.stop());

/** The simulated tables behind `send`, without time and faults. */
function clientOf(tables: Tables): DynamoDBClient {
  const send = async (command: Command) => {
    if (!(command instanceof PutItemCommand) && "TransactItems" in command.input) {
      const begun = tables.begin(command.input, { state: "new" }, (reasons) => reasons);
      const reply = "reply" in begun ? begun.reply : begun.commit();
      const refusal = refusalOf(reply, (reasons) => reasons);
      if (refusal !== undefined) throw refusal;
      return {};
    }
    if (!(command instanceof PutItemCommand)) throw new Error("nothing is read here");
    const refusal = refusalOf(tables.put(command.input), (reasons) => reasons);
    if (refusal !== undefined) throw refusal;
    return {};
  };
  return { send } as unknown as DynamoDBClient;
}

const account = (id: string, more: Partial<Account>): Account => ({
  ...noCounters,
  id: id as AccountId,
  book: demo,
  currency: "USD",
  normalSide: "credit",
  condition: "open",
  ...more,
});

const accounts = [
  account("acc_rich", { creditsPosted: 100_000n, minAvailable: 0n }),
  account("acc_poor", { creditsPosted: 20n, minAvailable: 0n }),
  account("acc_small", { maxBalance: 60n }),
  account("acc_frozen", { condition: "frozen" }),
];
/** One of them does not exist. */
const accountIds = [...accounts.map(({ id }) => id), "acc_missing" as AccountId];

function holdOf(payment: Payment, random: Random): Hold {
  const amount = BigInt(random.between(1, 40));
  const currency: Currency = random.chance(0.1) ? "EUR" : "USD";
  const from = random.pick(accountIds);
  const to = random.pick(accountIds.filter((id) => id !== from));
  return {
    id: sagaEntryId(payment.id, "authorize"),
    book: demo,
    state: "pending",
    legs: [debit(from, amount, currency), credit(to, amount, currency)],
    effectiveAt: noon,
    recordedAt: noon,
    execution: "conformance",
  };
}

/** A change to some version that the payment has, had, or will have: many are refused. */
function drawChange(known: { payment: Payment; hold: Hold }, random: Random): Change {
  const { payment, hold } = known;
  const authorized = evolve(payment, { type: "authorized", authorization: exampleAuthorization }, noon);
  if (authorized.state !== "authorized") throw new Error("unreachable");
  const amount = 1n;
  switch (random.pick(["hold", "hold", "decline", "post", "void"] as const)) {
    case "hold":
      return { before: payment, after: authorized, journal: entryRecord(hold) };
    case "decline":
      return {
        before: payment,
        after: evolve(payment, { type: "declined", acquirer: "alpha", code: "do_not_honor" }, noon),
      };
    case "post": {
      const id = sagaEntryId(payment.id, "capture");
      const posted = postHold(hold, { id, legs: hold.legs, at: noon, execution: "conformance" });
      if (!posted.ok) throw new Error(posted.error);
      const event = { type: "captured", authorization: exampleAuthorization, amount } as const;
      return {
        before: authorized,
        after: evolve(authorized, event, noon),
        journal: resolutionRecord(posted.value),
      };
    }
    case "void":
      return {
        before: authorized,
        after: evolve(authorized, { type: "canceled", reason: "test" }, noon),
        journal: resolutionRecord(voidHold(hold, noon, "conformance")),
      };
  }
}

const outcomeOf = (work: Promise<unknown>) => work.catch((error: Error) => `${error.name}: ${error.message}`);

const byKey = (items: Iterable<Item>) =>
  [...items].toSorted((a, b) => `${a["pk"]?.S} ${a["sk"]?.S}`.localeCompare(`${b["pk"]?.S} ${b["sk"]?.S}`));

test(`${steps} random writes of the store end alike, and leave the same items`, async () => {
  const random = new Random(1, "conformance");
  const simulated = new Tables(() => undefined);
  const names = { payments: "payments", ledger: "ledger" };
  const [theirs, ours] = [
    new PaymentStore(engine.client, names, firstEpoch),
    new PaymentStore(clientOf(simulated), names, firstEpoch),
  ];
  for (const item of accounts.map(guardedAccountItem)) {
    await engine.client.send(new PutItemCommand({ TableName: "ledger", Item: item }));
    simulated.place("ledger", item);
  }

  const known: { payment: Payment; hold: Hold }[] = [];
  const kinds = new Set<string>();
  for (let step = 0; step < steps; step += 1) {
    const isNew = known.length === 0 || random.chance(0.4);
    if (isNew) {
      const key = `key-${random.between(1, keys)}`;
      const id = paymentIdOf({ book: demo, route: "conformance", idempotencyKey: key });
      const payment = { ...examplePayment(), id, fingerprint: `f${random.between(1, 2)}` };
      known.push({ payment, hold: holdOf(payment, random) });
      expect(await outcomeOf(ours.create(payment))).toEqual(await outcomeOf(theirs.create(payment)));
      continue;
    }
    const change = drawChange(random.pick(known), random);
    const outcome = await outcomeOf(theirs.commit(change));
    expect(await outcomeOf(ours.commit(change)), `step ${step}`).toEqual(outcome);
    const { kind, refusal } = outcome as { readonly kind?: string; readonly refusal?: string };
    kinds.add(refusal ?? kind ?? "nothing");
  }
  for (const table of ["payments", "ledger"]) {
    const { Items = [] } = await engine.client.send(new ScanCommand({ TableName: table }));
    expect(byKey(simulated.items(table))).toEqual(byKey(Items));
  }
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      "applied",
      "superseded",
      "account_not_found",
      "account_currency_differs",
      "account_frozen",
      "below_min_available",
      "above_max_balance",
    ]),
  );
});
