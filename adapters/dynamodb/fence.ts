import type { CancellationReason, Put, TransactWriteItem, Update } from "@aws-sdk/client-dynamodb";
import type { Brand } from "#core/kernel/brand.ts";
import { nothingStored } from "./conditions.ts";
import { WriterFenced } from "./errors.ts";

/**
 * In which epoch a process writes: an integer from 1. When another region takes over, its functions are configured with
 * the next one, and what they have written no process of an earlier epoch writes over.
 */
export type Epoch = Brand<number, "Epoch">;

/** Of a stage that was never handed over. */
export const firstEpoch = 1 as Epoch;

/** More failovers than any stage will see; a time in seconds by mistake is far above it. */
const epochMax = 100_000;

/** @throws Error for what is not an integer from 1 to 100,000. */
export function parseEpoch(text: string): Epoch {
  const epoch = Number(text);
  if (!/^[1-9]\d*$/.test(text) || epoch > epochMax)
    throw new Error(`"${text}" is no epoch: an integer from 1 to ${epochMax}`);
  return epoch as Epoch;
}

/** In which epoch an item was last written: 0 for what is not there, and what was written before there were epochs. */
export const epochOf = (item: CancellationReason["Item"]): number => Number(item?.["epoch"]?.N ?? 0);

/** What was written before there were epochs is anybody's. */
export const fence = "(attribute_not_exists(epoch) OR epoch <= :epoch)";

/** Asked of DynamoDB everywhere: only the stored item tells a fenced writer from a refusal. It costs nothing. */
const told = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;

/** Stamps an item, and puts it over nothing that a later epoch wrote. */
export function fencedPut(put: Put, epoch: Epoch): Put {
  const stamped = { ...put, Item: { ...put.Item, epoch: { N: String(epoch) } } };
  const condition = put.ConditionExpression;
  // Notes by which other items are found say the same whoever writes them, and they are written with what is fenced.
  if (condition === undefined) return stamped;
  // Where nothing is, no epoch is.
  if (condition === nothingStored.ConditionExpression) return { ...stamped, ...told };
  return { ...stamped, ...fenced(put, condition, epoch) };
}

/** Stamps an item that is changed in place. `UpdateExpression` starts with SET or has no such clause. */
export function fencedUpdate(update: Update, epoch: Epoch): Update {
  const { UpdateExpression: expression = "", ConditionExpression: condition = "" } = update;
  const rest = expression.startsWith("SET ") ? `, ${expression.slice("SET ".length)}` : ` ${expression}`;
  return {
    ...update,
    ...fenced(update, condition, epoch),
    UpdateExpression: `SET epoch = :epoch${rest}`,
  };
}

export function fencedWrite(item: TransactWriteItem, epoch: Epoch): TransactWriteItem {
  if (item.Put !== undefined) return { Put: fencedPut(item.Put, epoch) };
  if (item.Update !== undefined) return { Update: fencedUpdate(item.Update, epoch) };
  // It writes nothing, so that there is nothing to stamp.
  if (item.ConditionCheck !== undefined) return { ConditionCheck: { ...item.ConditionCheck, ...told } };
  throw new Error("a transaction puts, updates and checks, and does nothing else");
}

/**
 * To be asked wherever a condition failed, before anything is made of it.
 * @throws WriterFenced when a later epoch wrote what stands in the way.
 */
export function refuseFenced(stored: CancellationReason["Item"], epoch: Epoch): void {
  const theirs = epochOf(stored);
  if (theirs > epoch)
    throw new WriterFenced(`epoch ${theirs} wrote what a process of epoch ${epoch} would write over`);
}

const fenced = (write: Put | Update, condition: string, epoch: Epoch) => ({
  ConditionExpression: [...(condition === "" ? [] : [condition]), fence].join(" AND "),
  ExpressionAttributeValues: { ...write.ExpressionAttributeValues, ":epoch": { N: String(epoch) } },
  ...told,
});
