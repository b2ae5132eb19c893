import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { accountKey, entryKey, type Key, paymentKey, resolutionKey } from "#adapters/dynamodb/keys.ts";
import { startFailover } from "#cli/failover.ts";
import { prove } from "#cli/prove.ts";
import type { AccountId, UserAccountId } from "#core/ledger/account.ts";
import { evolve } from "#core/payments/evolve.ts";
import { type PaymentId, sagaEntryId } from "#core/payments/ids.ts";
import type { Plan } from "#local/plan/plan.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { demo as book } from "#tests/support/examples.ts";
import { counted } from "#tests/support/folds.ts";
import { awsClient, startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";
import { storesOf } from "#tests/support/torn-books.ts";

/**
 * A region takes over from one that is lost: the same tables, of which replication has lost some ends, under functions of
 * the next epoch whose sources are disabled, as in a region that stands by.
 */

const longMs = 180_000;
const good = { number: "4242424242424242" };
const hourMs = 3_600_000;
const word = {
  ...{ by: "operator", reason: "eu-west-1 is lost", evidence: "incident 4711" },
  since: new Date(Date.now() - hourMs).toISOString(),
};

let stateDirectory: string;
let system: TestSystem;
let demo: ApiClient;
let client: DynamoDBClient;

/** What an operator sees of the failovers. */
const lines: string[] = [];
/** Payments by what was done to them. */
const paid: Record<string, PaymentId> = {};
/** Of the payment that is lost whole. */
let request: Record<string, unknown>;

async function start(plan: Plan): Promise<void> {
  client?.destroy();
  await system?.stop();
  system = await startTestSystem({ stateDirectory, plan });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  client = new DynamoDBClient(awsClient(system.endpoints));
}

/** The estate of the second region: its functions write in the second epoch, and while it stands by, nothing invokes them. */
function secondRegion({ standsBy }: { readonly standsBy: boolean }): Plan {
  const plan = committedPlan();
  return {
    ...plan,
    resources: plan.resources.map((resource) => {
      const { type, inputs } = resource as { type: string; inputs: Record<string, unknown> };
      if (type === "aws:lambda/function:Function") {
        const { variables = {} } = (inputs["environment"] ?? {}) as { variables?: Record<string, string> };
        if (variables["EPOCH"] === undefined) return resource;
        const environment = { variables: { ...variables, EPOCH: "2" } };
        return { ...resource, inputs: { ...inputs, environment } };
      }
      if (standsBy && type === "aws:lambda/eventSourceMapping:EventSourceMapping")
        return { ...resource, inputs: { ...inputs, enabled: false } };
      if (standsBy && type === "aws:cloudwatch/eventRule:EventRule" && "scheduleExpression" in inputs)
        return { ...resource, inputs: { ...inputs, state: "DISABLED" } };
      return resource;
    }),
  } as Plan;
}

const act = (path: string, body: object = {}) =>
  demo.send("POST", path, { body, headers: { "idempotency-key": newKey() } });
const pay = async (
  card: { number: string },
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) => (await demo.payWithCard(card, { amount: 50_00, ...more }, headers)).body.id as PaymentId;
const stateOf = async (id: string) => (await demo.get(`/v1/payments/${id}`)).body.state;

/** What it comes to, in the end. */
const inState = (name: string, state: string) =>
  eventually(async () => ((await stateOf(idOf(name))) === state ? state : undefined), longMs);

/** A day under the first epoch. */
async function aDay(): Promise<void> {
  for (const name of ["whole", "unposted", "unpaid"]) paid[name] = await pay(good);
  const { body: card } = await demo.tokenize(good);
  request = { amount: 50_00, method: { type: "card", token: card.id } };
  paid["untold"] = (await demo.pay(request, { "idempotency-key": "the-same" })).body.id;
  paid["refunded"] = await pay(good);
  await act(`/v1/payments/${paid["refunded"]}/refunds`, { amount: 10_00 });
  paid["held"] = await pay(good, { capture: "manual" });
  paid["captured"] = await pay(good, { capture: "manual" });
  await act(`/v1/payments/${paid["captured"]}/capture`, { amount: 30_00 });
  for (const id of ["acc_alice", "acc_float"])
    await act("/v1/ledger/accounts", { id, name: id, currency: "USD", normal_side: "credit" });
  const legs = [
    { account: "acc_float", side: "debit", amount: 90_00 },
    { account: "acc_alice", side: "credit", amount: 90_00 },
  ];
  await act("/v1/ledger/entries", { id: "je_top_up", state: "posted", legs });
  await act("/v1/ledger/entries", { id: "je_lost", state: "posted", legs });
  paid["wallet"] = (
    await demo.pay({ amount: 20_00, method: { type: "account", account: "acc_alice" } })
  ).body.id;
  // The acquirer is silent: one was executed, the other was not.
  paid["executed"] = await pay({ number: "4000000000005001" }, {}, { prefer: "respond-async" });
  paid["unexecuted"] = await pay({ number: "4000000000005019" }, {}, { prefer: "respond-async" });
  await counted(system.endpoints);
}

const table = (name: string) => `tallystick-local-${name}`;
const read = async (name: string, { pk, sk }: Key) =>
  (await client.send(new GetItemCommand({ TableName: table(name), Key: marshall({ pk, sk }) }))).Item;
const remove = async (name: string, { pk, sk }: Key) => {
  expect(await read(name, { pk, sk })).toBeDefined();
  await client.send(new DeleteItemCommand({ TableName: table(name), Key: marshall({ pk, sk }) }));
};
const idOf = (name: string): PaymentId => {
  const id = paid[name];
  if (id === undefined) throw new Error(`no payment was ${name}`);
  return id;
};
const hold = (name: string) => sagaEntryId(idOf(name), "authorize");

/** Leaves an earlier version of a payment, as it would have been replicated before. */
async function leaveEarlier(name: string, change: (item: Record<string, unknown>) => object): Promise<void> {
  const key = paymentKey(book, idOf(name));
  const item = unmarshall((await read("payments", key)) ?? {});
  const Item = marshall(change(item), { removeUndefinedValues: true });
  await client.send(new PutItemCommand({ TableName: table("payments"), Item }));
}

/** What replication loses: the ends of some items, each by itself. */
async function tear(): Promise<void> {
  // The journal's tail, though the payment arrived.
  await remove("ledger", entryKey(book, hold("unposted")));
  await remove("ledger", resolutionKey(book, hold("unposted")));
  // Half of a transaction: the capture is in the journal, and its payment is not captured.
  await leaveEarlier("captured", ({ captured, refunded: _refunded, ...item }) => ({
    ...item,
    ...{ state: "authorized", version: 3 },
    pending_operation: { kind: "capture", amount: captured, started_at: item["updated_at"] },
  }));
  // The payment arrived as it was created, and its hold and its capture did.
  await leaveEarlier(
    "unpaid",
    ({ captured: _captured, refunded: _refunded, authorization: _held, ...item }) => ({
      ...item,
      ...{ state: "processing", version: 1 },
    }),
  );
  // A balance as it was before the last two postings.
  const alice = accountKey(book, "acc_alice" as AccountId);
  const item = unmarshall((await read("ledger", alice)) ?? {});
  const stale = { ...item, credits_posted: 90_00, debits_posted: 0, version: 1 };
  await client.send(new PutItemCommand({ TableName: table("ledger"), Item: marshall(stale) }));
  // An entry whose notes arrived.
  await remove("ledger", entryKey(book, "je_lost" as Parameters<typeof entryKey>[1]));
  // A payment that was answered, and is nowhere.
  await remove("payments", paymentKey(book, idOf("untold")));
  await remove("ledger", entryKey(book, hold("untold")));
  await remove("ledger", resolutionKey(book, hold("untold")));
}

/** As an operator starts it. @returns the output of the execution. @throws Refusal where it failed. */
async function failOver(): Promise<Record<string, unknown>> {
  const sfn = new SFNClient(awsClient(system.endpoints));
  try {
    const told = await startFailover(sfn, { ...word, segments: "2" }, (line) => lines.push(line));
    return JSON.parse(told.slice(told.indexOf("{"))) as Record<string, unknown>;
  } finally {
    sfn.destroy();
  }
}

async function proven(): Promise<{ readonly isRight: boolean; readonly found: readonly string[] }> {
  const lines: string[] = [];
  const isRight = await prove(storeOf(system.endpoints), (line) => lines.push(line));
  return { isRight, found: lines.filter((line) => /FOUND|^ {2,}\S+: /.test(line)) };
}

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-failover-"));
  await start(committedPlan());
  await aDay();
}, longMs);
afterAll(async () => {
  client?.destroy();
  await system?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

describe("a region takes over", () => {
  test(
    "not where it is open: nothing is done",
    async () => {
      await expect(failOver()).rejects.toThrow("FailoverRefused: this region is open, in epoch 1");
    },
    longMs,
  );

  test(
    "what replication tore is brought together, and what cannot be is told",
    async () => {
      await start(secondRegion({ standsBy: true }));
      await tear();
      expect(await failOver()).toMatchObject({
        ...{ epoch: 2, fence: { denied: 0 }, payments: { asked: 3 } },
        books: { promotion: "none" },
      });
      expect(lines.join("\n")).toMatch(/Admit.*TakePayments.*TakeAccounts.*Open/s);
      const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
      const { body } = await operator.get("/v1/ops/dead-letters?limit=100");
      const findings = body.data
        .filter(({ kind }: { kind: string }) => kind === "finding")
        .map(({ reason }: { reason: string }) => reason);
      const answered = "was answered to mer_demo as";
      expect(findings).toHaveLength(5);
      expect(findings).toEqual(
        expect.arrayContaining([
          expect.stringContaining("je_lost of mer_demo moved acc_alice"),
          expect.stringContaining("je_lost of mer_demo moved acc_float"),
          expect.stringContaining(`je_lost ${answered} made, and did not arrive`),
          expect.stringContaining(`${paid["untold"]} ${answered} made, and did not arrive`),
          expect.stringMatching(
            new RegExp(`${paid["unpaid"]} ${answered} version \\d+, and arrived as version 1:`),
          ),
        ]),
      );
    },
    longMs,
  );

  test("a writer of the first epoch is fenced from every open payment and every account", async () => {
    const names = { payments: table("payments"), ledger: table("ledger") };
    const { payments, accounts } = storesOf(client, firstEpoch, names);
    for (const name of ["held", "unpaid", "executed", "unexecuted"]) {
      const payment = await payments.get(book, idOf(name));
      if (payment === undefined) throw new Error(`${name} is there`);
      const review = { operation: "authorize", reason: "by a zombie" } as const;
      const after =
        payment.state === "in_review"
          ? { ...payment, version: payment.version + 1 }
          : evolve(payment, { type: "review_required", review }, Date.now());
      await expect(payments.commit({ before: payment, after }), name).rejects.toMatchObject({
        name: "WriterFenced",
      });
    }
    for (const id of ["acc_alice", "acc_float"] as UserAccountId[])
      await expect(accounts.change(book, id, "frozen", undefined), id).rejects.toMatchObject({
        name: "WriterFenced",
      });
  });

  test(
    "a second time changes nothing: the region is open",
    async () => {
      await expect(failOver()).rejects.toThrow("FailoverRefused: this region is open, in epoch 2");
    },
    longMs,
  );

  test(
    "what was in flight is decided by its acquirer, and the books are proven",
    async () => {
      await start(secondRegion({ standsBy: false }));
      const ends = { unpaid: "captured", executed: "captured", unexecuted: "failed" };
      for (const [name, state] of Object.entries(ends)) expect(await inState(name, state)).toBe(state);
      expect(await stateOf(idOf("captured"))).toBe("captured");
      // The acquirer has authorized and captured it before. Our address is another one than in that request, so that
      // it refuses to compare the two; the recovery asks what became of it.
      const again = await demo.pay(request, { "idempotency-key": "the-same" });
      expect(again.body.id).toBe(paid["untold"]);
      expect(await inState("untold", "captured")).toBe("captured");
      await counted(system.endpoints);
      const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
      expect(body).toMatchObject({ balanced: true, credits: body.debits });
      const { body: balance } = await demo.get("/v1/ledger/accounts/acc_alice/balance");
      expect(balance.posted).toEqual({ debits: 20_00, credits: 90_00 });
      expect(await proven()).toEqual({ isRight: true, found: [] });
    },
    longMs,
  );
});
