import { afterEach, expect, test } from "vitest";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan, without } from "#tests/support/committed-plan.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const visa = { number: "4242424242424242" };
const account = "123456789012";
const ledger = `arn:aws:dynamodb:eu-west-1:${account}:table/tallystick-local-ledger`;

let system: TestSystem | undefined;
afterEach(() => system?.stop());

/** A merchant at a system whose role `role` has one permission less. What IAM decides there is nobody's report. */
async function merchantWithout(role: string, action: string, resource: string): Promise<ApiClient> {
  const plan = without(committedPlan(), role, action, resource);
  system = await startTestSystem({ plan, iamLog: undefined });
  return ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
}

const denials = () =>
  system?.calls
    .recent()
    .filter(({ denied }) => denied !== undefined)
    .map(({ caller, action, error, denied }) => [caller, action, error, denied]);

test("a task that may not write the ledger is denied by name, and its payment goes to review", async () => {
  const demo = await merchantWithout("PostTaskRole", "dynamodb:PutItem", "-ledger");
  const payment = await demo.payWithCard(visa);
  expect([payment.statusCode, payment.body.state]).toEqual([201, "in_review"]);
  expect(denials()).toEqual([
    ["PostTask", "TransactWriteItems", "AccessDeniedException", `dynamodb:PutItem on ${ledger}`],
  ]);
  expect(system?.functionLog).toContain(
    `PostTask was denied dynamodb:PutItem on ${ledger}: its role does not allow it`,
  );
  if (system !== undefined) await counted(system.endpoints);
  const books = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect([books.body.debits, books.body.balanced]).toEqual([0, true]);
});

test("an API that may not insert payments says that it failed, and asks no acquirer", async () => {
  const demo = await merchantWithout("PaymentsApiRole", "dynamodb:PutItem", "-payments");
  const payment = await demo.payWithCard(visa);
  expect(payment.statusCode).toBe(500);
  expect(denials()?.map(([caller, action]) => [caller, action])).toEqual([["PaymentsApi", "PutItem"]]);
  expect(system?.calls.recent().map(({ caller }) => caller)).not.toContain("AuthorizeTask");
});

test("a saga whose role may not invoke a task ends in review, as Lambda's refusal has it end", async () => {
  const demo = await merchantWithout("PaymentSagaRole", "lambda:InvokeFunction", "-authorize-task");
  const payment = await demo.payWithCard(visa);
  expect([payment.statusCode, payment.body.state]).toEqual([201, "in_review"]);
  expect(system?.calls.recent().map(({ caller }) => caller)).not.toContain("AuthorizeTask");
});

test("a refund whose task may not write it goes to review, and what is set aside for it stays so", async () => {
  const demo = await merchantWithout("GiveBackTaskRole", "dynamodb:PutItem", "-payments");
  const { id } = (await demo.payWithCard(visa)).body;
  const refund = await demo.send("POST", `/v1/payments/${id}/refunds`, {
    body: { amount: 5_00 },
    headers: { "idempotency-key": newKey() },
  });
  expect([refund.statusCode, refund.body.state]).toEqual([201, "in_review"]);
  expect((await demo.get(`/v1/payments/${id}`)).body).toMatchObject({ amount_refunded: 0 });
});
