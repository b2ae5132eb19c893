import { absurd } from "../kernel/invariant.ts";
import type { RefundId } from "./ids.ts";
import type { PaymentState } from "./states.ts";

/**
 * What a merchant asked to be done with a payment. It is written before its saga runs, so that nothing else can begin
 * meanwhile, and cleared by the write that ends it: it stays for as long as the outcome is unknown.
 */
export type PendingOperation = {
  /** Epoch milliseconds. */
  readonly startedAt: number;
} & (
  | { readonly kind: "capture" /** Minor units. */; readonly amount: bigint }
  | {
      readonly kind: "cancel" /** Time asked for it, not the merchant: it ends as expired. */;
      readonly overdue?: true;
    }
  | {
      readonly kind: "refund";
      readonly refund: RefundId;
      /** Minor units. */
      readonly amount: bigint;
      /** The acquirer may or may not have given the money back. */
      readonly inReview?: true;
    }
);

export type OperationKind = PendingOperation["kind"];

/** Where a payment may stand while an operation goes on. */
const statesDuring: Readonly<Record<OperationKind, readonly PaymentState[]>> = {
  capture: ["authorized", "in_review"],
  cancel: ["authorized", "requires_action", "in_review"],
  refund: ["captured", "settled"],
};

export const mayGoOnIn = (kind: OperationKind, state: PaymentState): boolean =>
  statesDuring[kind].includes(state);

/**
 * Whether two writes begin, or carry, the same operation. Two requests for the same amount are two operations: the
 * moment tells them apart.
 */
export function isSameOperation(
  one: PendingOperation | undefined,
  other: PendingOperation | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.startedAt === other.startedAt && subjectOf(one) === subjectOf(other);
}

/** All that two operations of one moment can differ in. */
function subjectOf(operation: PendingOperation): string {
  switch (operation.kind) {
    case "capture":
      return `capture ${operation.amount}`;
    case "cancel":
      return `cancel ${operation.overdue ?? false}`;
    case "refund":
      return `refund ${operation.refund} ${operation.amount} ${operation.inReview ?? false}`;
    default:
      return absurd(operation);
  }
}
