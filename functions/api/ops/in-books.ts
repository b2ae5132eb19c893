import { z } from "zod";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { Book } from "#core/ledger/account.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";

/** What an operator may say of whose payment or refund it asks for. */
export const merchantQuery = z.strictObject({ merchant: z.string().optional() });

/** Looks where its book is in no id: without the merchant's name every merchant is asked. */
export async function findInBooks<Sought>(
  merchants: Pick<MerchantStore, "ids">,
  merchant: string | undefined,
  read: (book: Book) => Promise<Sought | undefined>,
): Promise<Sought | undefined> {
  const named = merchant === undefined ? await merchants.ids() : [parseMerchantId(merchant)];
  for (const book of named) {
    const sought = book === undefined ? undefined : await read(book);
    if (sought !== undefined) return sought;
  }
  return undefined;
}
