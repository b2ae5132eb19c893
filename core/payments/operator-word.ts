import type { DeclineCode } from "../acquiring/declines.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Authorization, Payment } from "./payment.ts";
import type { Refund } from "./refund.ts";

/**
 * What an operator says became of a payment or a refund in review, because the acquirer told a person and does not tell
 * us. It is written down before anything follows from it, and stays for ever.
 */
export type PaymentWord = Said & PaymentOutcome;
export type RefundWord = Said & RefundOutcome;

export type PaymentOutcome =
  | { readonly as: "authorized"; readonly authorization: Authorization }
  | { readonly as: "captured" | "failed" | "canceled" }
  | { readonly as: "declined"; readonly acquirer: string; readonly code: DeclineCode };
export interface RefundOutcome {
  readonly as: "succeeded" | "failed";
}

interface Said {
  /** Who said it. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The version that it was said about. */
  readonly seen: number;
  readonly evidence: string;
  /** Absent while it is open. */
  readonly end?: WordEnd;
  /** What an acquirer says instead, where the word was overruled. */
  readonly says?: string;
}

/** `replaced`: another word was said before this one had come to anything. */
export type WordEnd = "taken" | "overruled" | "replaced";

/** Whoever needs more has a question that no further word answers. */
export const wordsMax = 20;

type AnyWord = PaymentWord | RefundWord;
interface Worded<Word extends AnyWord> {
  readonly words?: readonly Word[];
}

/** The word that is yet to come to something. */
export function openWordOf<Word extends AnyWord>({ words }: Worded<Word>): Word | undefined {
  const last = words?.at(-1);
  return last?.end === undefined ? last : undefined;
}

/** Words with one more, which takes the place of one that is open. */
export const withWord = <Word extends AnyWord>({ words }: Worded<Word>, word: Word): readonly Word[] => [
  ...ended({ words: words ?? [] }, { end: "replaced" }),
  word,
];

/** Words at an overruling: an acquirer `says` something else. */
export const overruled = <Word extends AnyWord>(worded: Worded<Word>, says: string): readonly Word[] =>
  ended(worded, { end: "overruled", says });

/** The same, in a record that has them or not, once it moves to `state`: the word was taken, if that is what it said. */
export function wordsAt<Word extends AnyWord>(worded: Worded<Word>, state: string): Worded<Word> {
  if (worded.words === undefined) return {};
  const open = openWordOf(worded);
  return { words: ended(worded, { end: open?.as === state ? "taken" : "overruled" }) };
}

function ended<Word extends AnyWord>(worded: Worded<Word>, end: Pick<Said, "end" | "says">): readonly Word[] {
  const { words = [] } = worded;
  return openWordOf(worded) === undefined
    ? words
    : words.map((word, index) => (index === words.length - 1 ? { ...word, ...end } : word));
}

/** Whether one operator said the same twice, of the same version: then it was said once. */
export const isSameWord = (one: AnyWord, other: AnyWord): boolean =>
  one.seen === other.seen &&
  one.by === other.by &&
  one.evidence === other.evidence &&
  subjectOf(one) === subjectOf(other);

function subjectOf(word: AnyWord): string {
  switch (word.as) {
    case "authorized":
      return `authorized ${word.authorization.acquirer} ${word.authorization.reference}`;
    case "declined":
      return `declined ${word.acquirer} ${word.code}`;
    default:
      return word.as;
  }
}

/** Why a word does not apply, in order of precedence. */
export type WordRefusal<Outcome extends string> =
  | { readonly code: "not_in_review" }
  /** From where it stands it can come to these alone. */
  | { readonly code: "outcome_not_possible"; readonly possible: readonly Outcome[] }
  | { readonly code: "too_many_words" };

/** What a payment in review can come to by somebody's word: what an inquiry could make of it. */
export function possibleOutcomes(payment: Payment): readonly PaymentOutcome["as"][] {
  // Of a wallet's payment no acquirer knows anything: our own ledger decides.
  if (payment.state !== "in_review" || payment.method.type === "account") return [];
  const { authorization, review } = payment;
  if (authorization !== undefined)
    return payment.pendingOperation?.kind === "cancel"
      ? ["canceled"]
      : [
          "authorized",
          ...(amountToCapture(payment) === undefined ? [] : (["captured"] as const)),
          "canceled",
        ];
  // It was approved and refused by the ledger: whether the acquirer has let go is all that is unknown.
  return review.operation === "void" ? ["failed"] : ["authorized", "declined", "failed"];
}

/** A refund that the ledger never set money aside for has been asked of nobody. */
function possibleRefundOutcomes(refund: Refund): readonly RefundOutcome["as"][] {
  if (refund.state !== "in_review" || refund.from === undefined) return [];
  return refund.held ? ["succeeded", "failed"] : ["failed"];
}

/** Whether a word may be said about a payment as it stands. */
export const checkWord = (
  payment: Payment,
  { as }: PaymentWord,
): Result<undefined, WordRefusal<PaymentOutcome["as"]>> =>
  check(payment.state, possibleOutcomes(payment), as, payment.words);

export const checkRefundWord = (
  refund: Refund,
  { as }: RefundWord,
): Result<undefined, WordRefusal<RefundOutcome["as"]>> =>
  check(refund.state, possibleRefundOutcomes(refund), as, refund.words);

function check<Outcome extends string>(
  state: string,
  possible: readonly Outcome[],
  as: Outcome,
  words: readonly AnyWord[] = [],
): Result<undefined, WordRefusal<Outcome>> {
  if (state !== "in_review") return err({ code: "not_in_review" });
  if (!possible.includes(as)) return err({ code: "outcome_not_possible", possible });
  return words.length >= wordsMax ? err({ code: "too_many_words" }) : ok(undefined);
}

/** Minor units that are to be captured where a hold stands: what the merchant asked for, or all of an automatic payment. */
export function amountToCapture({ pendingOperation: pending, capture, total }: Payment): bigint | undefined {
  if (pending?.kind === "capture") return pending.amount;
  return pending === undefined && capture === "automatic" ? total.amount : undefined;
}
