import type { Book } from "../ledger/account.ts";
import type { EntryId } from "../ledger/entry.ts";

/** The book of what belongs to no merchant, or to none that is known: the operator's own. No merchant can have its id. */
export const operatorBook = "mer_operator" as Book;

/** `je_settlement.<n>`: the n-th entry that settlement posts, in whatever book. */
export const settlementEntryId = (n: bigint | number | string): EntryId => `je_settlement.${n}` as EntryId;
