import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { SandboxAcquirer } from "#local/acquirers/acquirer.ts";
import { startServer } from "#local/acquirers/server.ts";
import { Bucket } from "#local/s3/bucket.ts";
import { bucketPlansOf } from "#local/s3/bucket-plan.ts";
import { S3Engine } from "#local/s3/engine.ts";
import { authorize, capture, refund, sandboxAcquirer } from "#tests/support/acquirer-requests.ts";
import { openEngineDoor } from "#tests/support/engine-door.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const apiKey = "k";
const today = { date: "2030-06-15" };
const csvName = "alpha-2030-06-15.csv";
const xmlName = "alpha-2030-06-15-EUR.camt053.xml";
const settled = {
  date: "2030-06-15",
  acquirer: "alpha",
  totals: [{ currency: "EUR", movements: 2, gross: 750, cost: 2, net: 748 }],
  files: [`/v1/settlements/${csvName}`, `/v1/settlements/${xmlName}`],
};

let acquirer: SandboxAcquirer;
let time: { now: number };
let url: string;

beforeEach(async () => {
  ({ acquirer, time } = sandboxAcquirer({ costBp: 20 }));
  for (const request of [authorize("a"), capture("c"), refund("r", 250)]) acquirer.execute(request);
  const server = await startServer(acquirer, { port: 0, latencyMs: 0, apiKey });
  onTestFinished(() => server.stop());
  url = server.url;
});

const authorized = { authorization: `Bearer ${apiKey}` };

/** The status code and the JSON of an answer. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...authorized, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return [answer.status, await answer.json()];
}

async function download(name: string) {
  const answer = await fetch(`${url}/v1/settlements/${name}`, { headers: authorized });
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
}

/** A bucket, a client's view into it, and what the acquirer is told of it. */
async function startInbox() {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-inbound-"));
  const plans = bucketPlansOf(planOf([resource("aws:s3/bucket:Bucket", "Inbound", { bucket: "inbound" })]));
  const engine = new S3Engine(
    plans.map((plan) => new Bucket(plan, directory, Date.now)),
    Date.now,
  );
  const door = await openEngineDoor(engine);
  const s3 = new S3Client(door.client);
  onTestFinished(async () => {
    s3.destroy();
    engine.stop();
    await door.stop();
    rmSync(directory, { recursive: true });
  });
  const { accessKeyId, secretAccessKey } = door.client.credentials;
  const settings = {
    endpoint: door.client.endpoint,
    bucket: "inbound",
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
  };
  const keys = async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "inbound" }));
    return Contents.map(({ Key }) => Key);
  };
  const read = async (Key: string) => {
    const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: "inbound", Key }));
    return { type: ContentType, text: await Body?.transformToString() };
  };
  return { settings, keys, read };
}

