import { Logger } from "@aws-lambda-powertools/logger";
import { Books } from "#adapters/books/books.ts";
import { booksPool } from "#adapters/books/connection.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { createS3 } from "#adapters/s3/client.ts";
import type { ObjectName } from "#adapters/s3/object-lines.ts";
import { createSqs } from "#adapters/sqs/check-queue.ts";
import { filesIn } from "./file-notice.ts";
import { serveHealth } from "./health.ts";
import { postJournalFile } from "./journal-files.ts";
import { readSettings } from "./settings.ts";
import { takeSettlementFile } from "./settlement-files.ts";
import { StandingTeller } from "./standing.ts";
import { Worker, waitSeconds } from "./worker.ts";

/** One for each of the works, one for who asks whether it is ready or says how things stand. */
const connectionsMax = 3;

const logger = new Logger({ serviceName: "reconciler" });

/** Runs until it is asked to end: then it ends what it has begun, and goes. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const pool = booksPool(settings.books, settings.region, connectionsMax);
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  pool.on("error", (error) => logger.warn("a connection to the books ended", { error }));
  const [books, settlement, s3] = [new Books(pool), new Settlement(pool), createS3()];
  const workerOf = (queueUrl: string, what: string, take: (file: ObjectName) => Promise<object>) =>
    new Worker({
      ...{ sqs: createSqs(waitSeconds), queueUrl },
      tell: (error) => logger.error(`a file was not ${what}, or none could be asked for`, { error }),
      handle: async (body) => {
        for (const file of filesIn(body)) logger.info(what, { file: file.key, ...(await take(file)) });
        // What only time shows is looked at as often as something comes: every few minutes, while anybody pays.
        await settlement.look(new Date());
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
  for (const worker of workers) worker.start();
  const standing = new StandingTeller({
    ...{ settlement, clock: Date.now },
    // Metrics are made of this line (stacks/log-metrics.ts).
    say: (said) => logger.info("how settlement stands", { ...said }),
    tell: (error) => logger.error("nobody knows how settlement stands", { error }),
  });
  logger.info("ready", { health_port: health.port });
  await asked();
  logger.info("stopping");
  await Promise.all([standing, ...workers].map((each) => each.stop()));
  await health.stop();
  await pool.end();
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
