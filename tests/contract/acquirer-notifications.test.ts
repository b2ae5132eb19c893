import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { HttpAcquirer } from "#adapters/acquirers/http-acquirer.ts";
import { parseNotification } from "#adapters/acquirers/notification.ts";
import { checkSignature } from "#core/acquiring/notification.ts";
import type { AuthorizeRequest } from "#core/acquiring/port.ts";
import { FileMemory } from "#local/acquirers/memory.ts";
import { type NotificationOptions, startServer } from "#local/acquirers/server.ts";
import { sandboxAcquirer } from "#tests/support/acquirer-requests.ts";
import { startReceiver } from "#tests/support/notification-receiver.ts";

const secret = "a secret of the tests";
const laterCard = "4000000000005084";

/** An acquirer that tells `notifications.url`, and what asks it. */
async function start(notifications: NotificationOptions, file?: string) {
  const { acquirer } = sandboxAcquirer({
    clock: Date.now,
    tellsAll: notifications.first ?? false,
    ...(file !== undefined && { memory: new FileMemory(file) }),
  });
  const server = await startServer(acquirer, {
    port: 0,
    latencyMs: 0,
    notifications: { secret, ...notifications },
  });
  const client = new HttpAcquirer({ name: "alpha", url: server.url, apiKey: "k", clock: Date.now });
  const stop = () => {
    client.close();
    return server.stop();
  };
  onTestFinished(stop);
  const tellAt = (url: string | null) =>
    fetch(`${server.url}/sandbox/notify-url`, { method: "PUT", body: JSON.stringify({ url }) });
  return { acquirer, client, stop, tellAt, url: server.url };
}

const authorization = (number: string, key = `pay_${number}:authorize:1`): AuthorizeRequest => ({
  key,
  merchant: "mer_demo",
  amount: 1_099n,
  currency: "EUR",
  card: { number, expMonth: 12, expYear: 2_040 },
  deadline: Date.now() + 5_000,
});

const patient = { timeout: 5_000, interval: 10 };

describe("a notification", () => {
  it("tells two seconds later what was pending, signed over its very bytes", async () => {
    const { url, received } = await startReceiver();
    const { client } = await start({ url });
    const askedAt = Date.now();
    expect(await client.authorize(authorization(laterCard))).toMatchObject({ kind: "pending" });

    await expect.poll(() => received.length, patient).toBe(1);
    const [first] = received;
    if (first === undefined) throw new Error("nothing was received");
    expect(first.path).toBe("/hook");
    expect(first.at - askedAt).toBeGreaterThanOrEqual(1_999);
    const signed = { header: first.signature, rawBody: first.rawBody };
    expect(checkSignature(signed, [secret], Date.now())).toBe("authentic");
    expect(checkSignature(signed, ["another"], Date.now())).toBe("forged");
    expect(parseNotification(first.rawBody)).toEqual({
      id: expect.stringMatching(/^ntf_[0-9a-z]{26}$/),
      createdAt: expect.any(Number),
      merchant: "mer_demo",
      about: "operation",
      operation: "authorize",
      key: `pay_${laterCard}:authorize:1`,
      reference: "ref_1",
      outcome: { kind: "approved", reference: "ref_1", expiresAt: expect.any(Number) },
    });
  });

  it("is sent again, under the same id, until it is heard, and then no more", async () => {
    const { url, received } = await startReceiver((_, nth) => [500, 404, 204][nth - 1] ?? 204);
    const { client, acquirer } = await start({ url });
    await client.authorize(authorization(laterCard));
    await expect.poll(() => [...acquirer.notices()].length, patient).toBe(1);
    await expect.poll(() => [...acquirer.notices()].length, patient).toBe(0);
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ rawBody }) => rawBody)).size).toBe(1);
    const [first = 0, second = 0, third = 0] = received.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(249);
    expect(third - second).toBeGreaterThanOrEqual(499);
  });

  it("waits for somewhere to go", async () => {
    const { url, received } = await startReceiver();
    const { client, acquirer, tellAt } = await start({});
    await client.authorize(authorization(laterCard));
    await expect.poll(() => [...acquirer.notices()].length, patient).toBe(1);
    expect(received).toHaveLength(0);
    expect((await tellAt(url)).status).toBe(200);
    await expect.poll(() => received.length, patient).toBe(1);
  });

  it("survives the end of its acquirer", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tallystick-notices-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "operations.jsonl");
    const first = await start({}, file);
    await first.client.authorize(authorization(laterCard));
    await expect.poll(() => [...first.acquirer.notices()].length, patient).toBe(1);
    await first.stop();

    const { url, received } = await startReceiver();
    const second = await start({ url }, file);
    await expect.poll(() => received.length, patient).toBe(1);
    await expect.poll(() => [...second.acquirer.notices()].length, patient).toBe(0);
    await second.stop();

    const third = await start({ url }, file);
    expect([...third.acquirer.notices()]).toHaveLength(0);
  });

  it.each([["ftp://example.test/hook"], ["nowhere"], [17]])("does not go to %s", async (url) => {
    const { tellAt } = await start({});
    expect((await tellAt(url as string)).status).toBe(400);
  });

  it("of an operation that was answered at once is not sent", async () => {
    const { url, received } = await startReceiver();
    const { client } = await start({ url });
    await client.authorize(authorization("4242424242424242"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(received).toEqual([]);
  });
});

describe("an acquirer that tells first", () => {
  it("has told of each operation before its client is answered", async () => {
    const { url, received } = await startReceiver();
    const { client } = await start({ url, first: true });
    const approved = await client.authorize(authorization("4242424242424242", "k"));
    if (approved.kind !== "approved") throw new Error(`expected an approval, got ${approved.kind}`);
    const { reference } = approved;
    const more = { reference, amount: 1_099n, currency: "EUR", deadline: Date.now() + 5_000 };
    const types = () => received.map(({ rawBody }) => (JSON.parse(rawBody) as { type: string }).type);
    expect(types()).toEqual(["authorization.approved"]);

    await client.capture({ ...more, key: "c" });
    expect(types().at(-1)).toBe("capture.approved");
    await client.refund({ ...more, key: "r1", amount: 99n });
    expect(types().at(-1)).toBe("refund.approved");
    await client.refund({ ...more, key: "r2" });
    expect(types().at(-1)).toBe("refund.declined");
    await client.reverse({ ...more, key: "u", operationKey: "k" });
    expect(types().at(-1)).toBe("reversal.declined");
    expect(received).toHaveLength(5);
    expect(received.map(({ rawBody }) => parseNotification(rawBody)?.key)).toEqual([
      "k",
      "c",
      "r1",
      "r2",
      "u",
    ]);
  });

  it("also tells of what it never answers", async () => {
    const { url, received } = await startReceiver();
    const { client } = await start({ url, first: true });
    const request = { ...authorization("4000000000005001"), deadline: Date.now() + 300 };
    expect(await client.authorize(request)).toMatchObject({ kind: "unknown" });
    expect(received.map(({ rawBody }) => parseNotification(rawBody))).toMatchObject([
      { key: request.key, outcome: { kind: "approved" } },
    ]);
  });
});
