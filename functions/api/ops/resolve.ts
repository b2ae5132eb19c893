import { setTimeout as sleep } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { RecoverySaga } from "#adapters/stepfunctions/recovery-saga.ts";
import {
  isSameWord,
  type PaymentWord,
  type RefundWord,
  type WordRefusal,
} from "#core/payments/operator-word.ts";
import type { Payment } from "#core/payments/payment.ts";
import { type Answer, answer } from "../http/answer.ts";
import { requireMatch, tagOf } from "../http/precondition.ts";
import { Problem } from "../http/problem.ts";
import type { ApiRequest } from "../http/request.ts";
import { wordView } from "./word-view.ts";

/** What both kinds of words need. */
export interface WordPorts {
  readonly merchants: Pick<MerchantStore, "ids">;
  readonly recovery: Pick<RecoverySaga, "start">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What stands: a payment or a refund, and what was said of it. */
interface Stands<Word> {
  readonly what: "payment" | "refund";
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly words?: readonly Word[];
  readonly view: object;
}

/** One word of one operator, about what was found. */
export interface Saying<Word extends PaymentWord | RefundWord> {
  readonly found: Stands<Word>;
  readonly word: Word;
  /** Whether it may be said. Asked when the version is the one that the operator has seen. */
  readonly check: () => WordRefusal<Word["as"]> | undefined;
  /** Writes it down. @returns the payment as it now stands, or undefined when somebody moved it first. */
  readonly write: () => Promise<Payment | undefined>;
  readonly read: () => Promise<Stands<Word> | undefined>;
}

/** The longest that a caller waits for what comes of a word: two rounds of an acquirer that does not answer. */
const waitMsMax = 22_000;
const answerReserveMs = 2_000;
const pollMs = 300;

const logger = new Logger({ serviceName: "reviews" });

/** The version that the operator has seen. @throws Problem 428 or 400. */
export function seenIn({ headers }: ApiRequest): number {
  const header = headers["if-match"]?.trim();
  if (header === undefined)
    throw new Problem("precondition_missing", {
      detail: "Send the version that you have read, as If-Match.",
    });
  const version = /^"([1-9]\d{0,8})"$/.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  const detail = 'Send one version, such as "3".';
  throw new Problem("malformed_header", {
    errors: [{ parameter: "If-Match", code: "wrong_format", detail }],
  });
}

/**
 * Writes a word down and waits for what comes of it: the recovery asks the acquirer first, whose own answer counts. The
 * same word about the same version again is the same word. @throws Problem when it does not apply.
 */
export async function say<Word extends PaymentWord | RefundWord>(
  { recovery }: Pick<WordPorts, "recovery">,
  saying: Saying<Word>,
  request: ApiRequest,
  remainingMs: () => number,
): Promise<Answer> {
  const { found, word } = saying;
  if (wordIn(found, word) === undefined) {
    const { what, state, version } = found;
    if (state !== "in_review") throw new Problem("wrong_state", { detail: `The ${what} is ${state}.` });
    requireMatch(request, what, version);
    const refusal = saying.check();
    if (refusal !== undefined) throw problemOf(refusal);
    const payment = await saying.write();
    if (payment === undefined)
      throw new Problem("precondition_failed", { detail: `The ${what} has moved on. Read it again.` });
    // The reminder of this version starts it, too: a call that is lost costs some seconds.
    await recovery.start(payment).catch((error: unknown) => {
      logger.warn("the recovery was not started", { about: found.id, error: error as Error });
    });
  }
  const until = Date.now() + Math.min(waitMsMax, remainingMs() - answerReserveMs);
  for (;;) {
    const stands = await saying.read();
    const said = stands === undefined ? undefined : wordIn(stands, word);
    if (stands !== undefined && said !== undefined && (said.end !== undefined || Date.now() >= until))
      return answerWith(stands, said);
    if (Date.now() >= until) throw new Problem("unavailable");
    await sleep(pollMs);
  }
}

const wordIn = <Word extends PaymentWord | RefundWord>(
  { words }: Stands<Word>,
  word: Word,
): Word | undefined => words?.find((said) => isSameWord(said, word));

/** 200 once it has come to something, 202 while it is open. */
const answerWith = <Word extends PaymentWord | RefundWord>(
  { what, version, view }: Stands<Word>,
  said: Word,
): Answer =>
  answer(
    said.end === undefined ? 202 : 200,
    { object: "operator_word", word: wordView(said), [what]: view },
    { etag: tagOf(version) },
  );

function problemOf(refusal: WordRefusal<string>): Problem {
  switch (refusal.code) {
    case "not_in_review":
      return new Problem("wrong_state");
    case "too_many_words":
      return new Problem("too_many_words");
    case "outcome_not_possible": {
      const detail =
        refusal.possible.length === 0
          ? "No acquirer knows of it: the ledger decides."
          : `From where it stands it can come to: ${refusal.possible.join(", ")}.`;
      return new Problem("outcome_not_possible", { detail });
    }
  }
}
