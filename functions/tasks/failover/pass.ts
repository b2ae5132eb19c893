import { Logger } from "@aws-lambda-powertools/logger";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import type { Cursor } from "#adapters/dynamodb/segment.ts";
import type { Torn } from "#core/failover/arrived.ts";
import { type DeadLetter, deadLetterIdOf, paymentIn } from "#core/operations/dead-letter.ts";
import { type PassInput, type PassOutput, passInput } from "#workflows/failover/contract.ts";

const logger = new Logger({ serviceName: "failover" });

/**
 * After so long a call begins no further page: what it has done is then written down, and its execution shows progress.
 * The page that is under way may take much longer, until the function's own timeout: a page is never cut.
 */
const beginsPagesMs = 105_000;

/** Keeps what a page cannot decide, as a letter that operators see. */
export type Keep = (torn: Torn) => Promise<void>;

/** What came of one page. */
export interface PageDone {
  readonly read: number;
  readonly changed: number;
  readonly asked?: number;
  /** Where the next page begins; left out after the last. */
  readonly next?: Cursor | undefined;
}

/**
 * Works on one page of a part of a table. Whatever it does, it may do again: a page that failed is worked on anew. So it
 * keeps what it found before it writes what would hide it: a call that ends in between finds it again, or has kept it.
 */
export type Page = (where: PassInput, cursor: Cursor | undefined, keep: Keep) => Promise<PageDone>;

/** A task that goes through a part of a table, page by page, until it is at the end or its time is up. */
export const passTask = (page: Page, letters: Pick<DeadLetterStore, "keep">) =>
  middy<unknown, PassOutput>({ timeoutEarlyInMillis: 0 }).handler(
    async (event: unknown, context: Context): Promise<PassOutput> => {
      const where = passInput.parse(event);
      const began = Date.now();
      const mayGoOn = () => Date.now() - began < beginsPagesMs;
      const came = await goThrough(page, letters, where, mayGoOn);
      logger.info("a part was gone through", {
        function: context.functionName,
        segment: where.segment,
        ...came,
      });
      return came;
    },
  );

/** @param mayGoOn whether there is time for one more page */
export async function goThrough(
  page: Page,
  letters: Pick<DeadLetterStore, "keep">,
  where: PassInput,
  mayGoOn: () => boolean,
): Promise<PassOutput> {
  let cursor = where.cursor ?? undefined;
  let [read, changed, asked, torn] = [0, 0, 0, 0];
  const keep: Keep = async (found) => {
    await letters.keep(findingLetter(found, where));
    torn += 1;
  };
  do {
    const done = await page(where, cursor, keep);
    read += done.read;
    changed += done.changed;
    asked += done.asked ?? 0;
    cursor = done.next;
  } while (cursor !== undefined && mayGoOn());
  return { cursor: cursor ?? null, read, changed, asked, torn };
}

/** The same finding of the same failover is the same letter, however often its page is worked on. */
export function findingLetter(
  { subject, what }: Torn,
  { began, execution }: Pick<PassInput, "began" | "execution">,
): DeadLetter {
  const payment = paymentIn(`${subject} ${what}`);
  return {
    id: deadLetterIdOf(began, "finding", subject, what),
    origin: { kind: "finding", executionArn: execution, subject },
    reason: `${subject} ${what}`,
    ...(payment === undefined ? {} : { payment }),
    receivedAt: began,
    replays: [],
  };
}
