import { Logger } from "@aws-lambda-powertools/logger";
import { Books } from "#adapters/books/books.ts";
import { booksPool } from "#adapters/books/connection.ts";
import { createS3 } from "#adapters/s3/client.ts";
import { createSqs } from "#adapters/sqs/check-queue.ts";
import { filesIn } from "./file-notice.ts";
import { serveHealth } from "./health.ts";
import { postJournalFile } from "./journal-files.ts";
import { readSettings } from "./settings.ts";
import { Worker, waitSeconds } from "./worker.ts";

/** One for the work, one for who asks whether it is ready. */
const connectionsMax = 2;

const logger = new Logger({ serviceName: "reconciler" });

/** Runs until it is asked to end: then it ends what it has begun, and goes. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const pool = booksPool(settings.books, settings.region, connectionsMax);
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  pool.on("error", (error) => logger.warn("a connection to the books ended", { error }));
  const [books, s3] = [new Books(pool), createS3()];
  const journal = new Worker({
    ...{ sqs: createSqs(waitSeconds), queueUrl: settings.journalFilesQueueUrl },
    tell: (error) => logger.error("a file was not posted, or none could be asked for", { error }),
    handle: async (body) => {
      for (const file of filesIn(body))
        logger.info("posted", { file: file.key, ...(await postJournalFile(s3, books, file)) });
    },
  });
  const health = await serveHealth(settings.healthPort, async () => {
    await pool.query("SELECT 1");
    return journal.isRunning;
  });
  journal.start();
  logger.info("ready", { health_port: health.port });
  await asked();
  logger.info("stopping");
  await journal.stop();
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
