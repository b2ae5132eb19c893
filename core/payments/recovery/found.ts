import type { Authorization, Payment } from "../payment.ts";
import type { RefundOfPayment, SagaPorts } from "../ports.ts";
import type { Refund } from "../refund.ts";
import type { StepRun } from "../steps/step.ts";

/** What one look found, and what has to be done about it. */
export type Found = Finding & {
  /** Whether the next look has to go after strays; left out, it does if this one had to. */
  readonly strays?: boolean;
};

type Finding =
  /** Nothing is open any more, or it waits for somebody who will be heard of. */
  | { readonly outcome: "concluded"; readonly payment: Payment }
  /** The payment saga goes on with it, from the step that is named. */
  | { readonly outcome: "continue_payment"; readonly payment: Payment; readonly entry: PaymentEntry }
  /** The refund saga goes on with it. */
  | ({ readonly outcome: "continue_refund"; readonly attempt: 1 } & RefundOfPayment)
  /**
   * It is not known yet. `reason` is for whoever is asked in the end. `standsWell`: only what another acquirer may hold
   * is open, and the payment itself is as it should be.
   */
  | {
      readonly outcome: "ask_again";
      readonly payment: Payment;
      readonly reason: string;
      readonly standsWell?: true;
    };

/** Where the payment saga is entered, with what that step needs. */
export type PaymentEntry =
  | { readonly step: "authorize" }
  | { readonly step: "resume"; readonly attempt: 1 }
  /** With `attempt`, what follows the post may have been asked for, too. */
  | { readonly step: "post"; readonly authorization: Authorization; readonly attempt?: 1 }
  /** `attempt`: an earlier run may have asked for it, so it is inquired first. */
  | { readonly step: "settle"; readonly attempt: 1 }
  | {
      readonly step: "compensate";
      readonly authorization?: Authorization;
      readonly reason: string;
      readonly attempt: 1;
    };

export interface RecoveryPorts extends Pick<SagaPorts, "payments" | "acquirers" | "now"> {
  /** The refund that a payment's pending operation names. */
  readonly refundOf: (payment: Payment) => Promise<Refund | undefined>;
}

/** How one look is made. */
export interface Look extends StepRun {
  /** 0 at the first. */
  readonly attempt: number;
  /** Whether an acquirer may hold money for the payment that the payment does not know of. */
  readonly strays: boolean;
}

export const concluded = (payment: Payment): Found => ({ outcome: "concluded", payment });
export const askAgain = (payment: Payment, reason: string): Found => ({
  outcome: "ask_again",
  payment,
  reason,
});
