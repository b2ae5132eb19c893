import {
  authorizationOf,
  capturedOf,
  isSameAuthorization,
  type Payment,
  refundedOf,
} from "#core/payments/payment.ts";
import { type Finding, found } from "./invariants.ts";

/** What one acquirer holds, or held, under one authorization. */
export interface AcquirerAuthorization {
  readonly acquirer: string;
  readonly reference: string;
  /** The payment that its operation key names. */
  readonly payment: string;
  readonly state: "open" | "captured" | "voided";
  /** Minor units that were approved, that were captured, and that were given back. */
  readonly amount: bigint;
  readonly captured: bigint;
  readonly refunded: bigint;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * At any moment: whatever the tables say of an acquirer is so there. Nothing is recorded that did not happen.
 * `authorizations` are all that the acquirers ever approved.
 */
export function checkRecorded(
  payments: readonly Payment[],
  authorizations: readonly AcquirerAuthorization[],
): Finding[] {
  return payments.flatMap((payment) => {
    const recorded = authorizationOf(payment);
    if (recorded === undefined) return [];
    const there = authorizations.find((authorization) => isSameAuthorization(authorization, recorded));
    const name = `${recorded.acquirer}/${recorded.reference}`;
    const wrong = (what: string) => [found("agreement", payment.id, what)];
    if (there?.payment !== payment.id) return wrong(`names ${name}, which is not its own`);
    switch (payment.state) {
      case "captured":
      case "settled":
        if (there.captured !== capturedOf(payment))
          return wrong(`captured ${capturedOf(payment)}, and ${name} ${there.captured}`);
        // The acquirer gives back first, and the tables say so afterwards.
        return there.refunded >= refundedOf(payment)
          ? []
          : wrong(`refunded ${refundedOf(payment)}, and ${name} ${there.refunded}`);
      case "canceled":
      case "failed":
        return there.state === "voided" ? [] : wrong(`is ${payment.state}, and ${name} is ${there.state}`);
      default:
        return there.amount === payment.total.amount ? [] : wrong(`${name} is of ${there.amount}`);
    }
  });
}

/** One acquirer reference per payment: never do two authorizations hold, or have taken, the money of one. */
export function checkOneReference(authorizations: readonly AcquirerAuthorization[]): Finding[] {
  const live = new Map<string, AcquirerAuthorization>();
  const findings: Finding[] = [];
  for (const authorization of authorizations) {
    if (authorization.state === "voided") continue;
    const other = live.get(authorization.payment);
    if (other !== undefined) {
      const names = [other, authorization].map((it) => `${it.acquirer}/${it.reference} is ${it.state}`);
      findings.push(found("one_reference", authorization.payment, names.join(" and ")));
    }
    live.set(authorization.payment, authorization);
  }
  return findings;
}

/**
 * At rest: what acquirers hold and have taken is what the tables say, in both directions. Leave out whatever is still
 * to be decided by a person or by the recovery.
 */
export function checkAgreement(
  payments: readonly Payment[],
  authorizations: readonly AcquirerAuthorization[],
): Finding[] {
  return [
    ...checkRecorded(payments, authorizations),
    ...checkOneReference(authorizations),
    ...payments.flatMap((payment) =>
      authorizations
        .filter((authorization) => authorization.payment === payment.id && authorization.state !== "voided")
        .flatMap((authorization) => strayFindings(payment, authorization)),
    ),
    ...payments.flatMap((payment) => heldFindings(payment, authorizations)),
  ];
}

/** An acquirer holds or has taken money: the payment must know of exactly this. */
function strayFindings(payment: Payment, authorization: AcquirerAuthorization): Finding[] {
  const isKnown = isSameAuthorization(authorizationOf(payment), authorization);
  // What expired is not captured any more, and nobody voids it.
  const expected = payment.state === "authorized" || payment.state === "expired" ? "open" : "captured";
  const name = `${authorization.acquirer}/${authorization.reference}`;
  if (authorization.refunded > 0n && authorization.refunded !== refundedOf(payment))
    return [
      found("agreement", payment.id, `refunded ${refundedOf(payment)}, ${name} ${authorization.refunded}`),
    ];
  if (isKnown && authorization.state === expected) return [];
  return [found("agreement", payment.id, `is ${payment.state}, and ${name} is ${authorization.state}`)];
}

/** The tables hold money: the acquirer must, too. */
function heldFindings(payment: Payment, authorizations: readonly AcquirerAuthorization[]): Finding[] {
  if (payment.state !== "authorized") return [];
  const held = authorizations.find((authorization) =>
    isSameAuthorization(payment.authorization, authorization),
  );
  return held?.state === "open"
    ? []
    : [
        found(
          "agreement",
          payment.id,
          `is authorized, and the acquirer's hold is ${held?.state ?? "not there"}`,
        ),
      ];
}
