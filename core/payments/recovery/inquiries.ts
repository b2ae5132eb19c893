import type { Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
import type { Acquirer } from "../../acquiring/port.ts";
import { operationKey } from "../ids.ts";
import type { Authorization, Payment } from "../payment.ts";
import type { Look, RecoveryPorts } from "./found.ts";

/**
 * Acquirers whose word is known already. Asked again they might be silent again: what an inquiry brought stands in the
 * place of the answer that never came, and the step that waited for it does what it always does.
 */
export function knowing<Ports extends Pick<RecoveryPorts, "acquirers">>(
  ports: Ports,
  outcome: KnownOutcome,
): Ports {
  const said = (): Promise<KnownOutcome> => Promise.resolve(outcome);
  const named = (name: string): Acquirer => {
    const acquirer = ports.acquirers.named(name);
    return {
      name,
      authorize: said,
      capture: said,
      void: said,
      refund: said,
      reverse: (request) => acquirer.reverse(request),
      inquire: (request) => acquirer.inquire(request),
    };
  };
  return { ...ports, acquirers: { ...ports.acquirers, named } };
}

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
        key: operationKey(payment.id, "reversal"),
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

/** Card schemes let most authorizations stand for a week; an acquirer that says otherwise is believed. */
const authorizationLifetimeMs = 7 * 24 * 3_600_000;

export const approvalIn =
  ({ now }: Pick<RecoveryPorts, "now">) =>
  ({ acquirer, inquiry }: Answer): Authorization[] => {
    if (inquiry.kind !== "found" || inquiry.outcome.kind !== "approved") return [];
    const { reference, expiresAt = now() + authorizationLifetimeMs } = inquiry.outcome;
    return [{ acquirer, reference, expiresAt }];
  };

/** No answer, or none yet. "Not found" is one for what is sent again under its key. */
export function isOpenStill(inquiry: Inquiry): boolean {
  return inquiry.kind === "unavailable" || (inquiry.kind === "found" && inquiry.outcome.kind === "pending");
}

export function reasonIn(acquirer: string, inquiry: Inquiry): string {
  if (inquiry.kind === "unavailable") return `no answer from ${acquirer}: ${inquiry.reason}`;
  const outcome: KnownOutcome["kind"] | "nothing" =
    inquiry.kind === "found" ? inquiry.outcome.kind : "nothing";
  return `${acquirer} says ${outcome}`;
}

export const namesOf = (answers: readonly Answer[]): string =>
  answers.map(({ acquirer }) => acquirer).join(", ");
