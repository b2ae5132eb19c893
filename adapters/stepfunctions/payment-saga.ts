import type { SFNClient } from "@aws-sdk/client-sfn";
import type { Authorization, Payment } from "#core/payments/payment.ts";
import { authorizationRecord, fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { ExpressSaga } from "./express-saga.ts";

/** What the caller learns: the outcome, or only that the saga goes on without it. */
export type SagaEnd =
  | { readonly kind: "ended"; readonly payment: Payment }
  | { readonly kind: "unknown"; readonly reason: string };

/** Where the saga is entered, with what that step needs. Left out: at its beginning. */
export type SagaEntry =
  | { readonly step: "resume" }
  /** The capture that the payment's pending operation asks for. */
  | { readonly step: "settle"; readonly attempt?: number }
  /** Without an authorization: what a customer was to confirm is taken back. */
  | {
      readonly step: "compensate";
      readonly authorization?: Authorization | undefined;
      readonly reason: string;
    };

/** Starts the `payment` saga. */
export class PaymentSaga {
  readonly #saga: ExpressSaga;

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#saga = new ExpressSaga(client, stateMachineArn);
  }

  /** Runs the saga and waits for its end, at most `waitMs`. Never throws. */
  async run(payment: Payment, waitMs: number, entry?: SagaEntry): Promise<SagaEnd> {
    const end = await this.#saga.run(startOf(payment, entry), waitMs);
    if (end.kind === "unknown") return end;
    return { kind: "ended", payment: fromRecord((end.output as { payment: PaymentRecord }).payment) };
  }

  /** Starts the saga and does not wait for it. @throws whatever the call throws: then it may have started or not. */
  start(payment: Payment, entry?: SagaEntry): Promise<void> {
    return this.#saga.start(startOf(payment, entry));
  }
}

/** What starts the saga, under which name. */
export function startOf(payment: Payment, entry: SagaEntry | undefined) {
  if (entry === undefined) return { name: payment.id, input: { payment: toRecord(payment) } };
  const { authorization, ...given } = { authorization: undefined, ...entry };
  // A customer's return and a notification may both resume it: what follows asks first whether the other has.
  const rest = given.step === "resume" ? { ...given, attempt: 1 } : given;
  return {
    name: `${payment.id}-${entry.step}`,
    input: {
      payment: toRecord(payment),
      ...rest,
      ...(authorization === undefined ? {} : { authorization: authorizationRecord(authorization) }),
    },
  };
}
