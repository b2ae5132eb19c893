import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { Api } from "#cli/api.ts";
import { resolve } from "#cli/resolve.ts";
import { showTimeline } from "#cli/timeline.ts";
import { beginRefund } from "#core/payments/begin.ts";
import { evolve } from "#core/payments/evolve.ts";
import { refundIdOf } from "#core/payments/ids.ts";
import type { Refund } from "#core/payments/refund.ts";
import { holdRefund } from "#core/payments/steps/hold-refund.ts";
import { reviewRefund } from "#core/payments/steps/review-refund.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { demo as demoBook } from "#tests/support/examples.ts";
import { journalOf } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { clientOptions } from "#tests/support/tables.ts";

/** An operator says what became of what is in review, on the whole system. */

let system: TestSystem;
let demo: ApiClient;
let operator: ApiClient;
let cli: Api;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
  const { api, token_url: tokenUrl, operator: client } = system.endpoints;
  cli = new Api({ api, tokenUrl, clientId: client.client_id, clientSecret: client.client_secret });
});
afterAll(() => system?.stop());

const longMs = 90_000;
const stateMsMax = 40_000;
/** Several wait at once: none is to keep the system from what it waits for. */
const pollMs = 250;
/** Never executed, never answered: an inquiry says that it is not known. */
const lost = "4000000000005019";
/** Approved behind an error: an inquiry tells. */
const unheard = "4000000000005027";
const evidence = "Their case 4711: Ms. Lee, by phone";

async function inReview(number: string): Promise<{ id: string; version: number }> {
  const { body } = await demo.payWithCard({ number }, { amount: 12_34 }, { prefer: "respond-async" });
  return inState(`/v1/payments/${body.id}`, "in_review");
}

const say = (path: string, version: number | string | undefined, body: object, by = operator) =>
  by.send("POST", `/v1/ops/${path}/resolve`, {
    body,
    ...(version === undefined ? {} : { headers: { "if-match": `"${version}"` } }),
  });

const entriesOf = async (id: string): Promise<string[]> =>
  (await journalOf(system.endpoints, "mer_demo")).flatMap((record) =>
    record.type === "entry" && record.entry.id.includes(id) ? [record.entry.id] : [],
  );

/** What is there, once it stands in `state`. */
async function inState(path: string, state: string) {
  const seen = new Set<string>();
  const standing = eventually(async () => {
    const { body } = await demo.get(path);
    seen.add(body.state);
    if (body.state === state) return body;
    await sleep(pollMs);
    return undefined;
  }, stateMsMax);
  return standing.catch(() => expect.fail(`${path} was ${[...seen].join(", ")}, and not ${state}`));
}

test(
  "an acquirer that knows better overrules the word, and the payment ends as it says",
  async () => {
    // The recovery looks after five seconds: a function that has to start first would be late on a busy machine.
    await say("payments/pay_00000000000000000000000000", 1, { outcome: "failed", evidence });
    const { body } = await demo.payWithCard({ number: unheard }, { amount: 12_34 });
    expect(body.state).toBe("in_review");
    const { id, version } = body;
    const said = await say(`payments/${id}`, version, { outcome: "failed", evidence });
    expect(said.statusCode).toBe(200);
    expect(said.body.word).toMatchObject({
      result: "overruled",
      acquirer_says: expect.stringContaining("alpha has approved it"),
    });
    const captured = await inState(`/v1/payments/${id}`, "captured");
    expect(captured.amount_captured).toBe(12_34);
    expect(await entriesOf(id)).toEqual([`je_${id}.authorize.1`]);
  },
  longMs,
);

