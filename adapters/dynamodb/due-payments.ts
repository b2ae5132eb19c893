import { type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { reach } from "./client.ts";

/**
 * The payments of a book that time is to end, the longest overdue first. From an index that lags and holds keys only:
 * whoever ends one reads it first.
 * @param until epoch milliseconds
 * @param limit 1 … 1,000
 */
export async function duePayments(
  client: DynamoDBClient,
  table: string,
  { book, until, limit }: { readonly book: Book; readonly until: number; readonly limit: number },
): Promise<PaymentId[]> {
  const { Items = [] } = await reach(
    client.send(
      new QueryCommand({
        TableName: table,
        IndexName: "due",
        KeyConditionExpression: "due_pk = :book AND due_at <= :until",
        ExpressionAttributeValues: marshall({ ":book": book, ":until": until }),
        Limit: limit,
      }),
    ),
  );
  return Items.map((item) => (unmarshall(item)["pk"] as string).slice(book.length + 1) as PaymentId);
}
