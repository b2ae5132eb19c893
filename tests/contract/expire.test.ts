import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Context } from "aws-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Book } from "#core/ledger/account.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let payments: PaymentStore;
let handler: typeof import("#functions/tasks/expire.ts").handler;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  for (const name of ["payments", "ledger", "merchants"]) process.env[`${name.toUpperCase()}_TABLE`] = name;
  process.env["EPOCH"] = String(firstEpoch);
  process.env["PAYMENT_SAGA_ARN"] = "arn:aws:states:eu-west-1:123456789012:stateMachine:payment";
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = tables.endpoint;
  process.env["AWS_REGION"] = "eu-west-1";
  process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "test";
  ({ handler } = await import("#functions/tasks/expire.ts"));
});
afterAll(() => tables?.stop());

/** A merchant with so many authorizations whose time has passed. */
async function merchantWith(book: Book, count: number): Promise<readonly Payment[]> {
  const Item = marshall({ pk: book, sk: "profile" });
  await tables.client.send(new PutItemCommand({ TableName: "merchants", Item }));
  const overdue = Array.from({ length: count }, (_, n): Payment => {
    const authorization = { ...exampleAuthorization, expiresAt: noon - n };
    const id = paymentIdOf({ book, route: "test", idempotencyKey: String(n) });
    return { ...examplePayment({ state: "authorized", authorization }), id, book, capture: "manual" };
  });
  await Promise.all(overdue.map((payment) => payments.create(payment)));
  return overdue;
}

test("one sweep ends all that is overdue, of every merchant", async () => {
  const overdue = [
    ...(await merchantWith("mer_busy" as Book, 230)),
    ...(await merchantWith("mer_quiet" as Book, 2)),
  ];
  await handler({}, { awsRequestId: "r-1", getRemainingTimeInMillis: () => 60_000 } as Context);
  const states = await Promise.all(
    overdue.map(async ({ book, id }) => (await payments.get(book, id))?.state),
  );
  expect(new Set(states)).toEqual(new Set(["expired"]));
});
