import { checkDisputes } from "./disputes.ts";
import type { Finding } from "./finding.ts";
import { checkHolds } from "./holds.ts";
import { checkAccounts, checkJournal } from "./ledger.ts";
import { checkAmounts } from "./payments.ts";
import type { Stored } from "./stored.ts";

/** Everything that can be said at any moment of a book's payments and its ledger alone. */
export function checkStored(stored: Stored): Finding[] {
  return [
    ...checkJournal(stored.journal),
    ...checkAccounts(stored),
    ...checkHolds(stored),
    ...checkDisputes(stored),
    ...checkAmounts(stored.payments),
  ];
}
