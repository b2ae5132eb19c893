import {
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { schemaFaults } from "#tests/support/camt-schema.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const Bucket = "tallystick-local-inbound-123456789012";
const visa = { number: "4242424242424242" };

let system: TestSystem;
let s3: S3Client;
let demo: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  const { endpoint, region, access_key_id, secret_access_key } = system.endpoints.aws;
  const credentials = { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  s3 = new S3Client({ endpoint, region, credentials });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(async () => {
  s3?.destroy();
  await system?.stop();
});

interface Closed {
  readonly delivered: boolean;
  readonly totals: readonly object[];
  readonly files: readonly string[];
}
const urlOf = (acquirer: "alpha" | "beta") => system.endpoints.acquirers[acquirer === "alpha" ? 0 : 1] ?? "";
/** An acquirer closes this day at its desk. */
async function close(acquirer: "alpha" | "beta"): Promise<Closed> {
  const date = new Date().toISOString().slice(0, 10);
  const answer = await fetch(`${urlOf(acquirer)}/sandbox/settlements`, {
    method: "POST",
    body: JSON.stringify({ date }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Closed;
}
/** What the acquirer shows of these files, under the keys that they have in the bucket. */
const shownBy = (acquirer: "alpha" | "beta", { files }: Closed) =>
  Promise.all(
    files.map(async (path) => {
      const answer = await fetch(urlOf(acquirer) + path);
      const key = `${acquirer}/${path.split("/").at(-1)}`;
      return { key, type: answer.headers.get("content-type"), text: await answer.text() };
    }),
  );
async function read(Key: string) {
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return { key: Key, type: ContentType, text: await Body?.transformToString() };
}
const keysIn = async () => {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key }) => Key ?? "");
};

test("a day's payments are in the files that each acquirer leaves in our bucket, below its own name", async () => {
  const paid = await demo.payWithCard(visa);
  const headers = { "idempotency-key": newKey() };
  const refunded = await demo.send("POST", `/v1/payments/${paid.body.id}/refunds`, {
    body: { amount: 5_00 },
    headers,
  });
  expect(refunded.body).toMatchObject({ state: "succeeded" });
  // Alpha does not take KWD.
  const other = await demo.payWithCard(visa, { currency: "KWD", amount: 1_234 });

  const [alpha, beta] = [await close("alpha"), await close("beta")];
  expect([alpha.delivered, beta.delivered]).toEqual([true, true]);
  expect(alpha.totals).toMatchObject([{ currency: "USD", movements: 2, gross: 12_34 - 5_00 }]);
  expect(beta.totals).toMatchObject([{ currency: "KWD", movements: 1, gross: 1_234 }]);

  const shown = [...(await shownBy("alpha", alpha)), ...(await shownBy("beta", beta))];
  expect(await keysIn()).toEqual(shown.map(({ key }) => key).toSorted());
  for (const file of shown) expect(await read(file.key)).toEqual(file);
  const [csv, xml] = shown;
  expect([csv?.type, xml?.type]).toEqual(["text/csv; charset=utf-8", "application/xml"]);
  expect(csv?.text).toContain(`capture,${paid.body.id}:capture:1,`);
  const statements = shown.filter(({ key }) => key.endsWith(".xml"));
  expect(statements.map(({ text }) => schemaFaults(text))).toEqual([[], []]);
  expect(shown[2]?.text).toContain(`capture,${other.body.id}:capture:1,`);
});

test("the same day again is the same bytes under the same keys, and what came first is kept behind them", async () => {
  await demo.payWithCard(visa);
  const before = await Promise.all((await keysIn()).map(read));
  await close("alpha");
  expect(await Promise.all((await keysIn()).map(read))).toEqual(before);
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: "alpha/" }));
  expect(Map.groupBy(Versions, ({ Key }) => Key).size).toBe(2);
  expect(Versions).toHaveLength(4);
  expect(new Set(Versions.map(({ ETag }) => ETag)).size).toBe(2);
});

test("each file is put in the name of the role of its acquirer", () => {
  const puts = system.calls
    .recent()
    .filter(({ service, action }) => service === "s3" && action === "PutObject");
  expect(new Set(puts.map(({ caller }) => caller))).toEqual(
    new Set(["tallystick-deliverer-local-alpha", "tallystick-deliverer-local-beta"]),
  );
});
