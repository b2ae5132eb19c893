import { z } from "zod";
import type { PaymentRecord } from "#core/payments/record.ts";
import type { RefundRecord } from "#core/payments/refund-record.ts";
import type { TakenStart } from "#workflows/payment/contract.ts";
import { attempt, execution, paymentNamed, type Take, take } from "#workflows/records.ts";

/**
 * What the `recovery` saga's states hand to its task and get back. `machine.asl.json` reads `outcome`, `start`, `wait`,
 * `attempt`, `strays`, `book`, `payment` and `reason`: renaming one here means renaming it there.
 */

/** The input of its task: the first look is attempt 0. */
export const recoverInput = z.strictObject({ ...paymentNamed, attempt, strays: z.boolean(), execution });

/** The input of its task when a saga that it started asks for what was named. */
export const takeInput = z.strictObject({ take });

/** What the task answers with then. `refund`: the one that the payment waits for. */
export interface TakeOutput {
  /** `concluded`: the payment is not as it was looked at any more. */
  readonly outcome: "taken" | "concluded";
  readonly payment: PaymentRecord;
  readonly refund?: RefundRecord;
}

/** What the task answers with. All of it is in the execution's history, and so without what people wrote. */
export type RecoverOutput = {
  readonly book: string;
  readonly payment: string;
  readonly attempt: number;
  /** Whether an acquirer may hold money that the payment does not know of: then it is not over with the payment. */
  readonly strays: boolean;
  /** Seconds until the next look; -1 after the last. */
  readonly wait: number;
} & (
  | { readonly outcome: "concluded" }
  /** Input of the payment saga. */
  | { readonly outcome: "continue_payment"; readonly start: TakenStart }
  /** Input of the refund saga. */
  | {
      readonly outcome: "continue_refund";
      readonly start: { readonly take: Take; readonly attempt: number };
    }
  | { readonly outcome: "ask_again"; readonly reason: string }
);
