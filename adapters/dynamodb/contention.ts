import { setTimeout as sleep } from "node:timers/promises";
import { StoreContention } from "./errors.ts";

/** A conflict lasts as long as the other transaction, 10-25 ms: six tries with jitter outwait a short queue. */
const triesMax = 6;
const backoffMs = 15;
const backoffMsMax = 240;

/** Another transaction holds an item of the write, which was therefore not looked at. */
export const contended = Symbol("contended");

/**
 * Repeats a write for as long as other transactions hold its items, and no longer: contention must never reach a
 * caller as a refusal, nor a refusal be tried again.
 * @throws StoreContention when other writers won every try.
 */
export async function outwait<T>(write: () => Promise<T | typeof contended>): Promise<T> {
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    if (attempt > 0) await sleep(Math.random() * Math.min(backoffMs * 2 ** attempt, backoffMsMax));
    const result = await write();
    if (result !== contended) return result;
  }
  throw new StoreContention(`${triesMax} tries met another transaction on the same items`);
}
