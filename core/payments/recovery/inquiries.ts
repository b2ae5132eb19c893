import type { Inquiry } from "../../acquiring/outcome.ts";
import { approvedBy } from "../decide.ts";
import { operationKey, reversalKey } from "../ids.ts";
import type { Authorization, Payment } from "../payment.ts";
import type { Look, RecoveryPorts } from "./found.ts";

export interface Answer {
  readonly acquirer: string;
  readonly inquiry: Inquiry;
}

export const inquireAll = (
  ports: RecoveryPorts,
  payment: Payment,
  names: readonly string[],
  look: Look,
): Promise<readonly Answer[]> =>
  Promise.all(
    names.map(async (acquirer) => ({
      acquirer,
      inquiry: await inquire(ports, acquirer, operationKey(payment.id, "authorize"), look),
    })),
  );

export const inquire = (
  { acquirers }: RecoveryPorts,
  acquirer: string,
  key: string,
  { deadline }: Look,
): Promise<Inquiry> => acquirers.named(acquirer).inquire({ key, deadline });

/** Reverses what may have been approved, and what may still arrive. @returns who has not acknowledged it. */
export async function closeAll(
  { acquirers }: RecoveryPorts,
  payment: Payment,
  names: readonly string[],
  deadline: number,
): Promise<readonly string[]> {
  const ends = await Promise.all(
    names.map(async (acquirer) => {
      const outcome = await acquirers.named(acquirer).reverse({
        key: reversalKey(payment.id, "authorize"),
        operationKey: operationKey(payment.id, "authorize"),
        amount: payment.total.amount,
        currency: payment.total.currency,
        deadline,
      });
      return { acquirer, isClosed: outcome.kind === "approved" };
    }),
  );
  return ends.filter(({ isClosed }) => !isClosed).map(({ acquirer }) => acquirer);
}

export const approvalIn =
  (payment: Payment) =>
  ({ acquirer, inquiry }: Answer): Authorization[] =>
    inquiry.kind === "found" && inquiry.outcome.kind === "approved"
      ? [approvedBy(acquirer, payment, inquiry.outcome)]
      : [];

/** It has not decided yet. */
export const isPending = ({ inquiry }: Answer): boolean =>
  inquiry.kind === "found" && inquiry.outcome.kind === "pending";

/** Who answered like this. */
export const namesOf = (answers: readonly Answer[], kind: Inquiry["kind"]): readonly string[] =>
  answers.filter(({ inquiry }) => inquiry.kind === kind).map(({ acquirer }) => acquirer);
