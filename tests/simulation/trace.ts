/** One thing that happened to one payment. */
interface TraceEvent {
  readonly at: number;
  readonly actor: string;
  readonly what: string;
}

/** What happened in a history, payment by payment. `subject` is a payment's id, or an account's. */
export class Trace {
  readonly #events: (TraceEvent & { readonly subject: string })[] = [];
  readonly #now: () => number;
  readonly #startedAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  note(subject: string, actor: string, what: string): void {
    this.#events.push({ at: this.#now() - this.#startedAt, subject, actor, what });
  }

  /** The events of one subject, as lines; of everybody for `undefined`. */
  lines(subject: string | undefined): string[] {
    return this.#events
      .filter((event) => subject === undefined || event.subject === subject)
      .map(({ at, actor, what, subject: whose }) => {
        const line = `${String(at).padStart(8)} ms  ${actor.padEnd(16)} ${what}`;
        return subject === undefined ? `${whose.slice(0, 10)} ${line}` : line;
      });
  }
}
