import { base32 } from "../kernel/base32.ts";
import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";

/** `dl_` and 26 characters that sort by the time at which it was given up. */
export type DeadLetterId = Brand<string, "DeadLetterId">;

/** What was given up, whole: a replay needs nothing that a queue or a stream may have forgotten by then. */
export type DeadLetterOrigin =
  /** A message that its function failed on again and again. Replayed by sending it to its queue again. */
  | { readonly kind: "message"; readonly queueArn: string; readonly body: string }
  /** A record of a stream. Replayed by handing it to its function; `record` is JSON, as Lambda shows records. */
  | {
      readonly kind: "record";
      readonly functionArn: string;
      readonly streamArn: string;
      readonly sequenceNumber: string;
      readonly record: string;
    }
  /** Records that were gone from their stream before anyone looked. Nothing can be replayed: a person must look. */
  | {
      readonly kind: "lost_records";
      readonly functionArn: string;
      readonly streamArn: string;
      readonly first: string;
      readonly last: string;
      /** At most so many: AWS does not say whether it counts records before or after a mapping's filter. */
      readonly count: number;
    }
  /** A Standard execution that failed. Replayed by a redrive from the state that failed, or a new start. */
  | {
      readonly kind: "execution";
      readonly executionArn: string;
      readonly stateMachineArn: string;
      /** JSON text. */
      readonly input: string;
    }
  /** What an acquirer told and signed, and nothing here handles yet. There is nothing to give it back to. */
  | {
      readonly kind: "notification";
      readonly acquirer: string;
      /** As it arrived, but for card numbers. */
      readonly body: string;
      /** The header that proved whose it is. */
      readonly signature: string;
    }
  /** What a failover could not decide from what arrived of another region's books. Nothing takes it back: a person decides. */
  | {
      readonly kind: "finding";
      readonly executionArn: string;
      /** The id of a payment, a refund, an entry or an account. */
      readonly subject: string;
    };

export interface Replay {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly by: string;
  /** What was done, for people: `sent to …`, `redriven`. */
  readonly done: string;
}

export interface DeadLetter {
  readonly id: DeadLetterId;
  readonly origin: DeadLetterOrigin;
  /** Why it was given up, as far as whoever gave it up says so. */
  readonly reason: string;
  /** The payment that it speaks of, where it speaks of one. */
  readonly payment?: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly replays: readonly Replay[];
}

const idPattern = new RegExp(`^dl_${idTail}$`);
const timeBytes = 6;
const timeLength = 10;
const paymentPattern = new RegExp(`pay_${idTail}`);

/** @returns undefined when the text cannot be the id of a dead letter. */
export const parseDeadLetterId = (text: string): DeadLetterId | undefined =>
  idPattern.test(text) ? (text as DeadLetterId) : undefined;

/**
 * The same letter has the same id, however often it is delivered.
 * @param at epoch milliseconds, of the letter and not of its reader
 */
export function deadLetterIdOf(at: number, ...parts: readonly string[]): DeadLetterId {
  const time = Buffer.alloc(timeBytes);
  time.writeUIntBE(at, 0, timeBytes);
  const head = base32(time).slice(0, timeLength);
  return `dl_${head}${derivedId(parts).slice(timeLength)}` as DeadLetterId;
}

/** The payment that a text speaks of: the first id in it. */
export const paymentIn = (text: string): string | undefined => paymentPattern.exec(text)?.[0];

/** What is still waiting for a person. */
export const isOpen = (letter: Pick<DeadLetter, "replays">): boolean => letter.replays.length === 0;
