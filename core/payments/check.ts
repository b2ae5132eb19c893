import type { Dispute } from "../disputes/dispute.ts";
import type { Payment } from "./payment.ts";

/** A reminder to look at a payment again: whatever was to move it on may have died. */
export interface Check {
  readonly book: string;
  readonly payment: string;
  /** The version that the reminder was made for. */
  readonly version: number;
}

/** A reminder that nobody looks after a dispute: its saga ran in a region that is lost. */
export interface DisputeCheck {
  readonly book: string;
  readonly dispute: string;
}

/** A saga, with all its retries, is over by then: who still stands there was left. */
const sagaSeconds = 60;
/** The first inquiry after silence. */
const silenceSeconds = 5;
/** What a customer has to pass a challenge of the issuer. */
const challengeSeconds = 900;

/**
 * In how many seconds a payment that stands like this should be looked at; undefined when nothing can hold it up. Whoever
 * is waited for (a saga, an acquirer, a customer) has done its part by then, or has not.
 */
export function checkAfterSeconds(payment: Payment): number | undefined {
  switch (payment.state) {
    case "processing":
      return sagaSeconds;
    case "requires_action":
      return challengeSeconds;
    case "in_review":
      return silenceSeconds;
    case "authorized":
      // One that is captured at once is looked at a minute after its creation. One that waits for the merchant can get
      // stuck in what the merchant asks for.
      return payment.pendingOperation === undefined ? undefined : sagaSeconds;
    case "captured":
    case "settled": {
      const operation = payment.pendingOperation;
      if (operation === undefined) return undefined;
      return operation.kind === "refund" && operation.inReview === true ? silenceSeconds : sagaSeconds;
    }
    case "declined":
    case "failed":
    case "canceled":
    case "expired":
      return undefined;
  }
}

/** What a reminder comes to, once its time has come. */
export type ToDo =
  | { readonly kind: "nothing" }
  /** Something is still under way that began later than the reminder knew. */
  | { readonly kind: "later"; readonly seconds: number }
  | { readonly kind: "recover" };

/**
 * Whether a payment still stands where it was when the reminder was made. One that has moved to where it can get stuck
 * again has a reminder of its own; an automatic payment that is being captured has only that of its creation.
 */
export function whatToDo(payment: Payment, check: Pick<Check, "version">, now: number): ToDo {
  if (checkAfterSeconds(payment) !== undefined)
    return payment.version === check.version ? { kind: "recover" } : { kind: "nothing" };
  if (payment.state !== "authorized" || payment.capture !== "automatic") return { kind: "nothing" };
  const left = Math.ceil((payment.updatedAt + sagaSeconds * 1_000 - now) / 1_000);
  return left > 0 ? { kind: "later", seconds: Math.min(left, sagaSeconds) } : { kind: "recover" };
}

export const checkOf = ({ book, id, version }: Payment): Check => ({ book, payment: id, version });
export const disputeCheckOf = ({ book, id }: Pick<Dispute, "book" | "id">): DisputeCheck => ({
  book,
  dispute: id,
});
