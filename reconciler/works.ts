import type { Logger } from "@aws-lambda-powertools/logger";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Books } from "#adapters/books/books.ts";
import type { Settlement } from "#adapters/books/settlement.ts";
import type { ObjectName } from "#adapters/s3/object-lines.ts";
import { traced, type Work } from "#adapters/xray/spans.ts";
import { type Keeping, postJournalFile } from "./journal-files.ts";
import { asksForProof, filesIn } from "./notice.ts";
import type { Proofs } from "./proofs.ts";
import type { ProofMade } from "./prove.ts";
import type { Recurring } from "./recurring.ts";
import { takeSettlementFile } from "./settlement-files.ts";
import { postAgain, type SettlingPorts, settleRound } from "./settling.ts";
import { standingSaid } from "./standing.ts";
import type { Message } from "./worker.ts";

export interface WorkPorts {
  readonly s3: S3Client;
  readonly books: Books;
  readonly settlement: Settlement;
  readonly keeping: Keeping;
  readonly proofs: Pick<Proofs, "ask">;
  readonly settling: SettlingPorts;
  readonly logger: Pick<Logger, "info" | "error">;
}

/** What the reconciler does: each message, and each round in which there was something to do, is one trace. */
export class Works {
  readonly #ports: WorkPorts;
  #isSure = false;

  constructor(ports: WorkPorts) {
    this.#ports = ports;
  }

  /** Posts files of the journal, or proves what was posted. */
  async ofJournal({ id, body, cause }: Message): Promise<void> {
    const { s3, books, keeping, proofs, logger } = this.#ports;
    const name = asksForProof(body) ? "proof" : "journal file";
    await traced({ name, cause, facts: { message: id } }, async (work) => {
      if (asksForProof(body)) this.#tellProofs(await proofs.ask(), work);
      else
        for (const file of filesFor(work, body)) {
          const outcome = await postJournalFile(s3, books, keeping, file, Date.now);
          logger.info("posted", { file: file.key, ...outcome, trace: work.trace });
          work.note({ ...outcome });
          if (outcome.parked > 0) work.blame("error");
        }
    });
  }

  /** Takes what acquirers and banks left. */
  async ofInbound({ id, body, cause }: Message): Promise<void> {
    const { s3, settlement, logger } = this.#ports;
    await traced({ name: "inbound file", cause, facts: { message: id } }, async (work) => {
      for (const file of filesFor(work, body)) {
        const outcome = await takeSettlementFile(s3, settlement, file, Date.now);
        logger.info("matched", { file: file.key, ...outcome, trace: work.trace });
        work.note({ ...outcome });
        if (outcome.flaws > 0) work.blame("error");
      }
    });
  }

  /** Looks at what only time shows, for as long as there is more of it. One look is no trace: what it finds are breaks. */
  async look(mayGoOn: () => boolean, settling: Pick<Recurring, "ask">): Promise<void> {
    const { settlement } = this.#ports;
    await traced({ name: "looking" }, async (work) => {
      let looks = 0;
      for (let hasMore = true; hasMore && mayGoOn(); looks += 1) {
        hasMore = await settlement.look(new Date());
        settling.ask();
      }
      work.note({ looks });
      if (looks < 2) work.forget();
    });
  }

  /** A round of telling the ledger what settlement comes to. */
  async settle(mayGoOn: () => boolean): Promise<void> {
    const { settling, logger } = this.#ports;
    await traced({ name: "settling" }, async (work) => {
      // A region that took over may lack what the other one was told last.
      const again = this.#isSure ? 0 : await postAgain(settling);
      this.#isSure = true;
      const outcome = await settleRound(settling, mayGoOn);
      const { posted, settled, waiting } = outcome;
      work.note({ ...outcome, again });
      if (posted + settled + waiting > 0) logger.info("settled", { ...outcome, trace: work.trace });
      else if (again === 0) work.forget();
    });
  }

  /** Metrics are made of this line (stacks/log-metrics.ts). */
  async sayStanding(): Promise<void> {
    const { settlement, logger } = this.#ports;
    await traced({ name: "standing" }, async (work) => {
      const said = await standingSaid(settlement, Date.now());
      work.note({ ...said });
      logger.info("how settlement stands", { ...said });
    });
  }

  /** Both lines are counted (stacks/proofs.ts): that there was a proof, and what one found. */
  #tellProofs(proofs: readonly ProofMade[], work: Work): void {
    const { logger } = this.#ports;
    // One that was under way answers for it.
    if (proofs.length === 0) work.forget();
    for (const { number, files, lines, findings, compared } of proofs) {
      logger.info("the archive is proven", { proof: number, files, lines, compared, trace: work.trace });
      work.note({ proof: number, files, lines, findings: findings.length });
      for (const finding of findings) logger.error("the books are wrong", { proof: number, finding });
      if (findings.length > 0) work.blame("fault");
    }
  }
}

/** The files of a message, each told in its trace when its turn comes: S3 has one in a message. */
function* filesFor(work: Work, body: string): Generator<ObjectName> {
  const files = filesIn(body);
  // S3 tries its queues.
  if (files.length === 0) work.forget();
  for (const file of files) {
    work.note({ file: file.key });
    yield file;
  }
}
