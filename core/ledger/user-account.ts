import type { Currency } from "../money/currency.ts";
import type { Account, Book, Counters, Side, UserAccountId } from "./account.ts";
import { sameMetadata } from "./replay.ts";

/** An account as a merchant opens it. */
export interface OpenedAccount {
  readonly id: UserAccountId;
  readonly book: Book;
  readonly name: string;
  readonly currency: Currency;
  readonly normalSide: Side;
  /** Minor units; may be below zero: so far it may be overdrawn. No limit when left out. */
  readonly minAvailable?: bigint;
  /** Minor units. No limit when left out. */
  readonly maxBalance?: bigint;
  readonly metadata: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly openedAt: number;
}

/** An account as it stands. */
export interface UserAccount extends OpenedAccount, Counters {
  readonly condition: Account["condition"];
  /** How many records of the journal have moved it. */
  readonly version: number;
  /** How often it was changed by hand, its opening included. */
  readonly revision: number;
}

type OpenedField = "name" | "currency" | "normal_side" | "min_available" | "max_balance" | "metadata";

/** The first field, in this order, in which a second opening under the same id differs; undefined when none does. */
export function differsIn(standing: OpenedAccount, proposed: OpenedAccount): OpenedField | undefined {
  if (standing.currency !== proposed.currency) return "currency";
  if (standing.normalSide !== proposed.normalSide) return "normal_side";
  if (standing.minAvailable !== proposed.minAvailable) return "min_available";
  if (standing.maxBalance !== proposed.maxBalance) return "max_balance";
  if (standing.name !== proposed.name) return "name";
  return sameMetadata(standing.metadata, proposed.metadata) ? undefined : "metadata";
}

/** Why an account cannot be changed as asked, in order of precedence. */
export type ChangeRefusal = "revision_differs" | "account_closed" | "account_not_empty";

export function changeRefusal(account: UserAccount, revision: number | undefined): ChangeRefusal {
  if (revision !== undefined && account.revision !== revision) return "revision_differs";
  return account.condition === "closed" ? "account_closed" : "account_not_empty";
}
