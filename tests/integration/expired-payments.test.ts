import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paymentKey } from "#adapters/dynamodb/keys.ts";
import { paymentItem, paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { demo as book } from "#tests/support/examples.ts";
import { journalOf } from "#tests/support/folds.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

/** Longer than an authorization lasts, and than a customer has time for. */
const eightDaysMs = 8 * 24 * 3_600_000;
const table = "tallystick-local-payments";

let system: TestSystem;
let demo: ApiClient;
let dynamoDb: DynamoDBClient;
let lambda: LambdaClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  dynamoDb = new DynamoDBClient(awsClient(system.endpoints));
  lambda = new LambdaClient(awsClient(system.endpoints));
});
afterAll(async () => {
  dynamoDb?.destroy();
  lambda?.destroy();
  await system?.stop();
});

/** As if what is stored of it had been written eight days ago. */
async function age(id: PaymentId): Promise<void> {
  const Key = marshall(paymentKey(book, id));
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: table, Key }));
  if (Item === undefined) throw new Error(`${id} is not stored`);
  const payment = paymentOf(Item);
  const aged = { ...payment, updatedAt: payment.updatedAt - eightDaysMs };
  if (aged.state === "authorized")
    aged.authorization = { ...aged.authorization, expiresAt: aged.authorization.expiresAt - eightDaysMs };
  await dynamoDb.send(new PutItemCommand({ TableName: table, Item: { ...Item, ...paymentItem(aged) } }));
}

/** What the schedule does every five minutes. */
async function sweep(): Promise<void> {
  const { FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: "tallystick-local-expire", Payload: new TextEncoder().encode("{}") }),
  );
  expect(FunctionError).toBeUndefined();
}

const stateOf = async (id: string): Promise<unknown> => (await demo.get(`/v1/payments/${id}`)).body.state;

test("time ends a hold that nobody captured and a customer who never came back, and releases what they held", async () => {
  const card = { number: "4242424242424242" };
  const held = (await demo.payWithCard(card, { capture: "manual" })).body.id;
  const young = (await demo.payWithCard(card, { capture: "manual" })).body.id;
  const asked = (await demo.payWithCard({ number: "4000003800000446" })).body.id;
  expect([await stateOf(held), await stateOf(asked)]).toEqual(["authorized", "requires_action"]);
  await sweep();
  expect([await stateOf(held), await stateOf(asked)]).toEqual(["authorized", "requires_action"]);

  await age(held);
  await age(asked);
  await sweep();
  expect(await stateOf(held)).toBe("expired");
  await expect.poll(() => stateOf(asked), { timeout: 20_000 }).toBe("expired");
  expect(await stateOf(young)).toBe("authorized");

  const journal = await journalOf(system.endpoints, book);
  // A book's journal is in shards, which are read one after the other.
  expect(journal.map(({ type }) => type).toSorted()).toEqual(["entry", "entry", "resolution"]);
  expect(journal).toContainEqual(
    expect.objectContaining({ resolution: expect.objectContaining({ kind: "expired" }) }),
  );
});
