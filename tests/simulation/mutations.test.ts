import "./quiet.ts";
import { PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { fence } from "#adapters/dynamodb/fence.ts";
import type { Command } from "./dynamodb/client.ts";
import type { Item } from "./dynamodb/expression.ts";
import { simulate } from "./history.ts";
import { hunt, mutations, optionsOf } from "./mutations.ts";

/** Most are found within 50; see `npm run simulate -- --mutations`. */
const historiesMax = 1_500;

describe("a history notices what is missing, and nothing when it is there", () => {
  test.each(mutations)("without $without", async (mutation) => {
    const { found } = await hunt(mutation, 1, historiesMax);
    if (found === undefined) expect.fail(`not found in ${historiesMax} histories`);
    expect(mutation.breaks).toContain(found.finding?.invariant);

    const { finding } = await simulate(found.seed, optionsOf(mutation));
    expect(finding).toBeUndefined();
  });
});

test("the conditions that the store sends are the ones that the mutations take away", async () => {
  const sent = new Set<string>();
  const command = (given: Command): Command => {
    for (const condition of conditionsOf(given)) sent.add(condition);
    return given;
  };
  for (let seed = 1; seed <= 200; seed += 1) await simulate(seed, {}, { command });

  expect([...sent].toSorted()).toEqual([
    `Put of a transaction, dispute: ${fence}`,
    "Put of a transaction, dispute: attribute_not_exists(pk)",
    "Put of a transaction, dispute: version = :version",
    "Put of a transaction, entry: attribute_not_exists(pk)",
    `Put of a transaction, payment: ${fence}`,
    "Put of a transaction, payment: version = :version",
    `Put of a transaction, refund: ${fence}`,
    "Put of a transaction, refund: attribute_not_exists(pk)",
    "Put of a transaction, refund: version = :version",
    "Put of a transaction, resolution: attribute_not_exists(pk)",
    "PutItem, account: attribute_not_exists(pk)",
    `PutItem, payment: ${fence}`,
    "PutItem, payment: attribute_not_exists(pk)",
    "PutItem, payment: version = :version",
    "Update of a transaction, account: #condition = :open",
    `Update of a transaction, account: ${fence}`,
    "Update of a transaction, account: credit_room >= :credit_taken",
    "Update of a transaction, account: currency = :currency",
    "Update of a transaction, account: debit_room >= :debit_taken",
  ]);
});

/** Term by term, of what is written: payments, refunds and disputes lie in one table, and so do accounts and the journal. */
function conditionsOf(command: Command): string[] {
  const terms = (how: string, item: Item = {}, condition = "") =>
    condition.split(" AND ").map((term) => `${how}, ${item["record"]?.S ?? item["sk"]?.S}: ${term}`);
  if (command instanceof PutItemCommand)
    return terms("PutItem", command.input.Item, command.input.ConditionExpression);
  if (!(command instanceof TransactWriteItemsCommand)) return [];
  return (command.input.TransactItems ?? []).flatMap(({ Put, Update }) => [
    ...(Put === undefined || isNote(Put.Item)
      ? []
      : terms("Put of a transaction", Put.Item, Put.ConditionExpression)),
    ...(Update === undefined ? [] : terms("Update of a transaction", Update.Key, Update.ConditionExpression)),
  ]);
}

/** Notes by which an account's entries are found, and a payment's disputes, say the same however often they are written. */
const isNote = (item: Item = {}): boolean => /^(entry|resolution|dispute)#/.test(item["sk"]?.S ?? "");
