import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "#local/acquirers/server.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Guard } from "#local/iam/guard.ts";
import { deliveryRoleOf } from "#local/plan-facts.ts";
import { Bucket } from "#local/s3/bucket.ts";
import { bucketPlansOf } from "#local/s3/bucket-plan.ts";
import { S3Engine } from "#local/s3/engine.ts";
import { authorize, capture, sandboxAcquirer } from "#tests/support/acquirer-requests.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";

/** The bucket of the committed plan, behind its IAM, and the key that alpha is given. */
const plan = committedPlan();
const role = deliveryRoleOf(plan, "alpha");
const bucket = role?.bucket ?? "";
const day = "2030-06-15";

let directory: string;
let engine: S3Engine;
let door: Door;
let s3: S3Client;
let access: Readonly<Record<string, string>>;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-inbound-files-"));
  engine = new S3Engine(
    bucketPlansOf(plan).map((each) => new Bucket(each, directory, Date.now)),
    Date.now,
  );
  const credentials = new CredentialRegistry();
  const [guard, log] = [new Guard(plan), new CallLog(100)];
  door = await openDoor({ credentials, log, guard, warn: () => undefined, port: 0 });
  door.serve(engine);
  const key = credentials.issue("alpha-delivery", role?.arn);
  s3 = new S3Client({ endpoint: door.url, region: plan.region, credentials: key, maxAttempts: 1 });
  access = {
    ...{ endpoint: door.url, region: plan.region, bucket },
    ...{ access_key_id: key.accessKeyId, secret_access_key: key.secretAccessKey },
  };
});
afterAll(async () => {
  s3.destroy();
  engine.stop();
  await door.stop();
  rmSync(directory, { recursive: true });
});

/** What an acquirer of this name is answered when it closes its day and leaves the files with alpha's key. */
async function settledBy(name: string) {
  const { acquirer } = sandboxAcquirer({ name });
  for (const request of [authorize("a"), capture("c")]) acquirer.execute(request);
  const server = await startServer(acquirer, { port: 0, latencyMs: 0 });
  const ask = async (method: string, path: string, body: object) => {
    const answer = await fetch(`${server.url}${path}`, { method, body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };
  await ask("PUT", "/sandbox/inbound", access);
  const settled = await ask("POST", "/sandbox/settlements", { date: day });
  await server.stop();
  return settled;
}

test("an acquirer leaves its files below its own name", async () => {
  expect(await settledBy("alpha")).toMatchObject([200, { delivered: true }]);
});

test("with its key no file comes below another's name", async () => {
  expect(await settledBy("beta")).toMatchObject([502, { error: "not_delivered", reason: "AccessDenied" }]);
});

describe("its key is good for nothing else", () => {
  const Bucket = bucket;
  test.each([
    ["a file beside its folder", new PutObjectCommand({ Bucket, Key: "alpha-2.csv", Body: "x" })],
    ["a file in no folder", new PutObjectCommand({ Bucket, Key: "x.csv", Body: "x" })],
    ["reading what it left", new GetObjectCommand({ Bucket, Key: `alpha/alpha-${day}.csv` })],
    ["taking it away", new DeleteObjectCommand({ Bucket, Key: `alpha/alpha-${day}.csv` })],
    ["a list of what is there", new ListObjectsV2Command({ Bucket, Prefix: "alpha/" })],
  ])("%s", async (_what, command) => {
    await expect(s3.send(command as GetObjectCommand)).rejects.toMatchObject({ name: "AccessDenied" });
  });
});
