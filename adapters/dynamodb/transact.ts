import {
  type CancellationReason,
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { reach } from "./client.ts";
import { contended, outwait } from "./contention.ts";
import { StoreUnavailable } from "./errors.ts";

/** Written, or which conditions failed, item by item in the order of the request. */
export type TransactResult =
  | { readonly written: true }
  | { readonly written: false; readonly reasons: readonly CancellationReason[] };

/**
 * Writes all or nothing. The first item that stands in the way decides: put first what tells a replay from a
 * refusal. An item behind it may have failed only because this very write was applied on an earlier try, and whether
 * it was, an item that another transaction holds does not say.
 * @throws StoreContention when other writers won every try. @throws StoreUnavailable when throttled or unreachable.
 */
export const transact = (client: DynamoDBClient, items: TransactWriteItem[]): Promise<TransactResult> =>
  outwait(async () => {
    const reasons = await writeOnce(client, items);
    if (reasons === undefined) return { written: true };
    const first = reasons.find((reason) => reason.Code !== "None");
    switch (first?.Code) {
      case "ConditionalCheckFailed":
        return { written: false, reasons };
      case "TransactionConflict":
        return contended;
      default:
        throw new StoreUnavailable(
          `transaction canceled: ${reasons.map((reason) => reason.Code).join(", ")}`,
        );
    }
  });

/** @returns why the transaction was canceled; undefined when it was not. */
async function writeOnce(
  client: DynamoDBClient,
  items: TransactWriteItem[],
): Promise<readonly CancellationReason[] | undefined> {
  try {
    await reach(client.send(new TransactWriteItemsCommand({ TransactItems: items })));
    return undefined;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return error.CancellationReasons ?? [];
    throw error;
  }
}
