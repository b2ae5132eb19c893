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
import { type Epoch, fencedWrite, refuseFenced } from "./fence.ts";

/** Written, or which conditions failed, item by item in the order of the request. */
export type TransactResult =
  | { readonly written: true }
  | { readonly written: false; readonly reasons: readonly CancellationReason[] };

/**
 * Writes all or nothing. The first item that stands in the way decides: put first what tells a replay from a
 * refusal. An item behind it may have failed only because this very write was applied on an earlier try, and whether
 * it was, an item that another transaction holds does not say.
 * Every item is stamped with the writer's epoch and fenced by it.
 * @throws StoreContention when other writers won every try. @throws StoreUnavailable when throttled or unreachable.
 * @throws WriterFenced when a later epoch wrote one of the items.
 */
export const transact = (
  client: DynamoDBClient,
  epoch: Epoch,
  items: readonly TransactWriteItem[],
): Promise<TransactResult> =>
  outwait(async () => {
    const reasons = await writeOnce(
      client,
      items.map((item) => fencedWrite(item, epoch)),
    );
    if (reasons === undefined) return { written: true };
    for (const { Item: stored } of reasons) refuseFenced(stored, epoch);
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
