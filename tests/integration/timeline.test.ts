import { GetExecutionHistoryCommand, SFNClient } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api } from "#cli/api.ts";
import { listDisputes } from "#cli/disputes.ts";
import { showTimeline } from "#cli/timeline.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;
let operator: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
});
afterAll(() => system?.stop());

const longMs = 60_000;
/** Approved behind an error: nobody knows, until the recovery has asked. */
const unknown = { number: "4000000000005027" };

/** As the commands of operations reach it. */
function operatorsApi(): Api {
  const { api, token_url: tokenUrl, operator: client } = system.endpoints;
  return new Api({ api, tokenUrl, clientId: client.client_id, clientSecret: client.client_secret });
}

interface Moment {
  readonly at: string;
  readonly kind: string;
  readonly what: string;
}

test(
  "a payment's timeline tells its silence, its recovery, its entries and its refund, in the order of time",
  async () => {
    const { body: payment } = await demo.payWithCard(unknown, { description: "a gift for Ann" });
    expect(payment.state).toBe("in_review");
    await eventually(async () => {
      const { body } = await demo.get(`/v1/payments/${payment.id}`);
      return body.state === "captured" ? body : undefined;
    }, longMs);
    const refund = await demo.send("POST", `/v1/payments/${payment.id}/refunds`, {
      body: { amount: 2_34 },
      headers: { "idempotency-key": newKey() },
    });
    const path = `/v1/ops/payments/${payment.id}/timeline`;
    const { body } = await eventually(async () => {
      const answer = await operator.get(path);
      const whats = (answer.body.data as Moment[]).map(({ what }) => what);
      const isWhole = whats.includes("payment.refunded") && whats.some((what) => / succeeded$/.test(what));
      return isWhole && whats.some((what) => what.startsWith(payment.id)) ? answer : undefined;
    }, longMs);
    const moments = body.data as Moment[];
    const of = (kind: string) => moments.filter((moment) => moment.kind === kind).map(({ what }) => what);

    expect(of("event")).toEqual([
      "payment.created",
      "payment.in_review",
      "payment.authorized",
      "payment.captured",
      "payment.refund_started",
      "payment.refunded",
    ]);
    expect(of("journal")).toEqual([
      `je_${payment.id}.authorize.1 held`,
      `je_${payment.id}.capture.1 posted`,
      `je_${payment.id}.refund.1 held`,
      `je_${payment.id}.refunded.1 posted`,
    ]);
    expect(of("recovery")).toEqual([`${payment.id}-2 started`, `${payment.id}-2 succeeded`]);
    expect(of("refund")).toEqual([`${refund.body.id} began`, `${refund.body.id} succeeded`]);
    expect(moments.map(({ at }) => at)).toEqual(moments.map(({ at }) => at).toSorted());
    expect(body).toMatchObject({ merchant: "mer_demo", payment: { id: payment.id, state: "captured" } });
    expect((await operator.get(`${path}?merchant=mer_demo`)).body.data).toEqual(moments);
    expect((await operator.get(`${path}?merchant=mer_other`)).statusCode).toBe(404);

    const printed = await showTimeline(operatorsApi(), payment.id, undefined);
    expect(printed.split("\n")[0]).toBe(
      `${payment.id} of mer_demo: 1234 USD, captured, version ${body.payment.version}`,
    );
    for (const { what } of moments) expect(printed).toContain(what);

    // AWS keeps the history of the recovery for 90 days, and nobody can erase from it.
    const states = new SFNClient(awsClient(system.endpoints));
    const executionArn = `arn:aws:states:eu-west-1:123456789012:execution:tallystick-local-recovery:${payment.id}-2`;
    const { events } = await states.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
    expect(JSON.stringify(events)).toContain("continue_payment");
    for (const text of ["Ann", "text_key"]) expect(JSON.stringify(events)).not.toContain(text);
  },
  longMs * 2,
);

test("merchants see no timelines, and there is none of what is no payment", async () => {
  const path = "/v1/ops/payments/pay_00000000000000000000000000/timeline";
  expect((await demo.get(path)).statusCode).toBe(403);
  expect((await operator.get(path)).statusCode).toBe(404);
  expect((await operator.get("/v1/ops/payments/pay_x/timeline")).statusCode).toBe(404);
  expect((await operator.get(`${path}?merchant=nobody`)).statusCode).toBe(404);
});

test(
  "operators see disputes over all merchants until they end, and when that was, whatever is erased later",
  async () => {
    const { body: payment } = await demo.payWithCard({ number: "4242424242424242" });
    await fetch(`${system.endpoints.acquirers[0]}/sandbox/disputes`, {
      method: "POST",
      body: JSON.stringify({
        operation_key: `${payment.id}:capture:1`,
        reason: "product_not_received",
        amount: 5_00,
      }),
    });
    const post = (path: string, body: object) =>
      demo.send("POST", path, { body, headers: { "idempotency-key": newKey() } });
    const listed = async (state: string, merchant?: string) => {
      const lines = (await listDisputes(operatorsApi(), state, merchant)).split("\n");
      return lines.find((line) => line.includes(payment.id))?.split(/ {2,}/);
    };
    const [id, ...rest] = await eventually(() => listed("open"), longMs);
    const { body: dispute } = await demo.get(`/v1/disputes/${id}`);
    expect(rest).toEqual([
      ...[
        "mer_demo",
        payment.id,
        "500 USD",
        "needs_response",
        dispute["evidence_due_at"],
        "product_not_received",
      ],
    ]);
    expect(await listed("open", "mer_demo")).toBeDefined();
    expect(await listed("open", "mer_other")).toBeUndefined();
    await expect(listed("open", "mer_nobody")).rejects.toThrow("404 not_found");
    expect((await demo.get("/v1/ops/disputes")).statusCode).toBe(403);

    await post(`/v1/disputes/${id}/evidence`, { text: "losing_evidence of Ann Example" });
    const ended = await eventually(() => listed("ended"), longMs);
    expect(ended).toContain("lost: decided");
    expect(await listed("open")).toBeUndefined();
    const { updated_at: endedAt } = (await demo.get(`/v1/disputes/${id}`)).body;
    expect((await post(`/v1/payments/${payment.id}/redact`, {})).statusCode).toBe(200);
    const { body } = await operator.get(`/v1/ops/payments/${payment.id}/timeline`);
    expect(body.data).toContainEqual(expect.objectContaining({ at: endedAt, what: `${id} lost: decided` }));
    expect((await demo.get(`/v1/disputes/${id}`)).body["updated_at"]).not.toBe(endedAt);
  },
  longMs,
);
