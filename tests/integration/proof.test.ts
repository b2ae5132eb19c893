import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prove } from "#cli/prove.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";

const good = { number: "4242424242424242" };
const longMs = 60_000;

let system: TestSystem;
let demo: ApiClient;
let client: DynamoDBClient;
let captured: string;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  client = new DynamoDBClient(connection().client);
});
afterAll(async () => {
  client?.destroy();
  await system?.stop();
});

const connection = () => storeOf(system.endpoints);

async function proven(): Promise<{ readonly isRight: boolean; readonly text: string }> {
  const lines: string[] = [];
  const isRight = await prove(connection(), (line) => lines.push(line));
  return { isRight, text: lines.join("\n") };
}

const act = (path: string, body: object = {}) =>
  demo.send("POST", path, { body, headers: { "idempotency-key": newKey() } });

/** Payments of every kind: captured, refunded, held, released, declined, compensated, paid by a wallet and given back. */
async function aDay(): Promise<void> {
  captured = (await demo.payWithCard(good, { amount: 50_00 })).body.id;
  await act(`/v1/payments/${captured}/refunds`, { amount: 10_00 });
  await act(`/v1/payments/${captured}/refunds`, { amount: 15_00 });
  await demo.payWithCard(good, { capture: "manual" });
  const released = await demo.payWithCard(good, { capture: "manual" });
  await act(`/v1/payments/${released.body.id}/cancel`);
  await demo.payWithCard({ number: "4000000000000002" });
  await demo.payWithCard({ number: "4000000000005068" });
  for (const id of ["acc_alice", "acc_float"])
    await act("/v1/ledger/accounts", { id, name: id, currency: "USD", normal_side: "credit" });
  const legs = [
    { account: "acc_float", side: "debit", amount: 20_00 },
    { account: "acc_alice", side: "credit", amount: 20_00 },
  ];
  await act("/v1/ledger/entries", { id: "je_top_up", state: "posted", legs });
  const { body } = await demo.pay({ method: { type: "account", account: "acc_alice" } });
  expect(body.state).toBe("captured");
  expect((await act(`/v1/payments/${body.id}/refunds`, { amount: 2_34 })).body.state).toBe("succeeded");
  await counted(system.endpoints);
}

test(
  "a day of payments of every kind is proven",
  async () => {
    await aDay();
    const { isRight, text } = await proven();
    expect(text).not.toContain("FOUND");
    expect(text).toMatch(/mer_demo +USD +\d+ +\d+ +\d+ +balanced/);
    expect(isRight).toBe(true);
  },
  longMs,
);

describe("one stored item that was tampered with is named", () => {
  type Plain = Record<string, unknown>;
  const write = (table: string, plain: Plain) =>
    client.send(
      new PutItemCommand({
        TableName: `tallystick-local-${table}`,
        Item: marshall(plain, { removeUndefinedValues: true }),
      }),
    );
  async function stored(table: string, isIt: (plain: Plain) => boolean): Promise<Plain> {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: `tallystick-local-${table}` }));
    const item = Items.map((each) => unmarshall(each)).find(isIt);
    if (item === undefined) throw new Error(`no such item in ${table}`);
    return item;
  }

  test.each<[string, string, (plain: Plain) => boolean, (plain: Plain) => Plain, () => string[]]>([
    [
      "a leg of an entry",
      "ledger",
      ({ sk }) => sk === `je_${captured}.authorize.1`,
      (entry) => ({
        ...entry,
        legs: (entry["legs"] as Plain[]).map((leg, n) => (n === 0 ? { ...leg, amount: 51_00 } : leg)),
      }),
      () => [`balanced_entries: je_${captured}.authorize.1`, "fold: mer_demo#journal#", "trial_balance:"],
    ],
    [
      "what a payment has captured",
      "payments",
      ({ pk }) => pk === `mer_demo#${captured}`,
      (payment) => ({ ...payment, captured: 49_00 }),
      () => [`holds: ${captured}: 5000 is posted for 4900 captured`, `outbox: ${captured}`],
    ],
    [
      "the balance of an account",
      "ledger",
      ({ pk, sk }) => pk === "mer_demo#account#acc_alice" && sk === "account",
      (account) => ({ ...account, credits_posted: 99_00 }),
      () => ["fold: acc_alice: acc_alice: creditsPosted is 9900", "guarded: acc_alice"],
    ],
    [
      "a fold of the journal",
      "ledger",
      ({ pk, lines }) => pk === "mer_demo#fold" && Object.keys(lines as object).length > 1,
      (fold) => ({
        ...fold,
        lines: Object.fromEntries(
          Object.entries(fold["lines"] as Record<string, number[]>).map(([line, [debits = 0, ...rest]]) => [
            line,
            [debits + 1, ...rest],
          ]),
        ),
      }),
      () => ["fold: mer_demo#journal#"],
    ],
    [
      "a description, by a card number",
      "payments",
      ({ pk }) => pk === `mer_demo#${captured}`,
      (payment) => ({ ...payment, description: "card 4242 4242 4242 4242" }),
      () => [`no_cards: mer_demo#${captured} payment: description reads as a card number`],
    ],
  ])(
    "%s",
    async (_what, table, isIt, tamper, named) => {
      const before = await stored(table, isIt);
      await write(table, tamper(before));
      const { isRight, text } = await proven();
      await write(table, before);
      for (const name of named()) expect(text).toContain(name);
      expect(isRight).toBe(false);
    },
    longMs,
  );

  test("and nothing is found when it is as it was", async () => {
    const key = marshall({ pk: `mer_demo#${captured}`, sk: "payment" });
    const { Item } = await client.send(
      new GetItemCommand({ TableName: "tallystick-local-payments", Key: key }),
    );
    expect(Item).toBeDefined();
    expect((await proven()).text).toContain("nothing is wrong");
  });
});
