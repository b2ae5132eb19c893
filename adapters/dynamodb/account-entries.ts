import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import { classOf } from "#core/ledger/account.ts";
import { type JournalRecord, movements, recordedAtOf } from "#core/ledger/journal.ts";
import { journalItem } from "./journal-codec.ts";
import { accountEntryKey } from "./keys.ts";

/**
 * Notes, for each of the merchant's own accounts that a record moves, that it did: what an account's entries are listed
 * by. System accounts have none, so a card payment costs nothing more; their entries are read in the warehouse.
 */
export function accountEntryPuts(table: string, book: Book, record: JournalRecord): TransactWriteItem[] {
  const { sk } = journalItem(record);
  return [...movements(record).keys()]
    .filter((account) => classOf(account) === "user")
    .map((account) => ({
      Put: { TableName: table, Item: marshall(accountEntryKey(book, account, recordedAtOf(record), sk)) },
    }));
}
