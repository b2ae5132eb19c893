import { hostname } from "node:os";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Pool } from "pg";
import { ProofStore } from "#adapters/archive/proof-store.ts";
import { Books } from "#adapters/books/books.ts";
import { booksPool } from "#adapters/books/connection.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { SettlementStore } from "#adapters/dynamodb/settlement-store.ts";
import { createKms } from "#adapters/kms/client.ts";
import { Signer } from "#adapters/kms/signer.ts";
import { createS3 } from "#adapters/s3/client.ts";
import { createSqs } from "#adapters/sqs/check-queue.ts";
import { tracedClient } from "#adapters/xray/aws-calls.ts";
import { createXRay } from "#adapters/xray/client.ts";
import { watched } from "#adapters/xray/spans.ts";
import { startTracing } from "#adapters/xray/tracing.ts";
import { serveHealth } from "./health.ts";
import { comparisonsOf, Proofs } from "./proofs.ts";
import { prove } from "./prove.ts";
import { Recurring } from "./recurring.ts";
import { type ReconcilerSettings, readSettings } from "./settings.ts";
import { type Message, Worker, waitSeconds } from "./worker.ts";
import { type WorkPorts, Works } from "./works.ts";

/** One for each of the works, one for who asks whether it is ready. */
const connectionsMax = 7;
/** Milliseconds between two looks at what is to be settled, where nobody leaves a file: somebody may have decided. */
const settleEveryMs = 60_000;
/** Milliseconds between two looks at what only time shows, where nothing comes. */
const lookEveryMs = 60_000;
/** Milliseconds from one word on how settlement stands to the next. */
const sayEveryMs = 300_000;
/** A night adds up a week of postings, which may take minutes: on a connection of its own. */
const proofStatementMsMax = 15 * 60_000;

const logger = new Logger({ serviceName: "reconciler" });

/** Runs until it is asked to end: then it ends what it has begun, and goes. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const tracing = startTracing({
    ...{ xray: createXRay(), service: { name: "reconciler", pod: hostname() } },
    tell: (error) => logger.warn("traces are lost", { error }),
  });
  const pool = booksPool(settings.books, settings.region, connectionsMax);
  const proofsPool = booksPool(settings.books, settings.region, 1, proofStatementMsMax);
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  for (const each of [pool, proofsPool])
    each.on("error", (error) => logger.warn("a connection to the books ended", { error }));
  const ports = portsOf(settings, pool, proofsPool);
  const works = new Works(ports);
  const settling = new Recurring({
    // What a killed one had taken is looked for as soon as its lease is over.
    everyMs: Math.min(settleEveryMs, settings.leaseSeconds * 1_000),
    tell: (error) => logger.error("a round of settling broke off", { error }),
    work: (mayGoOn) => works.settle(mayGoOn),
  });
  const looking = new Recurring({
    everyMs: lookEveryMs,
    tell: (error) => logger.error("a look at what only time shows broke off", { error }),
    work: (mayGoOn) => works.look(mayGoOn, settling),
  });
  const workerOf = (queueUrl: string, handle: (message: Message) => Promise<void>) =>
    new Worker({
      ...{ sqs: createSqs(waitSeconds), queueUrl, leaseSeconds: settings.leaseSeconds },
      handle: async (message) => {
        await handle(message);
        looking.ask();
      },
      tell: (error, message_id) =>
        logger.error("a message was not worked off, or none could be asked for", { error, message_id }),
    });
  const workers = [
    // Two: while one waits for the books to have what a proof compares, the other posts it.
    workerOf(settings.journalFilesQueueUrl, (message) => works.ofJournal(message)),
    workerOf(settings.journalFilesQueueUrl, (message) => works.ofJournal(message)),
    workerOf(settings.inboundFilesQueueUrl, (message) => works.ofInbound(message)),
  ];
  const health = await serveHealth(settings.healthPort, async () => {
    await pool.query("SELECT 1");
    return workers.every(({ isRunning }) => isRunning);
  });
  const standing = new Recurring({
    everyMs: sayEveryMs,
    work: () => works.sayStanding(),
    tell: (error) => logger.error("nobody knows how settlement stands", { error }),
  });
  const all = [...workers, looking, settling, standing];
  for (const each of all) each.start();
  logger.info("ready", { health_port: health.port });
  await asked();
  logger.info("stopping");
  ports.proofs.breakOff();
  await Promise.all(all.map((each) => each.stop()));
  await health.stop();
  await Promise.all([pool.end(), proofsPool.end(), tracing.stop()]);
}

/** What the works stand on. Each call of these is a step in the work's trace. */
function portsOf(
  settings: ReconcilerSettings,
  pool: Pool,
  proofsPool: Pool,
): WorkPorts & { readonly proofs: Proofs } {
  const s3 = tracedClient(createS3());
  const dynamoDb = tracedClient(createDynamoDb());
  const proving = {
    books: watched("proofs", new BooksProofs(proofsPool)),
    store: watched("archive", new ProofStore(s3, settings.proofsBucket)),
    signer: watched("signer", new Signer(tracedClient(createKms()), settings.proofsKey)),
  };
  return {
    ...{ s3, logger, books: watched("books", new Books(pool)) },
    settlement: watched("settlement", new Settlement(pool)),
    // Of files on the connections of works: that of proofs may be busy for minutes.
    keeping: { books: watched("files", new BooksProofs(pool)), store: proving.store },
    proofs: new Proofs({
      compare: comparisonsOf(settings, proofsPool, dynamoDb),
      prove: (comparison) => prove(proving, Date.now, comparison),
    }),
    settling: {
      entries: watched("entries", new SettlementEntries(pool)),
      ledger: watched("ledger", new SettlementStore(dynamoDb, settings.tables, settings.epoch)),
      now: Date.now,
      leaseMs: settings.leaseSeconds * 1_000,
    },
  };
}

const asked = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });

main().catch((thrown: unknown) => {
  logger.critical("it cannot go on", { error: thrown as Error });
  process.exitCode = 1;
});
