import { Logger } from "@aws-lambda-powertools/logger";
import type { Pool } from "pg";
import { Books } from "#adapters/books/books.ts";
import { booksPool } from "#adapters/books/connection.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { SettlementStore } from "#adapters/dynamodb/settlement-store.ts";
import { createS3 } from "#adapters/s3/client.ts";
import type { ObjectName } from "#adapters/s3/object-lines.ts";
import { createSqs } from "#adapters/sqs/check-queue.ts";
import { filesIn } from "./file-notice.ts";
import { serveHealth } from "./health.ts";
import { postJournalFile } from "./journal-files.ts";
import { Recurring } from "./recurring.ts";
import { type ReconcilerSettings, readSettings } from "./settings.ts";
import { takeSettlementFile } from "./settlement-files.ts";
import { postAgain, settleRound } from "./settling.ts";
import { standingSaid } from "./standing.ts";
import { Worker, waitSeconds } from "./worker.ts";

/** One for each of the works, one for who asks whether it is ready. */
const connectionsMax = 5;
/** Milliseconds between two looks at what is to be settled, where nobody leaves a file: somebody may have decided. */
const settleEveryMs = 60_000;
/** Milliseconds from one word on how settlement stands to the next. */
const sayEveryMs = 300_000;

const logger = new Logger({ serviceName: "reconciler" });

/** Runs until it is asked to end: then it ends what it has begun, and goes. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const pool = booksPool(settings.books, settings.region, connectionsMax);
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  pool.on("error", (error) => logger.warn("a connection to the books ended", { error }));
  const [books, settlement, s3] = [new Books(pool), new Settlement(pool), createS3()];
  const settling = settlingOf(settings, pool);
  const workerOf = (queueUrl: string, what: string, take: (file: ObjectName) => Promise<object>) =>
    new Worker({
      ...{ sqs: createSqs(waitSeconds), queueUrl },
      tell: (error) => logger.error(`a file was not ${what}, or none could be asked for`, { error }),
      handle: async (body) => {
        for (const file of filesIn(body)) logger.info(what, { file: file.key, ...(await take(file)) });
        // What only time shows is looked at as often as something comes: every few minutes, while anybody pays.
        await settlement.look(new Date());
        settling.ask();
      },
    });
  const workers = [
    workerOf(settings.journalFilesQueueUrl, "posted", (file) => postJournalFile(s3, books, file)),
    workerOf(settings.inboundFilesQueueUrl, "matched", (file) =>
      takeSettlementFile(s3, settlement, file, Date.now),
    ),
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
  const all = [...workers, settling, standing];
  for (const each of all) each.start();
  logger.info("ready", { health_port: health.port });
  await asked();
  logger.info("stopping");
  await Promise.all(all.map((each) => each.stop()));
  await health.stop();
  await pool.end();
}

/** Tells the ledger what settlement comes to. */
function settlingOf(settings: ReconcilerSettings, pool: Pool): Recurring {
  const ports = {
    entries: new SettlementEntries(pool),
    ledger: new SettlementStore(createDynamoDb(), settings.tables, settings.epoch),
    now: Date.now,
  };
  let isSure = false;
  return new Recurring({
    everyMs: settleEveryMs,
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

const asked = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });

main().catch((thrown: unknown) => {
  logger.critical("it cannot go on", { error: thrown as Error });
  process.exitCode = 1;
});
