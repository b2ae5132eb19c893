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
import { serveHealth } from "./health.ts";
import { type Keeping, postJournalFile } from "./journal-files.ts";
import { asksForProof, filesIn } from "./notice.ts";
import { type ProofMade, type Proving, prove } from "./prove.ts";
import { Recurring } from "./recurring.ts";
import { type ReconcilerSettings, readSettings } from "./settings.ts";
import { takeSettlementFile } from "./settlement-files.ts";
import { postAgain, settleRound } from "./settling.ts";
import { standingSaid } from "./standing.ts";
import { Worker, waitSeconds } from "./worker.ts";

/** One for each of the works, one for who asks whether it is ready. */
const connectionsMax = 6;
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
  const pool = booksPool(settings.books, settings.region, connectionsMax);
  const proofsPool = booksPool(settings.books, settings.region, 1, proofStatementMsMax);
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  for (const each of [pool, proofsPool])
    each.on("error", (error) => logger.warn("a connection to the books ended", { error }));
  const [books, settlement, s3] = [new Books(pool), new Settlement(pool), createS3()];
  const settling = settlingOf(settings, pool);
  const proving: Proving & Keeping = {
    books: new BooksProofs(proofsPool),
    store: new ProofStore(s3, settings.proofsBucket),
    signer: new Signer(createKms(), settings.proofsKey),
  };
  const looking = new Recurring({
    everyMs: lookEveryMs,
    tell: (error) => logger.error("a look at what only time shows broke off", { error }),
    work: async (mayGoOn) => {
      while (mayGoOn() && (await settlement.look(new Date()))) settling.ask();
      settling.ask();
    },
  });
  const workerOf = (queueUrl: string, handle: (body: string) => Promise<void>) =>
    new Worker({
      ...{ sqs: createSqs(waitSeconds), queueUrl, leaseSeconds: settings.leaseSeconds },
      tell: (error) => logger.error("a message was not worked off, or none could be asked for", { error }),
      handle: async (body) => {
        await handle(body);
        looking.ask();
      },
    });
  const workers = [
    workerOf(settings.journalFilesQueueUrl, async (body) => {
      if (asksForProof(body)) return tellProofs(await prove(proving, Date.now));
      for (const file of filesIn(body)) {
        const outcome = await postJournalFile(s3, books, proving, file, Date.now);
        logger.info("posted", { file: file.key, ...outcome });
      }
    }),
    workerOf(settings.inboundFilesQueueUrl, async (body) => {
      for (const file of filesIn(body)) {
        const outcome = await takeSettlementFile(s3, settlement, file, Date.now);
        logger.info("matched", { file: file.key, ...outcome });
      }
    }),
  ];
  const health = await serveHealth(settings.healthPort, async () => {
    await pool.query("SELECT 1");
    return workers.every(({ isRunning }) => isRunning);
  });
  const standing = new Recurring({
    everyMs: sayEveryMs,
    // Metrics are made of this line (stacks/log-metrics.ts).
    work: async () =>
      logger.info("how settlement stands", { ...(await standingSaid(settlement, Date.now())) }),
    tell: (error) => logger.error("nobody knows how settlement stands", { error }),
  });
  const all = [...workers, looking, settling, standing];
  for (const each of all) each.start();
  logger.info("ready", { health_port: health.port });
  await asked();
  logger.info("stopping");
  await Promise.all(all.map((each) => each.stop()));
  await health.stop();
  await Promise.all([pool.end(), proofsPool.end()]);
}

/** Tells the ledger what settlement comes to. */
function settlingOf(settings: ReconcilerSettings, pool: Pool): Recurring {
  const ports = {
    entries: new SettlementEntries(pool),
    ledger: new SettlementStore(createDynamoDb(), settings.tables, settings.epoch),
    now: Date.now,
    leaseMs: settings.leaseSeconds * 1_000,
  };
  let isSure = false;
  return new Recurring({
    // What a killed one had taken is looked for as soon as its lease is over.
    everyMs: Math.min(settleEveryMs, ports.leaseMs),
    tell: (error) => logger.error("a round of settling broke off", { error }),
    work: async (mayGoOn) => {
      // A region that took over may lack what the other one was told last.
      if (!isSure) await postAgain(ports);
      isSure = true;
      const { posted, settled, waiting } = await settleRound(ports, mayGoOn);
      if (posted + settled + waiting > 0) logger.info("settled", { posted, settled, waiting });
    },
  });
}

/** Both lines are counted (stacks/proofs.ts): that there was a proof, and what one found. */
function tellProofs(proofs: readonly ProofMade[]): void {
  for (const { number, files, lines, findings } of proofs) {
    logger.info("the archive is proven", { proof: number, files, lines });
    for (const finding of findings) logger.error("the books are wrong", { proof: number, finding });
  }
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
