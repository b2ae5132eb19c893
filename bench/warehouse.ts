import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import { Warehouse } from "#adapters/warehouse/warehouse.ts";
import { ledgerEventOf } from "#core/events/ledger-event.ts";
import { eventOf } from "#core/events/payment-event.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import { holdEntry } from "#core/payments/postings.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { openDoor } from "#local/door/door.ts";
import { runEngines } from "#local/engines.ts";
import { Guard } from "#local/iam/guard.ts";
import { statePaths } from "#local/state.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";

/**
 * How long an event needs to be an answer, and how a backlog is drained: from the stream, and from the archive. Stream,
 * buckets, door and the Data API are in this process, whose memory is measured; PostgreSQL is one of its own. No
 * randomness: event n is the same in each run. `node bench/warehouse.ts [backlog [backlog …]]`.
 */
const backlogs = process.argv.slice(2).map(Number);
if (backlogs.length === 0) backlogs.push(10_000, 100_000);

const perSecond = 100;
const steadySeconds = 20;
const visibleMsTarget = 5_000;
const putMax = 500;
const linesPerObject = 20_000;
const day = new Date().toISOString().slice(0, 10);
const StreamName = "tallystick-local-payment-events";
const Bucket = "tallystick-local-archive-123456789012";

/** What is put on the stream for one payment, in turn: that it was created, and its hold in the journal. */
function eventAt(n: number): { readonly id: string; readonly text: string } {
  const book = "mer_bench" as Book;
  const id = paymentIdOf({ book, route: "bench", idempotencyKey: `${Math.floor(n / 2)}` });
  const payment = { ...examplePayment(), book, id };
  if (n % 2 === 0) {
    const event = eventOf(undefined, payment);
    return { id: event.id, text: JSON.stringify(event) };
  }
  const hold = holdEntry(payment, exampleAuthorization, { now: noon, execution: "bench" });
  invariant(hold.ok, "the saga's postings are well-formed");
  const event = ledgerEventOf(entryRecord(hold.value));
  return { id: event.id, text: JSON.stringify(event) };
}

const say = (line: string): void => console.log(line);
const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;

async function open(started: AsyncDisposableStack) {
  const whole = committedPlan();
  // Nothing but the warehouse reads the stream here.
  const plan = { ...whole, resources: whole.resources.filter(({ type }) => !/firehose/i.test(type)) };
  const directory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
  started.defer(() => rmSync(directory, { recursive: true, force: true }));
  const credentials = new CredentialRegistry();
  const door = await openDoor({
    ...{ credentials, log: new CallLog(100), guard: new Guard(plan), warn: say, port: 0 },
  });
  started.defer(() => door.stop());
  const credentialsOf = (arn: string | undefined) => credentials.issueTo(arn);
  await runEngines({ plan, paths: statePaths(directory), door, credentialsOf, warn: say }, started);
  const options = {
    ...{ endpoint: door.url, region: plan.region },
    credentials: credentials.issueTo(undefined),
  };
  const kinesis = new KinesisClient({ ...options, maxAttempts: 20, requestHandler: new NodeHttpHandler() });
  const s3 = new S3Client(options);
  const data = new RedshiftDataClient(options);
  started.defer(() => {
    for (const client of [kinesis, s3, data]) client.destroy();
  });
  const api = new DataApi(data, { workgroup: "tallystick-local-warehouse", database: "warehouse" });
  const warehouse = new Warehouse(api, { stream: StreamName, archive: `s3://${Bucket}/events/` });
  await warehouse.migrate();
  return { kinesis, s3, warehouse };
}
type Bench = Awaited<ReturnType<typeof open>>;

/** What a shard refuses in this second is put again. */
async function put({ kinesis }: Bench, texts: readonly string[]): Promise<void> {
  let left = texts;
  while (left.length > 0) {
    const { Records = [] } = await kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: left.map((text) => ({ PartitionKey: text.slice(20, 60), Data: Buffer.from(text) })),
      }),
    );
    left = left.filter((_, at) => Records[at]?.ErrorCode !== undefined);
    if (left.length > 0) await sleep(100);
  }
}

