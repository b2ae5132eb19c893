import { gzipSync } from "node:zlib";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ProofStore } from "#adapters/archive/proof-store.ts";
import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import type { ObjectName } from "#adapters/s3/object-lines.ts";
import { ledgerEventOf } from "#core/events/ledger-event.ts";
import type { AccountId } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import type { Movement } from "#local/acquirers/records.ts";
import { filesOf } from "#local/acquirers/settlement-files.ts";
import { postJournalFile } from "#reconciler/journal-files.ts";
import { takeSettlementFile } from "#reconciler/settlement-files.ts";
import { Worker } from "#reconciler/worker.ts";
import { type BooksServer, startBooksServer } from "#tests/support/books-server.ts";
import { type Cloud, openCloud } from "#tests/support/cloud.ts";
import { eventually } from "#tests/support/eventually.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { demo, noon } from "#tests/support/examples.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const bucket = "landing";
const queue = (name: string, more: object = {}) => resource("aws:sqs/queue:Queue", name, { name, ...more });
const plan = planOf([
  resource("aws:s3/bucket:Bucket", "Landing", { bucket }),
  queue("unread"),
  queue("files", {
    redrivePolicy: JSON.stringify({
      deadLetterTargetArn: "arn:aws:sqs:eu-west-1:123456789012:unread",
      maxReceiveCount: 1,
    }),
  }),
]);

let server: BooksServer;
let pool: Pool;
let books: Books;
let cloud: Cloud;
let s3: S3Client;

beforeAll(async () => {
  server = await startBooksServer();
  await migrateBooks(server.owner);
  pool = new Pool({ connectionString: server.url });
  books = new Books(pool);
});
afterAll(async () => {
  await pool?.end();
  await server?.stop();
});
beforeEach(async () => {
  cloud = await openCloud(plan, { name: "ours", endpoint: undefined });
  s3 = new S3Client(cloud.client);
});
afterEach(async () => {
  s3.destroy();
  await cloud.stop();
});

const usd = "USD" as Currency;
const told = (id: string): string =>
  JSON.stringify(
    ledgerEventOf(
      entryRecord({
        ...{
          id: id as EntryId,
          book: demo,
          state: "posted",
          effectiveAt: noon,
          recordedAt: noon,
          execution: "e",
        },
        legs: [debit("acc_a" as AccountId, 1n, usd), credit("acc_b" as AccountId, 1n, usd)],
      }),
    ),
  );

const put = (key: string, body: Uint8Array | string) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
const parked = async (): Promise<readonly (readonly [string, string])[]> =>
  (await pool.query("SELECT event, reason FROM books.parked ORDER BY parked_at")).rows.map(
    ({ event, reason }) => [event, reason],
  );

describe("a file of the journal", () => {
  const post = (file: ObjectName) =>
    postJournalFile(
      ...([s3, books, { books: new BooksProofs(pool), store: new ProofStore(s3, bucket) }] as const),
      ...([file, () => noon] as const),
    );

  test("is posted record by record; of payments' events, and of its own repetitions, nothing is", async () => {
    const lines = [told("je_1"), JSON.stringify(exampleEvent()), told("je_2"), told("je_1")];
    await put("a.json.gz", gzipSync(`${lines.join("\n")}\n`));
    const file = { bucket, key: "a.json.gz" };
    expect(await post(file)).toEqual({ lines: 4, posted: 2, parked: 0 });
    expect(await post(file)).toEqual({ lines: 4, posted: 0, parked: 0 });
  });

  test("with lines that no schema knows is posted all the same, and they are parked with the reason", async () => {
    const lines = ["no JSON \u0000", '{"type":"ledger.posted"}', told("je_3")];
    await put("b.json", lines.join("\n"));
    const file = { bucket, key: "b.json" };
    expect(await post(file)).toEqual({ lines: 3, posted: 1, parked: 2 });
    expect(await parked()).toEqual([
      ["no JSON \ufffd", "it is no JSON text"],
      ['{"type":"ledger.posted"}', expect.stringContaining("schema")],
    ]);
  });

  test("that is cut off is an error behind what could be read, and is whole the next time", async () => {
    const whole = gzipSync(Array.from({ length: 2_000 }, (_, n) => told(`je_cut_${n}`)).join("\n"));
    await put("c.json.gz", whole.subarray(0, whole.length - 20));
    const file = { bucket, key: "c.json.gz" };
    await expect(post(file)).rejects.toThrow("unexpected end of file");
    await put("c.json.gz", whole);
    expect((await post(file)).posted).toBeLessThanOrEqual(2_000);
    const { rows } = await pool.query(
      "SELECT count(*)::int FROM books.records WHERE entry LIKE 'je\\_cut\\_%'",
    );
    expect(rows).toEqual([{ count: 2_000 }]);
  });

  test.each([
    ["is not there", "gone.json", undefined, "NoSuchKey"],
    ["is no gzip", "d.json.gz", "text", "incorrect header check"],
    ["has no ends of lines", "e.json", "x".repeat(3_000_000), "has a line of more than 1048576 bytes"],
  ])("that %s is an error", async (_name, key, body, says) => {
    if (body !== undefined) await put(key, body);
    const failed = post({ bucket, key });
    await expect(failed.catch((thrown: Error) => `${thrown.name} ${thrown.message}`)).resolves.toContain(
      says,
    );
  });
});