describe("the end of a day", () => {
  it("is closed once, and makes the same files each time", async () => {
    expect(await download(csvName)).toMatchObject({ status: 404 });
    expect(await ask("POST", "/sandbox/settlements", today)).toEqual([200, { ...settled, delivered: false }]);
    const csv = await download(csvName);
    expect(csv).toMatchObject({ status: 200, type: "text/csv; charset=utf-8" });
    expect(csv.text.split("\r\n")).toHaveLength(4);
    const xml = await download(xmlName);
    expect(xml).toMatchObject({ status: 200, type: "application/xml" });
    expect(xml.text).toContain('<Amt Ccy="EUR">10.00</Amt>');

    acquirer.execute(refund("r2", 1));
    expect(await ask("POST", "/sandbox/settlements", today)).toEqual([200, { ...settled, delivered: false }]);
    expect([await download(csvName), await download(xmlName)]).toEqual([csv, xml]);
  });

  it("leaves its files in the client's bucket, under the acquirer's name", async () => {
    const inbox = await startInbox();
    expect(await ask("PUT", "/sandbox/inbound", inbox.settings)).toEqual([200, { bucket: "inbound" }]);
    for (let n = 0; n < 2; n += 1)
      expect(await ask("POST", "/sandbox/settlements", today)).toEqual([
        200,
        { ...settled, delivered: true },
      ]);
    expect(await inbox.keys()).toEqual([`alpha/${xmlName}`, `alpha/${csvName}`]);
    for (const name of [csvName, xmlName]) {
      const { type, text } = await download(name);
      expect(await inbox.read(`alpha/${name}`)).toEqual({ type, text });
    }
  });

  it("is closed, and says so, when nobody takes its files: the same request delivers them later", async () => {
    const inbox = await startInbox();
    await ask("PUT", "/sandbox/inbound", { ...inbox.settings, bucket: "elsewhere" });
    expect(await ask("POST", "/sandbox/settlements", today)).toEqual([
      502,
      { error: "not_delivered", reason: "NoSuchBucket", ...settled },
    ]);
    await ask("PUT", "/sandbox/inbound", inbox.settings);
    expect(await ask("POST", "/sandbox/settlements", today)).toEqual([200, { ...settled, delivered: true }]);
  });

  it("comes by itself, and the files with it", async () => {
    const inbox = await startInbox();
    await ask("PUT", "/sandbox/inbound", inbox.settings);
    time.now += 24 * 60 * 60_000;
    await expect.poll(inbox.keys, { timeout: 10_000 }).toEqual([`alpha/${xmlName}`, `alpha/${csvName}`]);
    expect(await ask("POST", "/sandbox/settlements", today)).toEqual([200, { ...settled, delivered: true }]);
  });

  it("is delivered nowhere any more when that is taken back", async () => {
    const inbox = await startInbox();
    await ask("PUT", "/sandbox/inbound", inbox.settings);
    expect(await ask("PUT", "/sandbox/inbound", null)).toEqual([200, { bucket: null }]);
    expect(await ask("POST", "/sandbox/settlements", today)).toMatchObject([200, { delivered: false }]);
    expect(await inbox.keys()).toEqual([]);
  });

  it.each(["2030-02-30", "15 June", 20300615, undefined])("is no %s", async (date) => {
    expect(await ask("POST", "/sandbox/settlements", { date })).toEqual([400, { error: "malformed" }]);
  });
});

describe("a payout", () => {
  const paid = {
    ...today,
    acquirer: "alpha",
    totals: [{ currency: "EUR", net: 748 }],
    files: ["alpha-2030-06-15-EUR.camt054.xml"],
  };

  it("of a closed day is told by the client's bank, below its own name; again it is the same", async () => {
    const inbox = await startInbox();
    await ask("POST", "/sandbox/settlements", today);
    expect(await ask("POST", "/sandbox/payouts", today)).toEqual([200, { ...paid, delivered: false }]);
    expect(await ask("PUT", "/sandbox/bank", inbox.settings)).toEqual([200, { bucket: "inbound" }]);
    expect(await ask("POST", "/sandbox/payouts", today)).toEqual([200, { ...paid, delivered: true }]);
    const key = "bank/alpha-2030-06-15-EUR.camt054.xml";
    const first = await inbox.read(key);
    expect(first.text).toContain("<Ustrd>alpha 2030-06-15</Ustrd>");
    time.now += 24 * 60 * 60_000;
    await ask("POST", "/sandbox/payouts", today);
    expect(await inbox.keys()).toEqual([key]);
    expect(await inbox.read(key)).toEqual(first);
    expect(await ask("PUT", "/sandbox/bank", null)).toEqual([200, { bucket: null }]);
    expect(await ask("POST", "/sandbox/payouts", today)).toEqual([200, { ...paid, delivered: false }]);
  });

  it("waits for the day to be closed", async () => {
    expect(await ask("POST", "/sandbox/payouts", today)).toEqual([409, { error: "not_closed" }]);
    expect(await ask("POST", "/sandbox/payouts", { date: "15 June" })).toEqual([400, { error: "malformed" }]);
  });

  it("says so when nobody takes the bank's file", async () => {
    const inbox = await startInbox();
    await ask("POST", "/sandbox/settlements", today);
    await ask("PUT", "/sandbox/bank", { ...inbox.settings, bucket: "elsewhere" });
    expect(await ask("POST", "/sandbox/payouts", today)).toEqual([
      502,
      { error: "not_delivered", reason: "NoSuchBucket", ...paid },
    ]);
  });
});

