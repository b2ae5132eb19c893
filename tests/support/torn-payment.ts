import type { Arrived } from "#core/failover/arrived.ts";
import type { UserAccountId } from "#core/ledger/account.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { beginRefund } from "#core/payments/begin.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { refundIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import {
  captureResolution,
  expiredResolution,
  holdEntry,
  refundHold,
  refundPosted,
  refundVoided,
  voidResolution,
  walletRefund,
  walletTransfer,
} from "#core/payments/postings.ts";
import { evolveRefund, type Refund, type RefundEvent } from "#core/payments/refund.ts";
import { exampleAuthorization as authorization, day, examplePayment, noon } from "./examples.ts";
import { valued } from "./valued.ts";

const wallet = { type: "account", account: "acc_alice" as UserAccountId } as const;
const reviewOf = (operation: "capture" | "refund") => ({ operation, reason: "timeout" }) as const;

/** How many versions of each item arrived, and which records: all, where nothing is said. */
export interface Arrival {
  readonly payment?: number;
  /** Of the n-th refund in the n-th place; 0 for one that did not arrive. */
  readonly refunds?: readonly number[];
  /** By their places among the records, from 0. */
  readonly without?: readonly number[];
}

/** One payment's life, without a store: each version of it and of its refunds, and its records, as sagas write them. */
export class TornPayment {
  readonly versions: Payment[];
  readonly refunds: Refund[][] = [];
  readonly records: JournalRecord[] = [];
  #now = noon;

  private constructor(payment: Payment) {
    this.versions = [payment];
  }

  static card(more: Partial<Payment> = {}): TornPayment {
    return new TornPayment({ ...examplePayment(), ...more } as Payment);
  }

  static wallet(): TornPayment {
    return TornPayment.card({ method: wallet });
  }

  get payment(): Payment {
    return this.versions.at(-1) as Payment;
  }

  get refund(): Refund {
    return this.refunds.at(-1)?.at(-1) as Refund;
  }

  authorize(): this {
    this.records.push(entryRecord(valued(holdEntry(this.payment, authorization, this.#recorder()))));
    return this.#move({ type: "authorized", authorization });
  }

  asksCapture(amount: bigint): this {
    const operation = { kind: "capture", amount, startedAt: this.#tick() } as const;
    return this.#move({ type: "operation_started", operation });
  }

  capture(amount = this.payment.total.amount): this {
    const posted = captureResolution(this.payment, authorization, amount, this.#recorder());
    this.records.push(resolutionRecord(valued(posted)));
    return this.#move({ type: "captured", authorization, amount });
  }

  release(): this {
    this.records.push(resolutionRecord(voidResolution(this.payment, authorization, this.#recorder())));
    return this.#move({ type: "canceled", reason: "requested_by_merchant" });
  }

  expire(): this {
    this.#now += 8 * day;
    const expired = expiredResolution(this.payment, authorization, this.#recorder());
    if (expired === undefined) throw new Error("the authorization has expired");
    this.records.push(resolutionRecord(expired));
    return this.#move({ type: "expired" });
  }

  inReview(): this {
    return this.#move({ type: "review_required", review: reviewOf("capture") });
  }

  outOfReview(): this {
    return this.#move({ type: "authorized", authorization });
  }

  /** From a wallet. */
  pay(): this {
    this.records.push(entryRecord(valued(walletTransfer(this.payment, wallet, this.#recorder()))));
    return this.#move({ type: "captured", amount: this.payment.total.amount });
  }

  beginRefund(amount: bigint): this {
    const { book, id: route } = this.payment;
    const id = refundIdOf({ book, route, idempotencyKey: `${this.refunds.length + 1}` });
    const begun = valued(beginRefund(this.payment, { id, amount, fingerprint: "f" }, this.#tick()));
    this.refunds.push([begun.refund]);
    return this.#move(begun.event);
  }

  holdRefund(): this {
    this.records.push(entryRecord(valued(refundHold(this.refund, authorization, this.#recorder()))));
    return this.#moveRefund({ type: "held" });
  }

  refundInReview(): this {
    this.#moveRefund({ type: "review_required", review: reviewOf("refund") });
    return this.#move({ type: "refund_in_review", refund: this.refund.id });
  }

  giveBack(): this {
    const recorder = this.#recorder();
    this.records.push(
      this.payment.method.type === "account"
        ? entryRecord(valued(walletRefund(this.refund, wallet, recorder)))
        : resolutionRecord(refundPosted(this.refund, authorization, recorder)),
    );
    this.#moveRefund({ type: "succeeded" });
    return this.#move({ type: "refund_succeeded", refund: this.refund.id });
  }

  refuseRefund(): this {
    if ("held" in this.refund && this.refund.held)
      this.records.push(resolutionRecord(refundVoided(this.refund, authorization, this.#recorder())));
    this.#moveRefund({ type: "failed", reason: "refused" });
    return this.#move({ type: "refund_failed", refund: this.refund.id });
  }

  /** What replication has brought of it. */
  arrived({ payment = this.versions.length, refunds = [], without = [] }: Arrival = {}): Arrived {
    return {
      payment: this.versions[payment - 1] as Payment,
      refunds: this.refunds.flatMap(
        (versions, index) => versions[(refunds[index] ?? versions.length) - 1] ?? [],
      ),
      journal: this.records.filter((_record, place) => !without.includes(place)),
    };
  }

  #move(event: PaymentEvent): this {
    this.versions.push(evolve(this.payment, event, this.#tick()));
    return this;
  }

  #moveRefund(event: RefundEvent): this {
    this.refunds.at(-1)?.push(evolveRefund(this.refund, event, this.#tick()));
    return this;
  }

  #tick(): number {
    this.#now += 10;
    return this.#now;
  }

  #recorder = () => ({ now: this.#tick(), execution: "run" });
}
