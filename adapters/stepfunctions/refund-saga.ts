import type { SFNClient } from "@aws-sdk/client-sfn";
import type { RefundOfPayment } from "#core/payments/ports.ts";
import { fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { fromRefundRecord, type RefundRecord, toRefundRecord } from "#core/payments/refund-record.ts";
import { ExpressSaga } from "./express-saga.ts";

/** What the caller learns: the outcome, or only that the saga goes on without it. */
export type RefundSagaEnd =
  | ({ readonly kind: "ended" } & RefundOfPayment)
  | { readonly kind: "unknown"; readonly reason: string };

/** Starts the `refund` saga, for a refund that has been begun. */
export class RefundSaga {
  readonly #saga: ExpressSaga;

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#saga = new ExpressSaga(client, stateMachineArn);
  }

  /** Runs the saga and waits for its end, at most `waitMs`. Never throws. */
  async run(of: RefundOfPayment, waitMs: number): Promise<RefundSagaEnd> {
    const end = await this.#saga.run(startOf(of), waitMs);
    if (end.kind === "unknown") return end;
    const { payment, refund } = end.output as { payment: PaymentRecord; refund: RefundRecord };
    return { kind: "ended", payment: fromRecord(payment), refund: fromRefundRecord(refund) };
  }

  /** Starts the saga and does not wait for it. @throws whatever the call throws: then it may have started or not. */
  start(of: RefundOfPayment): Promise<void> {
    return this.#saga.start(startOf(of));
  }
}

const startOf = ({ payment, refund }: RefundOfPayment) => ({
  name: refund.id,
  input: { payment: toRecord(payment), refund: toRefundRecord(refund) },
});
