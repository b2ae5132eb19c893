import { type Authorization, acquirerOf, type Payment, type Review } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { putInReview, reviewStray } from "./record.ts";
import { type Concluded, concluded, type Stray } from "./step.ts";

/** A step that was lost past its retries. */
export interface LostStep {
  readonly payment: Payment;
  readonly step: keyof typeof operationOf;
  /** Name of what it threw last. */
  readonly error: string;
  /** What the step was given to post or to void, where it was. */
  readonly authorization?: Authorization | undefined;
}

/** The steps of the payment saga, and what each was doing when it was lost. */
export const operationOf = {
  authorize: "authorize",
  resume: "authorize",
  transfer: "post",
  post: "post",
  settle: "capture",
  compensate: "void",
} as const satisfies Record<string, Review["operation"]>;

/** What a lost step did is not known, so it is looked into: nothing is undone blindly. */
export async function review(
  ports: Pick<SagaPorts, "payments" | "now">,
  { payment, step, error, authorization }: LostStep,
): Promise<Concluded | Stray> {
  const acquirer = authorization?.acquirer ?? acquirerOf(payment);
  const found: Review = {
    operation: operationOf[step],
    ...(acquirer === undefined ? {} : { acquirer }),
    reason: authorization === undefined ? error : `${error} (authorization ${authorization.reference})`,
  };
  // What is resumed or settled, the payment names by its acquirer; only these may leave something behind that it does not.
  return step === "authorize" || authorization !== undefined
    ? reviewStray(ports, payment, authorization?.reference, found)
    : concluded(await putInReview(ports, payment, found));
}
