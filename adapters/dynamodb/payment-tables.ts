import { invariant } from "#core/kernel/invariant.ts";

/** Refunds live beside their payments. `ledger` may be left out by whoever commits no journal records. */
export interface PaymentTables {
  readonly payments: string;
  readonly ledger?: string;
}

/** The table that a commit posts to. */
export function ledgerOf({ ledger }: PaymentTables): string {
  invariant(ledger !== undefined, "a store that posts was given the ledger's table");
  return ledger;
}
