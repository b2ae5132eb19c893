import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AttributeValue, BatchWriteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
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
import { dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { ensureTables, tablePlansOf } from "#local/dynamodb/tables.ts";
import type { Plan } from "#local/plan/plan.ts";
import { statePaths } from "#local/state.ts";
import { startSystem } from "#local/system.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { clientOptions } from "#tests/support/tables.ts";

/**
 * How fast the folder catches up with a journal that stands in the stream, through all that it runs on here: the
 * emulator, the door, the stream's poller and the function. `node bench/folder.ts [entries [books]]`.
 */

const entries = Number(process.argv[2] ?? 20_000);
const books = Number(process.argv[3] ?? 1);
const batchSizes = [100, 500, 1_000, 2_000, 5_000];
const targetPerSecond = 5_000;
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
const journalDirectory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
await fillJournal(journalDirectory);

const [{ model } = { model: "unknown" }] = cpus();
console.log(`machine  ${cpus().length} × ${model}, node ${process.version}, dynoxide 1.2.1`);
console.log(`journal  ${records.length} entries in ${books} book(s) of 16 shards`);
for (const batchSize of batchSizes) {
  const seconds = await secondsToCount(batchSize);
  const perSecond = records.length / seconds;
  const verdict = perSecond >= targetPerSecond ? "" : `  below ${targetPerSecond}`;
  console.log(
    `batches of ${String(batchSize).padStart(5)}  ${perSecond.toFixed(0).padStart(6)} entries/s${verdict}`,
  );
}
rmSync(journalDirectory, { recursive: true, force: true });

async function secondsToCount(batchSize: number): Promise<number> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
  try {
    cpSync(journalDirectory, stateDirectory, { recursive: true });
    const system = await startSystem({
      plan: withBatches(batchSize),
      port: 0,
      stateDirectory,
      warn: console.error,
    });
    const client = new DynamoDBClient({ ...clientOptions, endpoint: system.endpoints.dynamodb });
    try {
      const store = new FoldStore(client, ledger);
      const read = async () =>
        sumOfFolds(
          (await Promise.all(Array.from({ length: books }, (_, n) => store.read(bookOf(n))))).flat(),
        );
      // Starting the function is not measured: the clock runs from the first batch that is counted.
      while ((await read()).records === 0) await sleep(pollMs);
      const [startedAt, before] = [performance.now(), (await read()).records];
      while ((await read()).records < records.length) await sleep(pollMs);
      const seconds = (performance.now() - startedAt) / 1_000;
      invariant((await read()).lines.size === fold(records).size, "every account is counted");
      return (seconds * records.length) / (records.length - before);
    } finally {
      client.destroy();
      await system.stop();
    }
  } finally {
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

/** Writes the journal before anything consumes its stream. */
async function fillJournal(stateDirectory: string): Promise<void> {
  const server = await startDynamoDb(statePaths(stateDirectory).dynamodb);
  const engine = dynamoDbEngine(server.endpoint);
  await ensureTables(engine, tablePlansOf(plan));
  const client = new DynamoDBClient({ ...clientOptions, endpoint: server.endpoint });
  for (let from = 0; from < records.length; from += batchWriteMax) {
    const requests = records.slice(from, from + batchWriteMax).map((record) => ({
      PutRequest: {
        Item: marshall(journalItem(record), { removeUndefinedValues: true }) as Record<
          string,
          AttributeValue
        >,
      },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [ledger]: requests } }));
  }
  client.destroy();
  engine.stop();
  await server.child?.stop();
}

/** The plan, with another batch size for the folder. */
function withBatches(batchSize: number): Plan {
  const resources = plan.resources.map((each) =>
    each.name === "FolderSource" ? { ...each, inputs: { ...each.inputs, batchSize } } : each,
  );
  return { ...plan, resources };
}
