import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signatureHeader } from "#core/acquiring/notification.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(() => system?.stop());

const longMs = 60_000;

/** Does not wait for the outcome: an acquirer that never answers is waited for elsewhere. */
const payLater = async (number: string, more: object = {}): Promise<string> => {
  const { body } = await demo.payWithCard({ number }, { ...more }, { prefer: "respond-async" });
  return body.id;
};

/** The payment, once it stands in `state`. */
const inState = (id: string, state: string) =>
  eventually(async () => {
    const { body } = await demo.get(`/v1/payments/${id}`);
    return body.state === state ? body : undefined;
  }, longMs);

describe.concurrent("a payment whose outcome is unknown is found out, booked, and never paid twice", () => {
  test.each([
    ["approved in silence", "4000000000005001"],
    ["approved behind an error", "4000000000005027"],
    ["captured in silence", "4000000000005050"],
  ])(
    "%s",
    async (_what, number) => {
      const captured = await inState(await payLater(number), "captured");
      expect(captured).toMatchObject({ amount_captured: 12_34, acquirer: "alpha" });
    },
    longMs,
  );

  test(
    "refunded in silence",
    async () => {
      const { body: payment } = await demo.payWithCard({ number: "4000000000005076" });
      await inState(payment.id, "captured");
      const asked = await demo.send("POST", `/v1/payments/${payment.id}/refunds`, {
        body: { amount: 5_00 },
        headers: { "idempotency-key": newKey(), prefer: "respond-async" },
      });
      expect(asked.statusCode).toBe(202);
      const refund = await eventually(async () => {
        const { body } = await demo.get(`/v1/refunds/${asked.body.id}`);
        return body.state === "succeeded" ? body : undefined;
      }, longMs);
      expect(refund).toMatchObject({ amount: 5_00, payment: payment.id });
      expect((await demo.get(`/v1/payments/${payment.id}`)).body.amount_refunded).toBe(5_00);
    },
    longMs,
  );
});

