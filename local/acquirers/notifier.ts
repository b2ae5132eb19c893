import { signatureHeader } from "#core/acquiring/notification.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { noticesMax } from "./books.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Notice } from "./records.ts";

/** How often it looks for what is to be decided, and to be told. */
const lookEveryMs = 50;
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
  readonly #timer: NodeJS.Timeout;
  #url: string | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** From now on there; undefined: nowhere, notices wait. */
  tellAt(url: string | undefined): void {
    this.#url = url;
    this.#attempts = new BoundedMap(noticesMax);
  }

  /** Tells now what there is to tell, and waits for it: once each, whatever comes of it. */
  async flush(): Promise<void> {
    this.#look();
    await Promise.all(this.#inFlight.values());
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#url = undefined;
  }

  #look(): void {
    const { acquirer, clock } = this.#options;
    acquirer.decideDue();
    if (this.#url === undefined) return;
    for (const [id, notice] of acquirer.notices()) {
      if (this.#inFlight.size >= inFlightMax) return;
      if (this.#inFlight.has(id) || (this.#attempts.get(id)?.nextAt ?? 0) > clock()) continue;
      const telling = this.#tell(id, notice, this.#url).finally(() => this.#inFlight.delete(id));
      this.#inFlight.set(id, telling);
    }
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
