import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchWriteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord } from "aws-lambda";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { sumOfFolds } from "#core/ledger/shard-fold.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import { captureResolution, holdEntry } from "#core/payments/postings.ts";
import type * as Folder from "#functions/consumers/folder.ts";
import { dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { ensureTables, tablePlansOf } from "#local/dynamodb/tables.ts";
import { statePaths } from "#local/state.ts";
import { startSystem } from "#local/system.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { clientOptions } from "#tests/support/tables.ts";

/**
 * Entries per second that the folder counts, against the emulator: first the function alone, by size of batch; then
 * through all that it runs on here, the stream's poller, the door and the runtime, from a journal that stands in the
 * stream. `node bench/folder.ts [entries [books]]`.
 */

const entries = Number(process.argv[2] ?? 40_000);
const books = Number(process.argv[3] ?? 1);
const batchSizes = [100, 500, 1_000, 2_000, 5_000];
const targetPerSecond = 5_000;
/** The emulator takes 3 ms for each: it is the journal's writing that takes long, and is not measured. */
const entriesInStreamMax = 6_000;
const ledger = "tallystick-local-ledger";
const pollMs = 20;
const batchWriteMax = 25;

const plan = committedPlan();
const bookOf = (n: number): Book => `mer_bench_${n % books}` as Book;

/** The hold of a payment and its capture, as the saga posts them. */
function recordsOf(n: number): JournalRecord[] {
  const book = bookOf(n);
  const payment = {
    ...examplePayment(),
    book,
    id: paymentIdOf({ book, route: "bench", idempotencyKey: `${n}` }),
  };
  const authorization = exampleAuthorization;
  const hold = holdEntry(payment, authorization, { now: noon, execution: "bench" });
  const authorized = evolve(payment, { type: "authorized", authorization }, noon);
  const capture = captureResolution(authorized, authorization, payment.total.amount, {
    now: noon + minute,
    execution: "bench",
  });
  invariant(hold.ok && capture.ok, "the saga's postings are well-formed");
  return [entryRecord(hold.value), resolutionRecord(capture.value)];
}

const records = Array.from({ length: entries / 2 }, (_, n) => recordsOf(n)).flat();
const events = records.map(streamedEvent);
const expectedLines = fold(records).size;

const [{ model } = { model: "unknown" }] = cpus();
console.log(
  `machine  ${cpus().length} × ${model}, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}, dynoxide 1.2.1`,
);
console.log(`journal  ${records.length} entries in ${books} book(s) of 16 shards`);
for (const batchSize of batchSizes) {
  tell(`function alone, batches of ${batchSize}`, await perSecondAlone(batchSize));
}
tell("through the local cloud", await perSecondWhole());

function tell(what: string, perSecond: number): void {
  const verdict = perSecond >= targetPerSecond ? "" : `  below ${targetPerSecond}`;
  console.log(`${what.padEnd(38)} ${perSecond.toFixed(0).padStart(6)} entries/s${verdict}`);
}

/** The handler in this process, one batch after the other, as one shard of the stream would bring them. */
async function perSecondAlone(batchSize: number): Promise<number> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
  const server = await startLedger(stateDirectory);
  process.env["LEDGER_TABLE"] = ledger;
  process.env["EPOCH"] = String(firstEpoch);
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = server.endpoint;
  process.env["AWS_REGION"] = clientOptions.region;
  process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "bench";
  // A module of its own for each: it remembers its endpoint, and what it counted.
  const { handler } = (await import(`#functions/consumers/folder.ts?${batchSize}`)) as typeof Folder;
  const startedAt = performance.now();
  for (let from = 0; from < events.length; from += batchSize) {
    const { batchItemFailures } = await handler({ Records: events.slice(from, from + batchSize) });
    invariant(batchItemFailures.length === 0, "each batch is counted");
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await withClient(server.endpoint, async (client) => checkCounted(await countedIn(client), records.length));
  await server.child?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
  return events.length / seconds;
}

async function perSecondWhole(): Promise<number> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
  const journal = records.slice(0, entriesInStreamMax);
  await fillJournal(stateDirectory, journal);
  const system = await startSystem({ plan, port: 0, stateDirectory, warn: console.error });
  const perSecond = await withClient(system.endpoints.dynamodb, async (client) => {
    // Starting the function is not measured: the clock runs from the first batch that is counted.
    while ((await countedIn(client)).records === 0) await sleep(pollMs);
    const [startedAt, before] = [performance.now(), (await countedIn(client)).records];
    while ((await countedIn(client)).records < journal.length) await sleep(pollMs);
    return (journal.length - before) / ((performance.now() - startedAt) / 1_000);
  });
  await system.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
  return perSecond;
}

async function countedIn(client: DynamoDBClient) {
  const store = new FoldStore(client, ledger, firstEpoch);
  const folds = await Promise.all(Array.from({ length: books }, (_, n) => store.read(bookOf(n))));
  return sumOfFolds(folds.flat());
}

function checkCounted(
  { records: count, lines }: Awaited<ReturnType<typeof countedIn>>,
  expected: number,
): void {
  invariant(count === expected && lines.size === expectedLines, "every entry and every account is counted");
}

async function withClient<T>(endpoint: string, act: (client: DynamoDBClient) => Promise<T>): Promise<T> {
  const client = new DynamoDBClient({ ...clientOptions, endpoint });
  try {
    return await act(client);
  } finally {
    client.destroy();
  }
}

/** A DynamoDB with the plan's tables. */
async function startLedger(stateDirectory: string) {
  const server = await startDynamoDb(statePaths(stateDirectory).dynamodb);
  const engine = dynamoDbEngine(server.endpoint);
  await ensureTables(engine, tablePlansOf(plan));
  engine.stop();
  return server;
}

/** Record `n` as the table's stream brings it. */
function streamedEvent(record: JournalRecord, n: number): DynamoDBRecord {
  const image = marshall(journalItem(record));
  return {
    eventName: "INSERT",
    dynamodb: {
      Keys: { pk: image["pk"], sk: image["sk"] },
      NewImage: image,
      SequenceNumber: String(n + 1),
    },
  } as DynamoDBRecord;
}

/** Writes a journal before anything consumes its stream. */
async function fillJournal(stateDirectory: string, journal: readonly JournalRecord[]): Promise<void> {
  const server = await startLedger(stateDirectory);
  await withClient(server.endpoint, async (client) => {
    for (let from = 0; from < journal.length; from += batchWriteMax) {
      const requests = journal
        .slice(from, from + batchWriteMax)
        .map((record) => ({ PutRequest: { Item: marshall(journalItem(record)) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [ledger]: requests } }));
    }
  });
  await server.child?.stop();
}
