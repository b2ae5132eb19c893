import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { HttpAcquirer } from "#adapters/acquirers/http-acquirer.ts";
import { parseNotification } from "#adapters/acquirers/notification.ts";
import { type RunningServer, startServer } from "#local/acquirers/server.ts";
import { sandboxAcquirer } from "#tests/support/acquirer-requests.ts";
import { startReceiver } from "#tests/support/notification-receiver.ts";

const key = "pay_x:authorize:1";
const returnUrl = "https://shop.example/back?order=1";

let server: RunningServer;
let client: HttpAcquirer;
let time: { now: number };
let received: Awaited<ReturnType<typeof startReceiver>>["received"];

beforeEach(async () => {
  const receiver = await startReceiver();
  received = receiver.received;
  const sandbox = sandboxAcquirer();
  time = sandbox.time;
  server = await startServer(sandbox.acquirer, {
    port: 0,
    latencyMs: 0,
    apiKey: "k",
    notifications: { url: receiver.url },
  });
  client = new HttpAcquirer({ name: "alpha", url: server.url, apiKey: "k", clock: Date.now });
  onTestFinished(() => {
    client.close();
    return server.stop();
  });
});

/** The page where the customer of a new authorization is sent. */
async function pageUrl(change: { returnUrl?: string; merchant?: string } = { returnUrl }): Promise<string> {
  const outcome = await client.authorize({
    key,
    merchant: "mer_demo",
    amount: 123_456n,
    currency: "EUR",
    card: { number: "4000003800000446", expMonth: 12, expYear: 2_040 },
    deadline: Date.now() + 5_000,
    ...change,
  });
  if (outcome.kind !== "pending" || outcome.redirectUrl === undefined)
    throw new Error(`expected somewhere to go, got ${JSON.stringify(outcome)}`);
  return outcome.redirectUrl;
}

const press = (url: string, result: string) =>
  fetch(url, { method: "POST", body: new URLSearchParams({ result }), redirect: "manual" });
const say = async (url: string, body: unknown) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
};
const inquire = () => client.inquire({ key, deadline: Date.now() + 5_000 });

describe("the customer's page", () => {
  it("is at the acquirer, asks for no key, and shows who is paid how much", async () => {
    const url = await pageUrl();
    expect(url).toBe(`${server.url}/3ds/ref_1`);
    const answer = await fetch(url);
    const page = await answer.text();
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page).toContain("1234.56 EUR");
    expect(page).toContain("mer_demo");
    expect(page.match(/<button name="result" value="(approve|refuse)"/g)).toHaveLength(2);
    // Nothing is loaded from anywhere, and no script runs.
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|src=|url\(/);
    // The page that the client sends its customer on to is not known here.
    expect(answer.headers.get("content-security-policy")).toContain(
      "form-action 'self' https://shop.example https:;",
    );
  });

  it.each([
    { button: "approve", outcome: { kind: "approved", expiresAt: expect.any(Number) } },
    { button: "refuse", outcome: { kind: "declined", code: "authentication_required" } },
  ])("takes $button, sends the customer back, and tells the client", async ({ button, outcome }) => {
    const url = await pageUrl();
    const answer = await press(url, button);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, returnUrl]);
    expect(await inquire()).toEqual({
      kind: "found",
      operation: "authorize",
      outcome: { ...outcome, reference: "ref_1" },
    });
    await expect.poll(() => received.length).toBe(1);
    expect(parseNotification(received[0]?.rawBody ?? "")).toMatchObject({
      key,
      outcome: { ...outcome, reference: "ref_1" },
    });
  });

  it("decides once: a second press changes nothing, and sends the customer back as well", async () => {
    const url = await pageUrl();
    await press(url, "refuse");
    expect((await press(url, "approve")).status).toBe(303);
    expect(await inquire()).toMatchObject({ outcome: { kind: "declined" } });
    const page = await (await fetch(url)).text();
    expect(page).toContain("This payment was refused.");
    expect(page).toContain(`href="${returnUrl}"`);
    expect(page).not.toContain("<button");
  });

  it("shows the end itself when the merchant named no page of its own", async () => {
    const answer = await press(await pageUrl({}), "approve");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("You have approved this payment.");
  });

  it("shows a merchant's name as text, whatever it is", async () => {
    const page = await (await fetch(await pageUrl({ merchant: '<img src="x">&' }))).text();
    expect(page).toContain("&lt;img src=&quot;x&quot;&gt;&amp;");
    expect(page).not.toContain("<img");
  });

  it("is there for no other reference", async () => {
    const answer = await fetch(`${server.url}/3ds/ref_9`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("Payment not found");
  });

  it.each(["javascript:alert(1)", "ftp://shop.example", "shop"])(
    "is not made for a customer who would be sent to %s",
    async (unsafe) => {
      await expect(pageUrl({ returnUrl: unsafe })).rejects.toThrow("refused:malformed");
    },
  );
});

describe("a script in the customer's place", () => {
  it("approves once", async () => {
    const url = await pageUrl();
    expect(await say(url, { result: "approve" })).toEqual([200, { reference: "ref_1", result: "approved" }]);
    expect(await say(url, { result: "refuse" })).toEqual([409, { error: "not_pending" }]);
    expect(await inquire()).toMatchObject({ outcome: { kind: "approved" } });
  });

  it.each([{ result: "maybe" }, {}, null, "approve"])("is not understood when it says %j", async (body) => {
    expect(await say(await pageUrl(), body)).toEqual([400, { error: "malformed" }]);
    expect(await inquire()).toMatchObject({ outcome: { kind: "pending" } });
  });

  it("comes too late after fifteen minutes, and the client is told", async () => {
    const url = await pageUrl();
    time.now += 15 * 60_000;
    expect(await say(url, { result: "approve" })).toEqual([409, { error: "not_pending" }]);
    await expect.poll(() => received.length).toBe(1);
    expect(parseNotification(received[0]?.rawBody ?? "")).toMatchObject({
      outcome: { kind: "declined", code: "authentication_required" },
    });
  });

  it("cannot decide what the acquirer decides by itself", async () => {
    const outcome = await client.authorize({
      key: "pay_y:authorize:1",
      merchant: "mer_demo",
      amount: 1n,
      currency: "EUR",
      card: { number: "4000000000005084", expMonth: 12, expYear: 2_040 },
      deadline: Date.now() + 5_000,
    });
    expect(outcome).toEqual({ kind: "pending", reference: "ref_1" });
    expect(await say(`${server.url}/3ds/ref_1`, { result: "refuse" })).toEqual([
      409,
      { error: "not_pending" },
    ]);
  });

  it("is told when there is no such payment", async () => {
    expect(await say(`${server.url}/3ds/ref_9`, { result: "approve" })).toEqual([
      404,
      { error: "unknown_reference" },
    ]);
  });
});
