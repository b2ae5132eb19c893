import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holdArchive } from "#cli/archive.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { askParquet, linesIn, objectsIn } from "#tests/support/deliveries.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { Told } from "#tests/support/told.ts";

const approved = { number: "4242424242424242" };

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;
let operator: ApiClient;
let told: Told;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()) });
  const { merchants } = system.endpoints;
  demo = await ApiClient.signIn(system.endpoints, merchants.demo);
  other = await ApiClient.signIn(system.endpoints, merchants.other);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
  told = new Told(system.endpoints);
});
afterAll(async () => {
  told?.stop();
  await system?.stop();
});

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly id: string };
}

/** The events of a payment, once there are so many. */
const eventsOf = (payment: string, count: number): Promise<readonly Event[]> =>
  eventually(async () => {
    const { body } = await demo.get(`/v1/payments/${payment}/events`);
    return body.data.length >= count ? body.data : undefined;
  });

/** Items of a payment and of what lies beside it. */
const isOf =
  (payment: string) =>
  ({ pk, payment: of }: Record<string, { readonly S?: string }>): boolean =>
    pk?.S === `mer_demo#${payment}` || of?.S === payment;

describe("what people wrote on a payment", () => {
  const text = { reference: "jane-1001", description: "Two tickets for Jane Doe", metadata: { to: "Jane" } };
  // Long enough not to be in a ciphertext's base64 by chance.
  const texts = ["Jane Doe", "jane-1001", "Jane is ill", '"Jane"', "test/jane"];
  const post = (client: ApiClient, path: string, body: unknown = {}) =>
    client.send("POST", path, { body, headers: { "idempotency-key": newKey() } });
  const hold = (id: string, action: string) =>
    post(operator, `/v1/ops/payments/${id}/legal-hold`, { action, reason: "case 4711" });
  /** Each event of it as bytes: what is on the stream, and so in archive, lake and warehouse; and the table of events. */
  const keptOf = async (id: string) =>
    [...(await told.published()), ...(await told.applied())]
      .filter(({ data }) => data.id === id)
      .map((event) => JSON.stringify(event));

  test("is shown to its merchant, and is in nothing that was published", async () => {
    const { body: payment } = await demo.payWithCard(approved, text);
    const events = await eventsOf(payment.id, 3);
    for (const { data } of events) expect(data).toMatchObject(text);
    const { body } = await demo.get(`/v1/events/${events[0]?.id}`);
    expect(body).toEqual(events[0]);
    const { body: timeline } = await operator.get(
      `/v1/ops/payments/${payment.id}/timeline?merchant=mer_demo`,
    );
    expect(timeline.data[0]).toMatchObject({ what: "payment.created", texts: text });
    const kept = await keptOf(payment.id);
    expect(kept.length).toBeGreaterThanOrEqual(6);
    for (const event of kept) for (const word of texts) expect(event).not.toContain(word);
  });

  test("is kept while a legal hold stands, and then erased wherever it was told", async () => {
    const { body: card } = await demo.tokenize(approved);
    const asked = { method: { type: "card", token: card.id }, ...text, return_url: "https://shop.test/jane" };
    const { body: payment } = await demo.pay(asked);
    await post(demo, `/v1/payments/${payment.id}/refunds`, { amount: 100, reason: "Jane is ill" });
    const { body: before } = await demo.get(`/v1/payments/${payment.id}`);

    expect((await hold(payment.id, "place")).body).toMatchObject({ stands: true });
    const refused = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([refused.statusCode, refused.body.code]).toEqual([409, "legal_hold"]);
    expect((await hold(payment.id, "place")).body.code).toBe("already_held");
    expect((await demo.get(`/v1/payments/${payment.id}`)).body).toEqual(before);
    expect((await hold(payment.id, "lift")).body).toMatchObject({ stands: false });

    const redacted = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect(redacted.statusCode).toBe(200);
    const none = { reference: null, description: null, metadata: {} };
    const { version, state, amount_refunded, updated_at } = redacted.body;
    expect(redacted.body).toEqual({ ...before, ...none, version, updated_at, redacted_at: updated_at });
    expect([version, state, amount_refunded]).toEqual([before.version + 1, "captured", 100]);
    const again = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([again.statusCode, again.body]).toEqual([200, redacted.body]);

    const events = await eventsOf(payment.id, version);
    expect(events.at(-1)).toMatchObject({ type: "payment.redacted", sequence: version });
    for (const { data } of events) expect(data).toMatchObject(none);
    const { body: timeline } = await operator.get(
      `/v1/ops/payments/${payment.id}/timeline?merchant=mer_demo`,
    );
    const kinds = Map.groupBy(timeline.data, ({ kind }: { kind: string }) => kind);
    expect(kinds.get("event")?.[0]).toMatchObject({ what: "payment.created", texts: "erased" });
    expect(kinds.get("operator")).toMatchObject([
      { what: expect.stringMatching(/ places a legal hold: case 4711$/) },
      { what: expect.stringMatching(/ lifts a legal hold: case 4711$/) },
    ]);
    const stored = (await told.items("payments")).filter(isOf(payment.id));
    // The payment, its refund, and that somebody wanted it kept.
    expect(stored).toHaveLength(3);
    const kept = [...(await keptOf(payment.id)), ...stored.map((item) => JSON.stringify(item))];
    for (const each of kept) for (const word of [...texts, "text_key"]) expect(each).not.toContain(word);
  });

  test("is not asked for when the same request comes again, long after its answer was forgotten", async () => {
    const { body: card } = await demo.tokenize(approved);
    const asked = { method: { type: "card", token: card.id }, ...text };
    const headers = { "idempotency-key": newKey() };
    const { body: payment } = await demo.pay(asked, headers);
    await post(demo, `/v1/payments/${payment.id}/redact`);
    await told.forgetAnswers();
    const again = await demo.pay(asked, headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toMatchObject({ id: payment.id, reference: null });
    await told.forgetAnswers();
    expect((await demo.pay({ ...asked, amount: 1 }, headers)).body.code).toBe("idempotency_key_reused");
  });

  test("stays while the payment goes on, and is another merchant's never", async () => {
    const { body: payment } = await demo.payWithCard(approved, { ...text, capture: "manual" });
    const refused = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([refused.statusCode, refused.body.code]).toEqual([409, "wrong_state"]);
    expect((await post(other, `/v1/payments/${payment.id}/redact`)).statusCode).toBe(404);
    expect((await hold(payment.id, "lift")).body.code).toBe("not_held");
    expect((await post(demo, `/v1/ops/payments/${payment.id}/legal-hold`)).statusCode).toBe(403);
  });
});

describe("what was delivered", () => {
  const bucket = (name: string): string => `tallystick-local-${name}-123456789012`;
  let s3: S3Client;
  let directory: string;
  beforeAll(async () => {
    s3 = new S3Client(awsClient(system.endpoints));
    directory = mkdtempSync(join(tmpdir(), "tallystick-lake-"));
    await system.deliver();
  });
  afterAll(() => {
    s3.destroy();
    rmSync(directory, { recursive: true });
  });

  test("has what merchants wrote neither in the archive nor in the lake", async () => {
    const lines = linesIn(await objectsIn(s3, bucket("archive"), "events/"));
    expect(lines.filter((line) => line.includes('"sealed"')).length).toBeGreaterThan(0);
    const files = (await objectsIn(s3, bucket("lake"))).map(({ body }, index) => {
      const file = join(directory, `${index}.parquet`);
      writeFileSync(file, body);
      return file;
    });
    const rows = await askParquet(
      files,
      "SELECT to_json(event)::varchar AS row FROM (SELECT * FROM files) AS event",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const text of [...lines, ...rows.map(({ row }) => String(row))])
      expect(text).not.toMatch(/Jane Doe|jane-1001|"Jane"/);
  });

  test("is held from a terminal, day by day, and outlasts whoever may end its lock", async () => {
    const connection = { client: awsClient(system.endpoints), tablePrefix: "tallystick-local-" };
    const [object] = await objectsIn(s3, bucket("archive"), "events/");
    const since = /day=([\d-]+)/.exec(object?.key ?? "")?.[1];
    const named = { Bucket: bucket("archive"), Key: object?.key };
    const { VersionId } = await s3.send(new HeadObjectCommand(named));
    const remove = new DeleteObjectCommand({ ...named, VersionId, BypassGovernanceRetention: true });
    const all = /: (\d+) of \1 objects of 1 days are held/;
    expect(await holdArchive(connection, "hold", { since })).toMatch(all);
    await expect(s3.send(remove)).rejects.toThrow("object lock");
    expect(await holdArchive(connection, "look", { since })).toMatch(all);
    expect(await holdArchive(connection, "lift", { since })).toMatch(/: 0 of \d+ objects/);
    expect(await holdArchive(connection, "look", { since })).toMatch(/: 0 of \d+ objects/);
    await expect(holdArchive(connection, "hold", { since: "2027-02-30" })).rejects.toThrow("is no day");
  });
});