describe("a file of an acquirer", () => {
  const capture = (n: number): Movement => ({
    ...{ kind: "capture", key: `pay_${String(n).padStart(26, "0")}:capture:1`, reference: `alpha_${n}` },
    ...{ merchant: "mer_demo", amount: 100 + n, currency: "USD", cost: 1, at: noon, ordinal: n },
  });
  const statement = {
    ...{ acquirer: "alpha", date: "2026-03-01", closedAt: noon },
    movements: Array.from({ length: 2_500 }, (_, n) => capture(n + 1)),
  };
  const [csv, xml] = filesOf(statement);
  const clock = () => noon;
  let settlement: Settlement;
  beforeAll(() => {
    settlement = new Settlement(pool);
  });

  test("is taken line by line, once, whatever its form: what both say is one movement", async () => {
    for (const { name, content } of filesOf(statement)) await put(`alpha/${name}`, content);
    const take = (key: string) => takeSettlementFile(s3, settlement, { bucket, key }, clock);
    expect(await take(`alpha/${csv?.name}`)).toEqual({ lines: 2_500, taken: 2_500, flaws: 0 });
    expect(await take(`alpha/${csv?.name}`)).toEqual({ lines: 2_500, taken: 0, flaws: 0 });
    // And the day's cost.
    expect(await take(`alpha/${xml?.name}`)).toEqual({ lines: 2_501, taken: 2_501, flaws: 0 });
    const { rows } = await pool.query(
      "SELECT count(*)::int, sum(gross)::int AS gross, sum(cost)::int AS cost FROM settlement.movements WHERE kind = 'capture'",
    );
    expect(rows).toEqual([{ count: 2_500, gross: 250_000 + 1_250 * 2_501, cost: 2_500 }]);
    expect(await settlement.flaws(`alpha/${xml?.name}`)).toEqual([]);
  });

  test("that is cut off is taken up to there, says so, and is whole when it is left again", async () => {
    const key = "alpha/cut.csv";
    const content = csv?.content.replaceAll("2026-03-01", "2026-03-02") ?? "";
    await put(key, content.slice(0, 100_000));
    const cut = await takeSettlementFile(s3, settlement, { bucket, key, versionId: undefined }, clock);
    expect(cut).toMatchObject({ flaws: 1 });
    expect(cut.taken).toBeGreaterThan(500);
    expect(await settlement.files(1)).toMatchObject([
      { key, flaws: 1, endedBy: expect.stringMatching(/^\d+: /) },
    ]);
    await put("alpha/whole.csv", content);
    expect(await takeSettlementFile(s3, settlement, { bucket, key: "alpha/whole.csv" }, clock)).toEqual({
      ...{ lines: 2_500, taken: 2_500, flaws: 0 },
    });
    const { rows } = await pool.query(
      "SELECT count(*)::int FROM settlement.movements WHERE settled_on = '2026-03-02'",
    );
    expect(rows).toEqual([{ count: 2_500 }]);
  });

  test("with more flaws than a person reads has the first thousand kept, and that there are more, and where it ended", async () => {
    const key = "alpha/bad.csv";
    const [header = "", ...rest] = csv?.content.replaceAll("2026-03-01", "2026-03-03").split("\r\n") ?? [];
    const bad = Array.from({ length: 3_000 }, (_, n) => `no line ${n}`);
    await put(key, [header, rest[0], ...bad, rest[1], rest[2]?.slice(0, 20)].join("\r\n"));
    const refuse = vi.spyOn(settlement, "refuse");
    for (const taken of [2, 0])
      expect(await takeSettlementFile(s3, settlement, { bucket, key }, clock)).toEqual({
        ...{ lines: 2, taken, flaws: 3_001 },
      });
    // Nor does anybody ask a million times.
    expect(refuse).toHaveBeenCalledTimes(2 * 1_002);
    refuse.mockRestore();
    const flaws = await settlement.flaws(key);
    expect(flaws).toHaveLength(1_002);
    expect(flaws.slice(999).map(({ place, reason, endsFile }) => [place, reason, endsFile])).toEqual([
      [1_002, expect.stringContaining("fields"), false],
      [1_003, "more than 1000 flaws: this one and those behind it are not kept, the file has them", false],
      [3_004, expect.any(String), true],
    ]);
  });
});