test.concurrent(
  "a payment that no acquirer knows of ends by an operator's word, once, and its timeline tells whose it was",
  async () => {
    const { id, version } = await inReview(lost);
    const word = { outcome: "failed", evidence };

    const said = await say(`payments/${id}`, version, word);

    expect([said.statusCode, said.body]).toEqual([
      200,
      {
        object: "operator_word",
        word: {
          ...{ outcome: "failed", evidence, by: expect.any(String), at: expect.any(String) },
          ...{ version, result: "taken", acquirer_says: null },
        },
        payment: expect.objectContaining({ id, state: "failed", merchant: "mer_demo", review: null }),
      },
    ]);
    expect(said.body.payment.failure).toEqual({ code: "not_executed" });
    expect(await entriesOf(id)).toEqual([]);
    // The same word again is the same word; another comes too late.
    expect((await say(`payments/${id}`, version, word)).body).toEqual(said.body);
    const late = await say(`payments/${id}`, version, { ...word, evidence: "another" });
    expect([late.statusCode, late.body.code, late.body.detail]).toEqual([
      409,
      "wrong_state",
      "The payment is failed.",
    ]);
    // Merchants see what became of it, and not who said so.
    expect(JSON.stringify((await demo.get(`/v1/payments/${id}`)).body)).not.toContain("4711");
    const events = await eventually(async () => {
      const { body } = await demo.get(`/v1/payments/${id}/events`);
      return body.data.length === said.body.payment.version ? body.data : undefined;
    }, longMs);
    expect(events.map(({ type }: { type: string }) => type)).toEqual([
      "payment.created",
      "payment.in_review",
      "payment.review_updated",
      "payment.failed",
    ]);
    expect(JSON.stringify(events)).not.toContain("4711");
    const timeline = await showTimeline(cli, id, undefined);
    expect(timeline).toContain(`says that ${id} is failed: ${evidence}`);
  },
  longMs,
);

test.concurrent(
  "a payment that is said to be authorized is posted, and goes on at its acquirer",
  async () => {
    const { id, version } = await inReview(lost);
    const word = { outcome: "authorized", evidence, acquirer: "alpha", reference: "told_by_phone" };
    const said = await say(`payments/${id}`, version, word);
    expect(said.body.word).toMatchObject({ result: "taken", acquirer: "alpha", reference: "told_by_phone" });
    expect(await entriesOf(id)).toEqual([`je_${id}.authorize.1`]);
    // The sandbox has never heard of that reference: it refuses the capture, and what was held is released again.
    const released = await inState(`/v1/payments/${id}`, "in_review");
    expect(released.acquirer).toBe("alpha");
    const over = await say(`payments/${id}`, released.version, { outcome: "canceled", evidence });
    expect([over.body.word?.result, over.body.payment?.state]).toEqual(["taken", "canceled"]);
  },
  longMs,
);

/** A refund whose money is set aside, as if its acquirer had kept silent: it was never asked. */
async function refundInReview(): Promise<Refund> {
  const { body } = await demo.payWithCard({ number: "4242424242424242" }, { amount: 12_34 });
  await inState(`/v1/payments/${body.id}`, "captured");
  const client = new DynamoDBClient({ ...clientOptions, endpoint: system.endpoints.dynamodb });
  const tables = { payments: "tallystick-local-payments", ledger: "tallystick-local-ledger" };
  const refunds = new RefundStore(client, tables, firstEpoch);
  const ports = { refunds, now: Date.now };
  const payment = await new PaymentStore(client, tables, firstEpoch).get(demoBook, body.id);
  if (payment === undefined) return expect.fail("the payment is stored");
  const id = refundIdOf({ book: demoBook, route: "refunds", idempotencyKey: newKey() });
  const begun = beginRefund(payment, { id, amount: 5_00n, fingerprint: "f" }, Date.now());
  if (!begun.ok) return expect.fail(begun.error.code);
  const after = evolve(payment, begun.value.event, Date.now());
  await refunds.commitRefund(payment, {
    refund: { after: begun.value.refund },
    payment: { before: payment, after },
  });
  const held = await holdRefund(ports, { payment: after, refund: begun.value.refund }, { execution: "test" });
  const { refund } = await reviewRefund(ports, { ...held, step: "give_back", error: "timeout" });
  client.destroy();
  return refund;
}

