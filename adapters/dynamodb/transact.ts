import { setTimeout as sleep } from "node:timers/promises";
import {
  type CancellationReason,
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { reach } from "./client.ts";
import { StoreContention, StoreUnavailable } from "./errors.ts";

/** Written, or which conditions failed, item by item in the order of the request. */
export type TransactResult =
  | { readonly written: true }
  | { readonly written: false; readonly reasons: readonly CancellationReason[] };

/** A conflict lasts as long as the other transaction, 10-25 ms: six tries with jitter outwait a short queue. */
const triesMax = 6;
const backoffMs = 15;
const backoffMsMax = 240;

/**
 * Writes all or nothing. Tries again only when every reason is contention: a condition that failed would fail
 * again, and contention must never reach a caller as a refusal.
 * @throws StoreContention when other writers won every try. @throws StoreUnavailable when throttled or unreachable.
 */
export async function transact(
  client: DynamoDBClient,
  items: TransactWriteItem[],
  random: () => number = Math.random,
): Promise<TransactResult> {
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    if (attempt > 0) await sleep(random() * Math.min(backoffMs * 2 ** attempt, backoffMsMax));
    const reasons = await writeOnce(client, items);
    if (reasons === undefined) return { written: true };
    if (reasons.some((reason) => reason.Code === "ConditionalCheckFailed"))
      return { written: false, reasons };
    const refusing = reasons.filter((reason) => reason.Code !== "None");
    if (!refusing.every((reason) => reason.Code === "TransactionConflict")) {
      throw new StoreUnavailable(`transaction canceled: ${refusing.map((reason) => reason.Code).join(", ")}`);
    }
  }
  throw new StoreContention(`${triesMax} tries met another transaction on the same items`);
}

async function writeOnce(
  client: DynamoDBClient,
  items: TransactWriteItem[],
): Promise<readonly CancellationReason[] | undefined> {
  try {
    await reach(client.send(new TransactWriteItemsCommand({ TransactItems: items })));
    return undefined;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return error.CancellationReasons ?? [];
    throw error;
  }
}
