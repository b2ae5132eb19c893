import { z } from "zod";
import type { Book } from "#core/ledger/account.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import type { PaymentRecord } from "#core/payments/record.ts";
import type { RefundRecord } from "#core/payments/refund-record.ts";
import type { SagaStart } from "#workflows/payment/contract.ts";
import { attempt, execution } from "#workflows/records.ts";

/**
 * What the `recovery` saga's states hand to its task and get back. `machine.asl.json` reads `outcome`, `start`, `wait`,
 * `attempt`, `strays`, `book`, `payment` and `reason`: renaming one here means renaming it there.
 */

const book = z.string().transform((text) => text as Book);
const payment = z.string().transform((text, context) => {
  const id = parsePaymentId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not the id of a payment" });
  return z.NEVER;
});

/** The input of its task: the first look is attempt 0. */
export const recoverInput = z.strictObject({ book, payment, attempt, strays: z.boolean(), execution });

/** What the task answers with. */
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
  | { readonly outcome: "continue_payment"; readonly start: SagaStart }
  /** Input of the refund saga. */
  | {
      readonly outcome: "continue_refund";
      readonly start: {
        readonly payment: PaymentRecord;
        readonly refund: RefundRecord;
        readonly attempt: number;
      };
    }
  | { readonly outcome: "ask_again"; readonly reason: string }
);
