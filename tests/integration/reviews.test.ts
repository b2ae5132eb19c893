import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api } from "#cli/api.ts";
import { resolve } from "#cli/resolve.ts";
import { showTimeline } from "#cli/timeline.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { journalOf } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

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

const longMs = 60_000;
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

const inState = (path: string, state: string) =>
  eventually(async () => {
    const { body } = await demo.get(path);
    return body.state === state ? body : undefined;
  }, longMs);

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
  "an acquirer that knows better overrules the word, and the payment ends as it says",
  async () => {
    const { id, version } = await inReview(unheard);
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

test.concurrent(
  "an unknown refund succeeds by an operator's word, and by the acquirer's where that fails it",
  async () => {
    const refunded = async () => {
      const { body: payment } = await demo.payWithCard({ number: "4000000000005076" }, { amount: 12_34 });
      const { body } = await demo.send("POST", `/v1/payments/${payment.id}/refunds`, {
        body: { amount: 5_00 },
        headers: { "idempotency-key": newKey(), prefer: "respond-async" },
      });
      await inState(`/v1/refunds/${body.id}`, "in_review");
      const { headers } = await demo.get(`/v1/refunds/${body.id}`);
      return {
        id: body.id as string,
        payment: payment.id as string,
        version: headers.get("etag")?.slice(1, -1),
      };
    };
    const first = await refunded();
    const taken = await resolve(cli, "refunds", first.id, {
      as: "succeeded",
      evidence,
      version: first.version,
    });
    expect(taken).toBe(`${first.id}: succeeded, as you say. It is succeeded.`);
    expect((await demo.get(`/v1/payments/${first.payment}`)).body.amount_refunded).toBe(5_00);
    expect(await showTimeline(cli, first.payment, "mer_demo")).toContain(
      `says that ${first.id} is succeeded`,
    );
    const second = await refunded();
    const overruled = await resolve(cli, "refunds", second.id, {
      as: "failed",
      evidence,
      version: second.version,
    });
    expect(overruled).toBe(`${second.id}: not failed: the acquirer knows better. It is succeeded.`);
    const again = await say(`refunds/${second.id}`, second.version, { outcome: "succeeded", evidence });
    expect([again.statusCode, again.body.code, again.body.detail]).toEqual([
      409,
      "wrong_state",
      "The refund is succeeded.",
    ]);
  },
  longMs,
);

describe.concurrent("a word that may not be said", () => {
  test("of a payment that is not in review is told where it stands", async () => {
    const { body } = await demo.payWithCard({ number: "4242424242424242" });
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
    expect(body.review).toEqual({
      ...{ operation: "authorize", acquirer: "alpha", reason: expect.any(String), authorization: null },
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