const counted = async ({ warehouse }: Bench): Promise<number> => {
  const { rows } = await warehouse.ask(
    "SELECT (SELECT count(*) FROM finance.payment_events) + (SELECT count(DISTINCT event_id) FROM finance.entries)",
  );
  return Number(rows[0]?.[0]);
};

/** Events at a steady rate while loads follow each other: from when each was put until an answer has it. */
async function steady(bench: Bench): Promise<void> {
  const putAt = new Map<string, number>();
  const seenMs: number[] = [];
  let isPutting = true;
  const putting = (async () => {
    for (let second = 0; second < steadySeconds * 10; second += 1) {
      const events = Array.from({ length: perSecond / 10 }, (_, n) =>
        eventAt((second * perSecond) / 5 + 2 * n),
      );
      const at = performance.now();
      await put(
        bench,
        events.map(({ text }) => text),
      );
      for (const { id } of events) putAt.set(id, at);
      await sleep(Math.max(0, 100 - (performance.now() - at)));
    }
    isPutting = false;
  })();
  let loads = 0;
  while (isPutting || putAt.size > 0) {
    await bench.warehouse.load();
    loads += 1;
    const { rows } = await bench.warehouse.ask("SELECT event_id FROM finance.payment_events");
    const now = performance.now();
    for (const [id] of rows) {
      const at = putAt.get(String(id));
      if (at === undefined) continue;
      seenMs.push(now - at);
      putAt.delete(String(id));
    }
  }
  await putting;
  seenMs.sort((one, other) => one - other);
  const at = (share: number): number => Math.round(seenMs[Math.floor((seenMs.length - 1) * share)] ?? 0);
  say(
    `${perSecond} events/s for ${steadySeconds} s, ${loads} loads: visible after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
      `worst ${at(1)} ms (target: p99 under ${visibleMsTarget} ms, ${at(0.99) < visibleMsTarget ? "met" : "missed"})`,
  );
}

/** Takes the highest resident size of this process while something is done. */
async function measured(what: string, events: number, work: () => Promise<unknown>): Promise<void> {
  let peak = process.memoryUsage().rss;
  const before = peak;
  const looking = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  const began = performance.now();
  await work();
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1_000;
  say(
    `${what}: ${events} events in ${seconds.toFixed(1)} s, ${Math.round(events / seconds)}/s; ` +
      `this process ${mebibytes(before)} before, ${mebibytes(peak)} at most`,
  );
}

async function drainStream(bench: Bench, events: number): Promise<void> {
  for (let from = 0; from < events; from += putMax) {
    await put(
      bench,
      Array.from({ length: Math.min(putMax, events - from) }, (_, n) => eventAt(from + n).text),
    );
    if (from % 20_000 === 0) console.error(`put ${from} of ${events}`);
  }
  await measured("stream", events, () => bench.warehouse.load());
  invariant((await counted(bench)) === events, "each event is counted once");
}

async function drainArchive(bench: Bench, events: number): Promise<void> {
  for (let from = 0; from < events; from += linesPerObject) {
    const lines = Array.from(
      { length: Math.min(linesPerObject, events - from) },
      (_, n) => eventAt(from + n).text,
    );
    const Key = `events/day=${day}/${from}.json.gz`;
    await bench.s3.send(new PutObjectCommand({ Bucket, Key, Body: gzipSync(`${lines.join("\n")}\n`) }));
  }
  await measured("archive", events, () => bench.warehouse.rebuild(day));
  invariant((await counted(bench)) === events, "each event is counted once");
}

async function run(what: (bench: Bench) => Promise<void>): Promise<void> {
  const started = new AsyncDisposableStack();
  try {
    await what(await open(started));
  } finally {
    await started.disposeAsync();
  }
}

say(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, ${process.platform}, PostgreSQL 18 in Redshift's stead`,
);
await run(steady);
for (const events of backlogs) {
  await run((bench) => drainStream(bench, events));
  await run((bench) => drainArchive(bench, events));
}