test.concurrent(
  "an unknown refund succeeds by an operator's word, and its acquirer is not asked for it again",
  async () => {
    const { id, payment, version } = await refundInReview();
    const typed = { as: "succeeded", evidence, version: String(version) };
    expect(await resolve(cli, "refunds", id, typed)).toBe(`${id}: succeeded, as you say. It is succeeded.`);
    expect(await resolve(cli, "refunds", id, typed)).toBe(`${id}: succeeded, as you say. It is succeeded.`);
    expect((await demo.get(`/v1/payments/${payment}`)).body.amount_refunded).toBe(5_00);
    expect((await entriesOf(payment)).toSorted()).toEqual([
      `je_${payment}.authorize.1`,
      `je_${payment}.refund.1`,
    ]);
    expect(await showTimeline(cli, payment, "mer_demo")).toContain(`says that ${id} is succeeded`);
    const again = await say(`refunds/${id}`, version, { outcome: "failed", evidence });
    expect([again.statusCode, again.body.code, again.body.detail]).toEqual([
      409,
      "wrong_state",
      "The refund is succeeded.",
    ]);
    await expect(resolve(cli, "refunds", id, { as: "failed" })).rejects.toThrow("--evidence");
  },
  longMs,
);

describe.concurrent("a word that may not be said", () => {
  test("of a payment that is not in review is told where it stands", async () => {
    const paid = await demo.payWithCard({ number: "4242424242424242" });
    const body = await inState(`/v1/payments/${paid.body.id}`, "captured");
    const answer = await say(`payments/${body.id}`, body.version, { outcome: "failed", evidence });
    expect([answer.statusCode, answer.body.detail]).toEqual([409, "The payment is captured."]);
  });

  test("of a version that is gone, or of none, or that cannot be so, changes nothing", async () => {
    const { id, version } = await inReview(lost);
    const told = async (of: number | undefined, body: object) => {
      const answer = await say(`payments/${id}`, of, body);
      return [answer.statusCode, answer.body.errors?.[0]?.code ?? answer.body.code];
    };
    const failed = { outcome: "failed", evidence };
    expect(await told(undefined, failed)).toEqual([428, "precondition_missing"]);
    expect(await told(version - 1, failed)).toEqual([412, "precondition_failed"]);
    expect(await told(version, { ...failed, outcome: "captured" })).toEqual([409, "outcome_not_possible"]);
    expect(await told(version, { ...failed, evidence: "card 4242424242424242" })).toEqual([
      422,
      "card_number",
    ]);
    expect(await told(version, { outcome: "failed" })).toEqual([422, "wrong_type"]);
    const declined = { outcome: "declined", evidence, acquirer: "alpha" };
    expect(await told(version, { ...declined, decline_code: "no" })).toEqual([422, "decline_code_unknown"]);
    expect(await told(version, { ...declined, decline_code: "lost_card", acquirer: "gamma" })).toEqual([
      422,
      "acquirer_unknown",
    ]);
    expect(await told(version, { outcome: "authorized", evidence })).toEqual([422, "required"]);
    const { body } = await operator.get(`/v1/ops/payments/${id}/timeline`);
    expect(body.payment.version).toBe(version);
    expect(body.review).toMatchObject({
      ...{ operation: "authorize", reason: expect.any(String), authorization: null },
      outcomes: ["authorized", "declined", "failed"],
    });
  });

  test("by a merchant, or of what is not there, is refused", async () => {
    const { id, version } = await inReview(lost);
    const failed = { outcome: "failed", evidence };
    expect((await say(`payments/${id}`, version, failed, demo)).statusCode).toBe(403);
    expect((await say("payments/pay_00000000000000000000000000", 1, failed)).statusCode).toBe(404);
    expect((await say("payments/pay_x", 1, failed)).statusCode).toBe(404);
    expect((await say("refunds/re_00000000000000000000000000", 1, failed)).statusCode).toBe(404);
    expect((await operator.get(`/v1/ops/payments/${id}/resolve`)).statusCode).toBe(405);
  });
});
