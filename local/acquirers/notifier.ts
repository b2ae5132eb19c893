import { signatureHeader } from "#core/acquiring/notification.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { noticesMax } from "./books.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Notice } from "./records.ts";

/** How soon it looks for what is to be told, after whatever may have changed it. */
const lookAfterMs = 50;
/** Longest wait for what is due later: clocks are set, and timers have a limit of their own. */
const restMsMax = 60_000;
/** From 250 ms, doubled each time, up to a minute: about ten minutes altogether. */
const backoffMsMin = 250;
const backoffMsMax = 60_000;
const attemptsMax = 18;
const inFlightMax = 16;
const answerMsMax = 5_000;

export interface NotifierOptions {
  readonly acquirer: SandboxAcquirer;
  /** Both sides know it: it signs. */
  readonly secret: string;
  /** Where to. Until it is known, notices wait. */
  readonly url: string | undefined;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

interface Attempts {
  readonly made: number;
  readonly nextAt: number;
}

/** Tells the client what was decided, again and again until the client says that it heard, or it gives up. */
export class Notifier {
  readonly #options: NotifierOptions;
  /** Of notices that were tried and not heard. A new process tries them anew. */
  #attempts = new BoundedMap<Attempts>(noticesMax);
  readonly #inFlight = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  /** When it looks next, epoch milliseconds. */
  #looksAt = Number.POSITIVE_INFINITY;
  #url: string | undefined;
  #isStopped = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#url = options.url;
    this.wake();
  }

  /** Something may have been decided, or is to be: it looks in a moment. */
  wake(): void {
    this.#lookAt(this.#options.clock() + lookAfterMs);
  }

  /** From now on there; undefined: nowhere, notices wait. */
  tellAt(url: string | undefined): void {
    this.#url = url;
    this.#attempts = new BoundedMap(noticesMax);
    this.wake();
  }

  /** Tells now what there is to tell, and waits for it: once each, whatever comes of it. */
  async flush(): Promise<void> {
    this.#look();
    await Promise.all(this.#inFlight.values());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#url = undefined;
  }

  /** Nothing is due before: an acquirer that nobody asks does nothing. */
  #lookAt(at: number): void {
    if (this.#isStopped || at >= this.#looksAt) return;
    clearTimeout(this.#timer);
    this.#looksAt = at;
    const waitMs = Math.min(Math.max(0, at - this.#options.clock()), restMsMax);
    this.#timer = setTimeout(() => this.#look(), waitMs).unref();
  }

  #look(): void {
    const { acquirer, clock } = this.#options;
    this.#looksAt = Number.POSITIVE_INFINITY;
    acquirer.decideDue();
    this.#lookAt(acquirer.dueAt);
    if (this.#url === undefined) return;
    for (const [id, notice] of acquirer.notices()) {
      // The end of each makes for another look.
      if (this.#inFlight.size >= inFlightMax) return;
      if (this.#inFlight.has(id)) continue;
      const { nextAt = 0 } = this.#attempts.get(id) ?? {};
      if (nextAt > clock()) this.#lookAt(nextAt);
      else
        this.#inFlight.set(
          id,
          this.#tell(id, notice, this.#url).finally(() => this.#ended(id)),
        );
    }
  }

  #ended(id: string): void {
    this.#inFlight.delete(id);
    this.wake();
  }

  async #tell(id: string, { body }: Notice, url: string): Promise<void> {
    const { acquirer, clock } = this.#options;
    const made = (this.#attempts.get(id)?.made ?? 0) + 1;
    const isHeard = await this.#post(url, JSON.stringify(body));
    if (isHeard || made >= attemptsMax) {
      this.#attempts.delete(id);
      acquirer.told(id);
    } else {
      const backoffMs = Math.min(backoffMsMin * 2 ** (made - 1), backoffMsMax);
      this.#attempts.set(id, { made, nextAt: clock() + backoffMs });
    }
  }

  async #post(url: string, body: string): Promise<boolean> {
    const { acquirer, clock, secret } = this.#options;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": `sandbox-acquirer/${acquirer.name}`,
          "acquirer-signature": signatureHeader(body, [secret], clock()),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(answerMsMax),
      });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }
}
