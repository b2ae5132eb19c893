import { absurd } from "../kernel/invariant.ts";
import { debitsOf } from "../ledger/entry.ts";
import type { Resolution } from "../ledger/resolution.ts";
import type { PaymentEvent } from "../payments/events.ts";
import { evolve } from "../payments/evolve.ts";
import type { RefundId } from "../payments/ids.ts";
import {
  authorizationOf,
  capturedOf,
  heldAuthorizationOf,
  type Payment,
  refundedOf,
} from "../payments/payment.ts";
import { createRefund, evolveRefund, isHeld, type Refund, refundMayMove } from "../payments/refund.ts";
import { type Arrived, inJournal, type Torn } from "./arrived.ts";

/** What a payment and its refunds have to go through until they stand where the furthest of their parts does. */
export interface CaughtUp {
  /** Versions of the payment that follow the one that arrived, in their order. */
  readonly payment: readonly Payment[];
  /** Refunds that did not arrive, and later versions of those that did. */
  readonly refunds: readonly Refund[];
  readonly torn: readonly Torn[];
}

/**
 * Takes a payment to where its journal and its refunds already are. Each of them was written in one transaction with a
 * version of the payment: that it arrived proves that the version was committed. What only an acquirer knows (the
 * reference of an authorization, and who declined) is not made up here: the recovery asks.
 */
export function catchUp(arrived: Arrived, now: number): CaughtUp {
  const course = new Course(arrived, now);
  course.endHold();
  course.followRefunds();
  course.findLost();
  return course;
}

class Course implements CaughtUp {
  readonly payment: Payment[] = [];
  readonly refunds: Refund[] = [];
  readonly torn: Torn[] = [];
  readonly #arrived: Arrived;
  readonly #now: number;
  #at: Payment;
  readonly #known: Map<RefundId, Refund>;

