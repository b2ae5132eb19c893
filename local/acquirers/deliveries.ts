import type { SandboxAcquirer } from "./acquirer.ts";
import type { Inbox } from "./inbox.ts";
import { filesOf } from "./settlement-files.ts";
import type { Statement } from "./statement.ts";

/** How often it looks whether a day is over, or something was not delivered. */
const lookEveryMs = 1_000;
/** A client that does not take files is left alone for so long. */
const backoffMs = 60_000;

/** Closes each day when it is over, and leaves its files at the client's, again and again until the client has them. */
export class Deliveries {
  readonly #settlements: SandboxAcquirer["settlements"];
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;
  /** Until it is known, files are only to be fetched. */
  #inbox: Inbox | undefined;
  #looking: Promise<void> | undefined;
  /** Deliveries on demand that are under way. */
  #delivering = 0;
  #nextAt = 0;

  /** `clock` tells epoch milliseconds. */
  constructor({ settlements }: Pick<SandboxAcquirer, "settlements">, clock: () => number) {
    this.#settlements = settlements;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  /** From now on there; undefined: nowhere. */
  deliverTo(inbox: Inbox | undefined): void {
    this.#inbox = inbox;
    this.#nextAt = 0;
  }

  /**
   * Leaves the files of a day there, in the place of those that were left before: they are the same.
   * @returns whether there is somewhere to leave them. @throws whatever the client refuses with.
   */
  async deliver(statement: Statement): Promise<boolean> {
    this.#delivering += 1;
    try {
      await this.#looking;
      return await this.#put(statement);
    } finally {
      this.#delivering -= 1;
    }
  }

  /** What there is to close and to deliver now. One look at a time, and none beside a delivery. Never rejects. */
  look(): Promise<void> {
    if (this.#delivering > 0) return Promise.resolve();
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#inbox = undefined;
  }

  async #lookOnce(): Promise<void> {
    try {
      this.#settlements.closeYesterday();
      if (this.#inbox === undefined || this.#nextAt > this.#clock()) return;
      // One day at a look: the next look is a moment away.
      const next = this.#settlements.undelivered();
      if (next !== undefined) await this.#put(next);
    } catch {
      this.#nextAt = this.#clock() + backoffMs;
    }
  }

  async #put(statement: Statement): Promise<boolean> {
    const inbox = this.#inbox;
    if (inbox === undefined) return false;
    for (const file of filesOf(statement)) await inbox.put(file);
    this.#settlements.delivered(statement.date);
    return true;
  }
}
