import { setTimeout as sleep } from "node:timers/promises";
import { TransactionConflictException } from "@aws-sdk/client-dynamodb";
import { StoreContention } from "./errors.ts";

/** A conflict lasts as long as the other transaction, 10-25 ms: six tries with jitter outwait a short queue. */
const triesMax = 6;
const backoffMs = 15;
const backoffMsMax = 240;

/** Another transaction holds an item of the transaction, which was therefore not looked at. */
export const contended = Symbol("contended");

/**
 * Repeats a write for as long as other transactions hold its items, and no longer: contention must never reach a
 * caller as a refusal, nor a refusal be tried again. The SDK repeats no write for this reason: every write to an item that
 * transactions move too goes through here.
 * @throws StoreContention when other writers won every try.
 */
export async function outwait<T>(write: () => Promise<T | typeof contended>): Promise<T> {
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    if (attempt > 0) await sleep(Math.random() * Math.min(backoffMs * 2 ** attempt, backoffMsMax));
    const result = await write().catch(contendedOr);
    if (result !== contended) return result;
  }
  throw new StoreContention(`${triesMax} tries met another transaction on the same items`);
}

/** How a write of one item meets a transaction: it is refused as a whole, and not item by item. */
function contendedOr(error: unknown): typeof contended {
  if (error instanceof TransactionConflictException) return contended;
  throw error;
}