describe("a dispute", () => {
  const opened = {
    id: expect.stringMatching(/^dsp_[0-9a-z]{26}$/),
    amount: 750,
    currency: "EUR",
    reason: "fraudulent",
    evidence_due_at: expect.stringMatching(/^20/),
  };

  async function open(): Promise<string> {
    const body = { reference: "ref_1", reason: "fraudulent" };
    const [, { id }] = (await ask("POST", "/sandbox/disputes", body)) as [number, { id: string }];
    return id;
  }

  it("is opened on demand, and shown to the client", async () => {
    const body = { reference: "ref_1", reason: "fraudulent" };
    expect(await ask("POST", "/sandbox/disputes", body)).toEqual([201, opened]);
    // Nothing is left to dispute.
    expect(await ask("POST", "/sandbox/disputes", body)).toEqual([409, { error: "not_disputable" }]);
  });

  it("may be named by the client's key of an operation, and say until when it takes evidence", async () => {
    const body = { operation_key: "c", reason: "fraudulent", due_in_seconds: 0 };
    const [statusCode, { id }] = (await ask("POST", "/sandbox/disputes", body)) as [number, { id: string }];
    expect(statusCode).toBe(201);
    const late = { "idempotency-key": "k1" };
    expect(await ask("POST", `/v1/disputes/${id}/evidence`, { text: "late" }, late)).toMatchObject([
      409,
      { error: "not_open" },
    ]);
    expect(await ask("GET", `/v1/disputes/${id}`)).toMatchObject([200, { outcome: "lost", evidence: [] }]);
  });

  it("takes evidence and an outcome, and is then over", async () => {
    const id = await open();
    const path = `/v1/disputes/${id}/evidence`;
    const evidence = { text: "The parcel was signed for." };
    const first = { "idempotency-key": "dsp_x:evidence:1" };
    for (let n = 0; n < 2; n += 1)
      expect(await ask("POST", path, evidence, first)).toEqual([
        202,
        { ...opened, key: "dsp_x:evidence:1", evidence: 1 },
      ]);
    expect(await ask("POST", path, { text: "" }, { "idempotency-key": "k2" })).toMatchObject([400, {}]);
    expect(await ask("POST", path, evidence)).toEqual([400, { error: "malformed" }]);

    expect(await ask("POST", `/sandbox/disputes/${id}`, { outcome: "won" })).toEqual([
      200,
      { ...opened, outcome: "won" },
    ]);
    expect(await ask("GET", `/v1/disputes/${id}`)).toEqual([
      200,
      { ...opened, outcome: "won", key: "c", reference: "ref_1", evidence: ["dsp_x:evidence:1"] },
    ]);
    expect(await ask("POST", `/sandbox/disputes/${id}`, { outcome: "lost" })).toEqual([
      409,
      { error: "not_open" },
    ]);
    expect(await ask("POST", path, evidence, { "idempotency-key": "k3" })).toMatchObject([409, {}]);
  });

  it.each<{ what: string; method?: string; path: string; body?: object; answer: [number, string] }>([
    {
      what: "of nothing known",
      path: "/sandbox/disputes",
      body: { reference: "ref_9", reason: "fraudulent" },
      answer: [404, "unknown_reference"],
    },
    {
      what: "of more than was captured",
      path: "/sandbox/disputes",
      body: { reference: "ref_1", reason: "fraudulent", amount: 751 },
      answer: [409, "not_disputable"],
    },
    {
      what: "without a reason",
      path: "/sandbox/disputes",
      body: { reference: "ref_1" },
      answer: [400, "malformed"],
    },
    {
      what: "that is unknown, as it ends",
      path: "/sandbox/disputes/dsp_9",
      body: { outcome: "won" },
      answer: [404, "unknown_dispute"],
    },
    {
      what: "that is unknown, when asked for",
      method: "GET",
      path: "/v1/disputes/dsp_9",
      answer: [404, "unknown_dispute"],
    },
  ])("$what is refused", async ({ method = "POST", path, body, answer: [statusCode, error] }) => {
    expect(await ask(method, path, body)).toEqual([statusCode, { error }]);
  });
});

it.each([
  ["POST", "/sandbox/settlements"],
  ["PUT", "/sandbox/inbound"],
  ["PUT", "/sandbox/bank"],
  ["POST", "/sandbox/payouts"],
  ["PUT", "/sandbox/notify-url"],
  ["POST", "/sandbox/disputes"],
  ["POST", "/v1/disputes/dsp_9/evidence"],
  ["GET", `/v1/settlements/${csvName}`],
])("%s %s asks for the acquirer's key", async (method, path) => {
  const answer = await fetch(`${url}${path}`, { method, headers: { authorization: "Bearer another" } });
  expect([answer.status, await answer.json()]).toEqual([401, { error: "unauthorized" }]);
});
