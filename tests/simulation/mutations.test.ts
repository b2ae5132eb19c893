import "./quiet.ts";
import { PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { fence } from "#adapters/dynamodb/fence.ts";
import type { Command } from "./dynamodb/client.ts";
import { simulate } from "./history.ts";
import { hunt, mutations } from "./mutations.ts";

/** Most are found within 50; see `npm run simulate -- --mutations`. */
const historiesMax = 1_500;

describe("a history notices what is missing, and nothing when it is there", () => {
  test.each(mutations)("without $without", async (mutation) => {
    const { found } = await hunt(mutation, 1, historiesMax);
    if (found === undefined) expect.fail(`not found in ${historiesMax} histories`);
    expect(mutation.breaks).toContain(found.finding?.invariant);

    const { finding } = await simulate(found.seed, { rates: mutation.rates });
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
    "Put of a transaction, ledger: attribute_not_exists(pk)",
    `Put of a transaction, payments: ${fence}`,
    "Put of a transaction, payments: attribute_not_exists(pk)",
    "Put of a transaction, payments: version = :version",
    `PutItem, payments: ${fence}`,
    "PutItem, payments: attribute_not_exists(pk)",
    "PutItem, payments: version = :version",
    "Update of a transaction, ledger: #condition = :open",
    `Update of a transaction, ledger: ${fence}`,
    "Update of a transaction, ledger: credit_room >= :credit_taken",
    "Update of a transaction, ledger: currency = :currency",
    "Update of a transaction, ledger: debit_room >= :debit_taken",
  ]);
});

/** Term by term. */
function conditionsOf(command: Command): string[] {
  const terms = (where: string, table: string | undefined, condition = "") =>
    condition.split(" AND ").map((term) => `${where}, ${table}: ${term}`);
  if (command instanceof PutItemCommand)
    return terms("PutItem", command.input.TableName, command.input.ConditionExpression);
  if (!(command instanceof TransactWriteItemsCommand)) return [];
  return (command.input.TransactItems ?? []).flatMap(({ Put, Update }) => [
    // Notes by which an account's entries are found say the same however often they are written.
    ...(Put === undefined || Put.Item?.["sk"]?.S?.startsWith("entry#") === true
      ? []
      : terms("Put of a transaction", Put.TableName, Put.ConditionExpression)),
    ...(Update === undefined
      ? []
      : terms("Update of a transaction", Update.TableName, Update.ConditionExpression)),
  ]);
}
