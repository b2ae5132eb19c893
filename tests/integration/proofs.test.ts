import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
import { overwriteOnDisk } from "#tests/support/bucket-on-disk.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { altered, impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { Told } from "#tests/support/told.ts";

const archive = "tallystick-local-archive-123456789012";
const today = new Date().toISOString().slice(0, 10);
const root = join(import.meta.dirname, "../..");

let stateDirectory: string;
let system: TestSystem;
let told: Told;
let s3: S3Client;
let books: Client;

/** The estate's plan, in which it is 1 o'clock each minute. */
const provenEachMinute = () =>
  altered(impatient(committedPlan()), ({ name, inputs }) =>
    name === "ProveArchive" ? { ...inputs, scheduleExpression: "rate(1 minute)" } : undefined,
  );

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-proofs-"));
  system = await startTestSystem({ plan: provenEachMinute(), pods: true, stateDirectory });
  told = new Told(system.endpoints);
  s3 = new S3Client(awsClient(system.endpoints));
  books = new Client(system.endpoints.postgres);
  await books.connect();
});
afterAll(async () => {
  told?.stop();
  s3?.destroy();
  await books?.end();
  await system?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** As a person at a terminal runs it: with what it prints, and how it ends. */
async function ops(...words: readonly string[]): Promise<{ readonly text: string; readonly code: number }> {
  const child = spawn(process.execPath, ["cli/main.ts", ...words, "--state-directory", stateDirectory], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  const [printed, complained] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { text: printed + complained, code: await ended };
}
const verify = () => ops("verify", "--since", today);

/** Pays, and waits until the reconciler has posted it by way of the archive. */
async function pay(amount: number): Promise<void> {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  await demo.payWithCard({ number: "4242424242424242" }, { amount, currency: "USD" });
  await eventually(async () => ((await told.findings()).length === 0 ? true : undefined));
  await system.deliver();
}

/** Numbers of the proofs in the archive. */
async function proofs(): Promise<readonly number[]> {
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: archive, Prefix: "proofs/day=" }),
  );
  return Contents.map(({ Key = "" }) => Number(/(\d+)\.jsonl$/.exec(Key)?.[1]));
}

/** Asks for a proof until one names all files that the archive has. */
async function proveAll(): Promise<void> {
  await eventually(async () => {
    const asked = await ops("archive", "prove");
    expect(asked.text).toMatch(/^proven: proofs\/day=\d{4}-\d\d-\d\d\/\d{10}\.jsonl$/m);
    const { text } = await verify();
    return text.includes("not proven yet") || text.includes("no proof:") ? undefined : true;
  });
}

async function anEventFile(): Promise<{ readonly key: string; readonly lines: readonly string[] }> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: archive, Prefix: "events/" }));
  const key = Contents[0]?.Key ?? expect.fail("the archive has no events");
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: archive, Key: key }));
  const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString();
  return { key, lines: text.split("\n").slice(0, -1) };
}

test("a day is proven, signed and under lock; whoever checks it needs the archive and the key alone", async () => {
  await pay(20_00);
  await proveAll();
  const { text, code } = await verify();
  expect(text).toMatch(/^\d+ proofs?, signed by the key with the SHA-256 [0-9a-f]{64}$/m);
  expect(text).toMatch(/^as proven: [1-9]\d* files?, [1-9]\d* lines$/m);
  expect(text).toContain("nothing was tampered with");
  expect(code).toBe(0);

  const fingerprint = /SHA-256 ([0-9a-f]{64})/.exec(text)?.[1] ?? "";
  const named = (key: string) => ops("verify", "--since", today, "--public-key", key);
  expect(await named(fingerprint)).toMatchObject({ code: 0 });
  expect(await named("0".repeat(64))).toMatchObject({
    code: 1,
    text: expect.stringContaining("is another one"),
  });

  const { Versions = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket: archive, Prefix: "proofs/day=" }),
  );
  const { Key, VersionId } = Versions[0] ?? expect.fail("there is no proof");
  const deleted = s3.send(new DeleteObjectCommand({ Bucket: archive, Key, VersionId }));
  await expect(deleted).rejects.toThrow("Access Denied");
});

test("the ledger, the books and the warehouse have the same balances", async () => {
  const { text, code } = await ops("prove", "--books", "--warehouse");
  expect(text).toMatch(/each account is the same in the books +[1-9]\d* +OK/);
  expect(text).toMatch(/each account is the same in the warehouse +[1-9]\d* +OK/);
  expect(text).toContain("nothing is wrong");
  expect(code).toBe(0);
});

test("books that are not the ledger any more are found, account by account", async () => {
  // As who owns the database could: the books' own functions and triggers refuse it.
  const change = (by: number) =>
    books.query(`BEGIN; ALTER TABLE books.postings DISABLE TRIGGER only_added;
      UPDATE books.postings SET amount = amount + ${by} WHERE account = 'mer_demo:1100:alpha:USD' AND effect = 'posted';
      ALTER TABLE books.postings ENABLE TRIGGER only_added; COMMIT`);
  await change(1);
  const { text, code } = await ops("prove", "--books");
  await change(-1);
  expect(text).toMatch(/mer_demo:1100:alpha:USD: the ledger has 2000, the books 2001/);
  expect(text).toMatch(/mer_demo:1100:alpha:USD USD: \d{4}-\d\d-\d\d is not the sum of its postings/);
  expect(code).toBe(1);
});

test("a proof is made by itself, when the schedule says so", async () => {
  const before = await proofs();
  await pay(30_00);
  await eventually(async () => ((await proofs()).length > before.length ? true : undefined), 90_000);
}, 120_000);

test("a line that was changed on disk is named, with what it says now, and the command ends with 1", async () => {
  const { key, lines } = await anEventFile();
  const id = JSON.parse(lines[0] ?? "{}").id;
  const changed = lines.with(0, lines[0]?.replace('"schema":1', '"schema":1,"forged":true') ?? "");
  const write = (all: readonly string[]) =>
    overwriteOnDisk(
      join(stateDirectory, "engines", "s3"),
      archive,
      key,
      gzipSync(all.map((each) => `${each}\n`).join("")),
    );
  write(changed);
  const { text, code } = await verify();
  write(lines);
  expect(text).toContain(`TAMPERED WITH  ${key}: line 1 was changed: it says ${id}`);
  expect(code).toBe(1);
});

test("a version that was put over a file is named, though the first one is whole", async () => {
  const { key, lines } = await anEventFile();
  const Body = gzipSync(
    lines
      .slice(1)
      .map((each) => `${each}\n`)
      .join(""),
  );
  await s3.send(new PutObjectCommand({ Bucket: archive, Key: key, Body }));
  const { text, code } = await verify();
  expect(text).toContain(`TAMPERED WITH  ${key}: another version was put over what proof`);
  expect(code).toBe(1);
});

test("a command that names no day, or a key that is none, says what to do", async () => {
  expect(await ops("verify")).toMatchObject({
    code: 1,
    text: expect.stringContaining("say --since which day"),
  });
  const file = join(stateDirectory, "no-key.pem");
  writeFileSync(file, "no key");
  expect(await ops("verify", "--since", today, "--public-key", file)).toMatchObject({
    ...{ code: 1, text: expect.stringContaining("is no public key in PEM") },
  });
});