describe("a worker", () => {
  const url = "https://sqs.eu-west-1.amazonaws.com/123456789012";
  let sqs: SQSClient;
  let errors: string[];
  let worker: Worker;
  beforeEach(() => {
    sqs = new SQSClient({ ...cloud.client, useQueueUrlAsEndpoint: false });
    errors = [];
  });
  afterEach(async () => {
    await worker.stop();
    sqs.destroy();
  });

  function start(handle: (body: string) => Promise<void>): void {
    worker = new Worker({
      sqs,
      queueUrl: `${url}/files`,
      leaseSeconds: 300,
      handle: ({ body }) => handle(body),
      tell: ({ message }) => errors.push(message),
    });
    worker.start();
  }
  const send = (MessageBody: string) =>
    sqs.send(new SendMessageCommand({ QueueUrl: `${url}/files`, MessageBody }));
  async function waitingIn(name: string): Promise<readonly [string, string]> {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: `${url}/${name}`, AttributeNames: ["All"] }),
    );
    const { ApproximateNumberOfMessages: there = "", ApproximateNumberOfMessagesNotVisible: taken = "" } =
      Attributes ?? {};
    return [there, taken];
  }

  test("does what messages say, and takes them out of the queue", async () => {
    const done: string[] = [];
    start((body) => Promise.resolve(void done.push(body)));
    await send("one");
    await send("two");
    await eventually(async () => (done.length === 2 ? true : undefined));
    await eventually(async () => ((await waitingIn("files")).join() === "0,0" ? true : undefined));
    expect(done.toSorted()).toEqual(["one", "two"]);
    expect(errors).toEqual([]);
  });

  test("says what failed, and leaves it to the queue, which gives it up in the end", async () => {
    start(() => Promise.reject(new Error("no books")));
    await send("one");
    await eventually(async () => (errors.length > 0 ? true : undefined));
    expect(errors).toEqual([expect.stringContaining("no books")]);
    await worker.stop();
    expect(await waitingIn("files")).toEqual(["0", "1"]);
    await cloud.pass(300_000);
    start(() => Promise.resolve());
    await eventually(async () => ((await waitingIn("unread")).join() === "1,0" ? true : undefined));
  });

  test("that is asked to end does so at once while nothing is there, and after its work while there is", async () => {
    start(() => Promise.resolve());
    // It has asked by then, and waits for the answer.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = performance.now();
    await worker.stop();
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(errors).toEqual([]);

    const work = Promise.withResolvers<void>();
    let isTaken = false;
    start(() => {
      isTaken = true;
      return work.promise;
    });
    await send("one");
    await eventually(async () => (isTaken ? true : undefined));
    let isOver = false;
    const over = worker.stop().then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isOver).toBe(false);
    work.resolve();
    await over;
    expect(await waitingIn("files")).toEqual(["0", "0"]);
  });
});