describe("a payment that waits", () => {
  const challenge = async (more: Record<string, unknown> = {}) => {
    const { body } = await demo.payWithCard({ number: "4000003800000446" }, more);
    expect(body).toMatchObject({ state: "requires_action", next_action: { type: "redirect" } });
    return body;
  };
  const decide = (url: string, result: string) =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ result }),
    });

  test("for its customer goes on when the customer has approved", async () => {
    const { id, next_action } = await challenge();
    await decide(next_action.redirect_url, "approve");
    expect(await inState(id, "captured")).toMatchObject({ amount_captured: 12_34 });
  });

  test("for a customer who refuses is declined", async () => {
    const { id, next_action } = await challenge();
    await decide(next_action.redirect_url, "refuse");
    expect(await inState(id, "declined")).toMatchObject({ decline: { code: "authentication_required" } });
  });

  describe("for its customer, while the acquirer notifies nobody,", () => {
    const alpha = () => system.endpoints.acquirers[0] ?? "";
    const notifyAt = (url: string | null) =>
      fetch(`${alpha()}/sandbox/notify-url`, { method: "PUT", body: JSON.stringify({ url }) });
    beforeAll(() => notifyAt(null));
    afterAll(() => notifyAt(`${system.endpoints.api}/v1/acquirers/alpha/notifications`));

    const shop = "https://shop.example/done?cart=7";
    /** As a browser does that the customer follows: what it is answered, and where it is sent. */
    const go = async (url: string, init: RequestInit = {}) => {
      const answer = await fetch(url, { redirect: "manual", headers: { accept: "text/html" }, ...init });
      return {
        status: answer.status,
        location: answer.headers.get("location") ?? "",
        text: await answer.text(),
      };
    };
    const press = (url: string, result: string) =>
      go(url, { method: "POST", body: new URLSearchParams({ result }) });
    const stateOf = async (id: string) => (await demo.get(`/v1/payments/${id}`)).body.state;

    test.each([
      ["approve", "captured"],
      ["refuse", "declined"],
    ])("goes on when they come back: %s, and at the shop it is %s", async (result, state) => {
      const { id, next_action } = await challenge({ return_url: shop });
      const { status, location } = await press(next_action.redirect_url, result);
      expect([status, location]).toEqual([303, expect.stringContaining(`/v1/payments/${id}/return?`)]);
      const sentOn = { status: 303, location: `${shop}&payment=${id}` };
      expect(await go(location)).toMatchObject(sentOn);
      expect(await stateOf(id)).toBe(state);
      // Once more, from the history of the browser.
      expect(await go(location)).toMatchObject(sentOn);
    });

    test("does not believe the browser: who has not acted is sent on, and nothing has happened", async () => {
      const { id, next_action } = await challenge({ return_url: shop });
      const { text } = await go(next_action.redirect_url);
      expect(text).toContain("Approve");
      const { location } = await press(next_action.redirect_url, "approve");
      const other = await challenge({ return_url: shop });
      const guessed = location.replace(id, other.id);
      const unknown = location.replace(id, "pay_00000000000000000000000000");
      const page = await go(guessed);
      expect(page).toMatchObject({ status: 200, text: expect.stringContaining("Thank you") });
      expect(await go(unknown)).toEqual(page);
      expect([await stateOf(id), await stateOf(other.id)]).toEqual(["requires_action", "requires_action"]);
    });

    test("shows a page of ours when the merchant has none", async () => {
      const { id, next_action } = await challenge();
      const { location } = await press(next_action.redirect_url, "approve");
      expect(await go(location)).toMatchObject({ status: 200, text: expect.stringContaining("Thank you") });
      expect(await stateOf(id)).toBe("captured");
    });
  });

  test("can be taken back, and the customer comes too late", async () => {
    const { id, next_action } = await challenge();
    const headers = { "idempotency-key": newKey() };
    const canceled = await demo.send("POST", `/v1/payments/${id}/cancel`, { body: {}, headers });
    expect(canceled.body).toMatchObject({ state: "canceled" });
    expect((await decide(next_action.redirect_url, "approve")).status).toBe(409);
    expect((await demo.get(`/v1/payments/${id}`)).body).toEqual(canceled.body);
  });

  test("for an acquirer that decides later is captured when it has", async () => {
    const { body } = await demo.payWithCard({ number: "4000000000005084" });
    expect(body.state).toBe("requires_action");
    await inState(body.id, "captured");
  });
});

describe("a notification", () => {
  const anonymous = () => ApiClient.anonymous(system.endpoints);
  const body = JSON.stringify({
    id: "ntf_1",
    created_at: new Date().toISOString(),
    type: "authorization.approved",
    merchant: "mer_demo",
    key: "pay_00000000000000000000000000:authorize:1",
    reference: "alpha_1",
    result: "approved",
  });
  const notify = (acquirer: string, signature?: string) =>
    anonymous().send("POST", `/v1/acquirers/${acquirer}/notifications`, {
      body,
      ...(signature === undefined ? {} : { headers: { "acquirer-signature": signature } }),
    });
  const signed = (secret: string, at = Date.now()) => signatureHeader(body, [secret], at);

  test.each([
    ["that nobody signed", "alpha", undefined, 401],
    ["that another signed", "alpha", signed("guess"), 401],
    ["that is old", "alpha", signed("sandbox-notify-alpha", Date.now() - 10 * 60_000), 401],
    ["of another acquirer", "alpha", signed("sandbox-notify-beta"), 401],
    ["to an acquirer that is none", "gamma", signed("sandbox-notify-gamma"), 404],
    ["of what nobody waits for", "alpha", signed("sandbox-notify-alpha"), 202],
  ])("%s", async (_what, acquirer, signature, statusCode) => {
    expect((await notify(acquirer, signature)).statusCode).toBe(statusCode);
  });
});

test("the books balance after all of it", async () => {
  await counted(system.endpoints);
  const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(body.debits).toBeGreaterThan(0);
  expect(body).toMatchObject({ balanced: true, debits: body.credits });
});
