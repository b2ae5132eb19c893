import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Key } from "./keys.ts";
import { pagesOf } from "./reads.ts";

/** Small, so that many books have their turn. */
const pageMax = 100;

/**
 * The payments of a book that time is to end, the longest overdue first, in pages of up to 100. From an index that lags
 * and holds keys only: whoever ends one reads it first. What could not be ended is passed by, and not met again.
 * @param until epoch milliseconds
 */
export async function* duePayments(
  client: DynamoDBClient,
  table: string,
  book: Book,
  until: number,
): AsyncGenerator<PaymentId[]> {
  const query = {
    TableName: table,
    IndexName: "due",
    KeyConditionExpression: "due_pk = :book AND due_at <= :until",
    Limit: pageMax,
  };
  for await (const page of pagesOf<Key>(client, query, { ":book": book, ":until": until }))
    yield page.map(({ pk }) => pk.slice(book.length + 1) as PaymentId);
}