  constructor(arrived: Arrived, now: number) {
    this.#arrived = arrived;
    this.#now = now;
    this.#at = arrived.payment;
    this.#known = new Map(
      arrived.refunds.toSorted((a, b) => a.n - b.n).map((refund) => [refund.id, refund] as const),
    );
  }

  /** A hold that the journal has ended is no longer held. */
  endHold(): void {
    const { resolution } = inJournal(this.#arrived, "authorize");
    if (resolution === undefined || heldAuthorizationOf(this.#at) === undefined) return;
    // Time ends what is authorized: it was taken out of review before.
    const authorization = authorizationOf(this.#at);
    if (this.#at.state === "in_review" && resolution.kind === "expired" && authorization !== undefined)
      this.#move({ type: "authorized", authorization });
    const ending = endingOf(this.#at, resolution);
    if (fits(this.#at, ending)) this.#move(ending);
    else
      this.#tear(this.#at.id, `is ${this.#at.state}, and its hold is ${resolution.kind}: the two do not fit`);
  }

  /** One after the other, as they were begun: the next began when the one before it had ended. */
  followRefunds(): void {
    for (const refund of this.#known.values()) {
      if (!this.#at.refunds?.includes(refund.id) && !this.#list(refund)) continue;
      const pending = this.#at.pendingOperation;
      if (pending?.kind === "refund" && pending.refund === refund.id) this.#conclude(refund);
      else if (refundMayMove(refund.state, "failed")) this.#endAsPayment(refund);
    }
  }

  /** The payment lists a refund that did not arrive. */
  findLost(): void {
    for (const [index, id] of (this.#at.refunds ?? []).entries()) {
      if (this.#known.has(id)) continue;
      const pending = this.#at.pendingOperation;
      if (pending?.kind !== "refund" || pending.refund !== id) {
        this.#tear(id, `ended with ${this.#at.id}, and did not arrive: what it came to is not known`);
        continue;
      }
      const before = { ...this.#at, refunds: this.#at.refunds?.slice(0, index) ?? [] };
      // Its reason and the digest of its request are lost with it: the same request again is refused as another one.
      const asked = { id, amount: pending.amount, fingerprint: "" };
      this.refunds.push(createRefund(before, asked, pending.startedAt));
      this.#tear(id, `did not arrive, and goes on from what ${this.#at.id} says: its reason is lost`);
    }
  }

  /** A refund was begun in one transaction with the version of its payment that lists it. */
  #list({ id, n, total, createdAt: startedAt }: Refund): boolean {
    const isNext = n === (this.#at.refunds?.length ?? 0) + 1 && this.#at.pendingOperation === undefined;
    const left = capturedOf(this.#at) - refundedOf(this.#at);
    if (!isNext || total.amount > left) {
      this.#tear(id, `is refund ${n} of ${this.#at.id}, which cannot have begun it as it stands`);
      return false;
    }
    const operation = { kind: "refund", refund: id, amount: total.amount, startedAt } as const;
    this.#move({ type: "operation_started", operation });
    return true;
  }

  #conclude(refund: Refund): void {
    const event = endOf(refund, this.#at);
    if (event !== undefined) this.#move(event);
  }

  /** Its payment has ended it, so that it came to something: to what, the journal says, or else the amounts. */
  #endAsPayment(refund: Refund): void {
    const cameTo = this.#inJournal(refund) ?? this.#byAmounts();
    if (cameTo === "succeeded") this.#succeed(refund);
    else if (cameTo === "failed") this.#end(refund, { type: "failed", reason: "lost_in_failover" });
    else this.#tear(refund.id, `ended with ${this.#at.id}, and what it came to is not known`);
  }

  /** Written in one transaction with its end. It may be what did not arrive: then it says nothing. */
  #inJournal({ n }: Refund): RefundEnd | undefined {
    const isWallet = this.#at.method.type === "account";
    if (isWallet)
      return inJournal(this.#arrived, "refunded", n).entry === undefined ? undefined : "succeeded";
    const { resolution } = inJournal(this.#arrived, "refund", n);
    if (resolution === undefined) return undefined;
    return resolution.kind === "posted" ? "succeeded" : "failed";
  }

  /** What the payment has given back and no other refund has: nothing, or all of what is not known of. */
  #byAmounts(): RefundEnd | undefined {
    const pending = this.#at.pendingOperation;
    // One that goes on has given nothing back yet, whether it arrived or not.
    const over = (this.#at.refunds ?? []).filter((id) => pending?.kind !== "refund" || pending.refund !== id);
    const arrived = over.flatMap((id) => this.#known.get(id) ?? []);
    if (arrived.length < over.length) return undefined;
    const cameTo = (each: Refund) => endedAs(each) ?? this.#inJournal(each);
    const given = refundedOf(this.#at) - amountOf(arrived.filter((each) => cameTo(each) === "succeeded"));
    if (given === 0n) return "failed";
    const unknown = arrived.filter((each) => cameTo(each) === undefined);
    return given === amountOf(unknown) ? "succeeded" : undefined;
  }

  #succeed(refund: Refund): void {
    const held =
      isHeld(refund) || refund.from === undefined
        ? refund
        : evolveRefund(refund, { type: "held" }, this.#now);
    if (held !== refund) this.refunds.push(held);
    this.#end(held, { type: "succeeded" });
  }

  #end(
    refund: Refund,
    event: { readonly type: "succeeded" } | { readonly type: "failed"; readonly reason: string },
  ) {
    const ended = evolveRefund(refund, event, this.#now);
    this.#known.set(refund.id, ended);
    this.refunds.push(ended);
  }

  #move(event: PaymentEvent): void {
    this.#at = evolve(this.#at, event, this.#now);
    this.payment.push(this.#at);
  }

  #tear(subject: string, what: string): void {
    this.torn.push({ subject, what });
  }
}

type RefundEnd = "succeeded" | "failed";

const endedAs = ({ state }: Refund): RefundEnd | undefined =>
  state === "succeeded" || state === "failed" ? state : undefined;

const amountOf = (refunds: readonly Refund[]): bigint =>
  refunds.reduce((sum, { total }) => sum + total.amount, 0n);

/** What a refund came to, for its payment that still waits for it. */
function endOf(refund: Refund, { pendingOperation: pending }: Payment): PaymentEvent | undefined {
  switch (refund.state) {
    case "succeeded":
      return { type: "refund_succeeded", refund: refund.id };
    case "failed":
      return { type: "refund_failed", refund: refund.id };
    case "in_review":
      return pending?.kind === "refund" && pending.inReview !== true
        ? { type: "refund_in_review", refund: refund.id }
        : undefined;
    case "processing":
      return undefined;
    default:
      return absurd(refund);
  }
}

function endingOf(payment: Payment, resolution: Resolution): PaymentEvent {
  const authorization = authorizationOf(payment);
  switch (resolution.kind) {
    case "posted":
      return {
        type: "captured",
        ...(authorization === undefined ? {} : { authorization }),
        amount: debitsOf(resolution.entry.legs),
      };
    case "voided":
      return { type: "canceled", reason: reasonOf(payment) };
    case "expired":
      return { type: "expired" };
    default:
      return absurd(resolution);
  }
}

/** What was asked for is what was done: an operation never changes once it is begun. */
function fits({ total, pendingOperation: pending }: Payment, ending: PaymentEvent): boolean {
  if (ending.type !== "captured") return pending?.kind !== "refund";
  const isAsked = pending === undefined || (pending.kind === "capture" && pending.amount === ending.amount);
  return isAsked && ending.amount > 0n && ending.amount <= total.amount;
}

/** One that is captured by itself is released because its capture was refused; another, because it was taken back. */
const reasonOf = ({ capture, pendingOperation: pending }: Payment): string =>
  capture === "automatic" || pending?.kind === "capture" ? "operation_refused" : "requested_by_merchant";
