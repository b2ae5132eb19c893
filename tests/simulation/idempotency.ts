import type { Answer } from "#functions/api/http/answer.ts";
import { Problem } from "#functions/api/http/problem.ts";
import type { OnceKey } from "#functions/api/idempotency.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

interface KeptRecord {
  readonly fingerprint: string;
  /** Epoch milliseconds: a lock gives way from then on. */
  readonly lockedUntil: number;
  answer: Answer | undefined;
}

/**
 * The contract of the Powertools record, with what is known to be weak in it: a lock can be deleted by a concurrent
 * duplicate, outlived by its holder, or its answer never stored. tests/contract/idempotency.test.ts is about the
 * library itself; here only the conditional insert may keep a payment single.
 */
export class Records {
  readonly #world: World;
  readonly #records = new Map<string, KeptRecord>();

  constructor(world: World) {
    this.#world = world;
  }

  async once(key: OnceKey, remainingMs: () => number, act: () => Promise<Answer>): Promise<Answer> {
    const process = Process.current();
    const id = JSON.stringify([key.book, key.route, key.key]);
    const found = await process.call("record", () => this.#lock(process, id, key.fingerprint, remainingMs()));
    if (found !== undefined) {
      if (found.fingerprint !== key.fingerprint) throw new Problem("idempotency_key_reused");
      if (found.answer === undefined) throw new Problem("idempotency_in_flight");
      return { ...found.answer, headers: { ...found.answer.headers, "idempotent-replayed": "true" } };
    }
    try {
      const answer = await act();
      await process.call("record", async () => this.#store(process, id, key.fingerprint, answer));
      return answer;
    } catch (error) {
      this.#records.delete(id);
      throw error;
    }
  }

  /** @returns the record that is in the way; undefined when the key is now this process's. */
  async #lock(
    process: Process,
    id: string,
    fingerprint: string,
    remainingMs: number,
  ): Promise<KeptRecord | undefined> {
    await this.#world.scheduler.sleep(this.#world.delays.between(0, 5));
    const now = this.#world.scheduler.now();
    const known = this.#records.get(id);
    const isThere = known !== undefined && (known.answer !== undefined || now < known.lockedUntil);
    if (isThere && !process.strikes("record_lost")) return known;
    this.#records.set(id, { fingerprint, lockedUntil: now + remainingMs, answer: undefined });
    return undefined;
  }

  #store(process: Process, id: string, fingerprint: string, answer: Answer): void {
    if (process.strikes("record_lost")) this.#records.delete(id);
    else this.#records.set(id, { fingerprint, lockedUntil: 0, answer });
  }
}
