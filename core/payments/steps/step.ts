import type { Authorization, Payment } from "../payment.ts";
import type { RefundOfPayment } from "../ports.ts";

/** The saga has nothing left to do for this payment: it is declined, failed, canceled, in review, or was done already. */
export interface Concluded {
  readonly outcome: "concluded";
  readonly payment: Payment;
}

/** The payment went on without this run, which may have left an authorization at an acquirer: it is to be looked for. */
export interface Stray {
  readonly outcome: "stray";
  readonly payment: Payment;
}

/** A definite no after an acquirer approved: `authorization` is to be released. */
export interface Refused {
  readonly outcome: "refused";
  readonly payment: Payment;
  readonly authorization: Authorization;
  readonly reason: string;
}

export type AuthorizeResult =
  | { readonly outcome: "approved"; readonly payment: Payment; readonly authorization: Authorization }
  | Concluded
  | Stray;
/** `overdue`: nobody came back, and the acquirer is to let go. */
export type ResumeResult =
  | AuthorizeResult
  | { readonly outcome: "overdue"; readonly payment: Payment; readonly reason: string };
export type PostResult = { readonly outcome: "held"; readonly payment: Payment } | Refused | Concluded;
export type SettleResult = { readonly outcome: "captured"; readonly payment: Payment } | Refused | Concluded;

export type CompensateResult = Concluded | Stray;
export type TransferResult = { readonly outcome: "captured"; readonly payment: Payment } | Concluded;

/** What a step hands to the next. The state machine chooses by `outcome`. */
export type StepResult = ResumeResult | PostResult | SettleResult | CompensateResult | TransferResult;

/** What a step of the refund saga hands to the next: money is held for it, or there is nothing left to do. */
export type RefundStepResult = { readonly outcome: "held" | "concluded" } & RefundOfPayment;

/** How a step runs: who runs it, and when it must have an answer. */
export interface StepRun {
  /** The saga execution, which every journal record keeps. */
  readonly execution: string;
  /** Epoch milliseconds: when to stop waiting for an acquirer, early enough to still record what is known. */
  readonly deadline: number;
}

/** How a step runs that has an acquirer do something. */
export interface AskingRun extends StepRun {
  /** How often it may have been asked for before: 0 when certainly never. */
  readonly attempt: number;
}

export const concluded = (payment: Payment): Concluded => ({ outcome: "concluded", payment });
