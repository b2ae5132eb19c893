import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { type Book, noCounters } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import type { Currency } from "#core/money/currency.ts";
import { reach } from "./client.ts";
import { nothingStored } from "./conditions.ts";
import { outwait } from "./contention.ts";
import { type Epoch, fencedPut } from "./fence.ts";
import { guardedAccountItem } from "./guarded-accounts.ts";

/**
 * Opens the account of what a merchant can be paid (2110) where it has none yet: the first that posts to it does. Nothing may be
 * taken out of it that is not in it, but what was taken already.
 * @throws StoreUnavailable, StoreContention: it may be open or not, and the same may be tried again.
 */
export async function openAvailable(
  client: DynamoDBClient,
  ledger: string,
  epoch: Epoch,
  { book, currency }: { readonly book: Book; readonly currency: Currency },
): Promise<void> {
  const id = systemAccount(book, 2110, currency);
  const account = { ...noCounters, id, book, currency, normalSide: "credit", condition: "open" } as const;
  const Item = guardedAccountItem({ ...account, minAvailable: 0n });
  try {
    const put = fencedPut({ TableName: ledger, Item, ...nothingStored }, epoch);
    // Whoever opened it a moment ago may be posting to it.
    await outwait(() => reach(client.send(new PutItemCommand(put))));
  } catch (error) {
    // Somebody else opened it meanwhile.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
