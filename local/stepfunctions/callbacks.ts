import { createHash } from "node:crypto";
import type { TaskAnswer } from "./journal.ts";

/** What became of a message about a task token. */
export type TokenVerdict =
  | "accepted"
  /** No engine made this token. */
  | "invalid"
  /** The task was answered, timed out, or its execution has ended. */
  | "closed";

/** A task that waits for its token to come back. */
export interface WaitingTask {
  readonly answer: Promise<TaskAnswer>;
  /** Called at each heartbeat, until `close`. */
  onHeartbeat(listener: () => void): void;
  close(): void;
}

interface Waiting {
  readonly accept: (answer: TaskAnswer) => void;
  beat: () => void;
}

const checkLength = 16;

/** The tasks that wait for their tokens. */
export class Callbacks {
  readonly #waiting = new Map<string, Waiting>();
  readonly #newId: () => string;

  /** @param newId gives unique names */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** A token says nothing to its holder. Its check tells a mangled one from one whose task is gone. */
  newToken(executionArn: string): string {
    const body = `${executionArn} ${this.#newId()}`;
    return Buffer.from(`${checkOf(body)} ${body}`).toString("base64");
  }

  /** @param keep is told the answer before its sender hears that it was taken */
  open(token: string, keep: (answer: TaskAnswer) => void): WaitingTask {
    const { promise, resolve } = Promise.withResolvers<TaskAnswer>();
    const waiting: Waiting = {
      accept: (answer) => {
        this.#waiting.delete(token);
        keep(answer);
        resolve(answer);
      },
      beat: () => undefined,
    };
    this.#waiting.set(token, waiting);
    return {
      answer: promise,
      onHeartbeat: (listener) => {
        waiting.beat = listener;
      },
      close: () => {
        if (this.#waiting.get(token) === waiting) this.#waiting.delete(token);
      },
    };
  }

  answer(token: string, answer: TaskAnswer): TokenVerdict {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return verdictOf(token);
    waiting.accept(answer);
    return "accepted";
  }

  heartbeat(token: string): TokenVerdict {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return verdictOf(token);
    waiting.beat();
    return "accepted";
  }
}

function verdictOf(token: string): TokenVerdict {
  const text = Buffer.from(token, "base64").toString();
  const body = text.slice(checkLength + 1);
  return body !== "" && text === `${checkOf(body)} ${body}` ? "closed" : "invalid";
}

function checkOf(body: string): string {
  return createHash("sha256").update(body).digest("hex").slice(0, checkLength);
}
