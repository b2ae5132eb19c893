import type { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, test } from "vitest";
import { getByPlace, getItems } from "./reads.ts";

const keyOf = (n: number) => ({ pk: "mer_demo", sk: String(n) });
const keys = [1, 2, 3, 4, 5].map(keyOf);

/** A table that has all that it is asked for, of which it gives `atOnce` items at a time, the last ones first. */
function slowTable(atOnce: number) {
  const asked: { readonly count: number | undefined; readonly consistent: boolean | undefined }[] = [];
  const send = async ({ input }: BatchGetItemCommand) => {
    const { Keys = [], ConsistentRead } = input.RequestItems?.["t"] ?? {};
    asked.push({ count: Keys.length, consistent: ConsistentRead });
    const left = Keys.slice(0, Keys.length - atOnce);
    return {
      Responses: { t: Keys.slice(left.length).toReversed() },
      ...(left.length > 0 && { UnprocessedKeys: { t: { Keys: left } } }),
    };
  };
  return { client: { send } as unknown as DynamoDBClient, asked };
}

describe("items by their keys", () => {
  test.each([true, false])(
    "come in the order of the keys, however the table answers: %s",
    async (consistent) => {
      const { client, asked } = slowTable(2);
      const items = await getItems(client, "t", keys, { consistent });
      expect(items).toEqual(keys.map((key) => marshall(key)));
      expect(asked).toEqual([5, 3, 1].map((count) => ({ count, consistent })));
    },
  );

  test("that the table never gives are asked for four times and no more", async () => {
    const { client, asked } = slowTable(0);
    await expect(getItems(client, "t", keys, { consistent: true })).rejects.toMatchObject({
      name: "StoreUnavailable",
    });
    expect(asked).toHaveLength(4);
  });

  test("are none for no keys, and not more than a batch takes", async () => {
    const { client, asked } = slowTable(1);
    expect(await getItems(client, "t", [], { consistent: true })).toEqual([]);
    expect(asked).toEqual([]);
    const tooMany = Array.from({ length: 101 }, (_, n) => keyOf(n));
    await expect(getItems(client, "t", tooMany, { consistent: false })).rejects.toThrow("100 items");
  });
});

test("items by their places are read by hundreds, each once, and found by their keys in their order", async () => {
  const { client, asked } = slowTable(100);
  const many = Array.from({ length: 230 }, (_, n) => keyOf(n));
  const items = await getByPlace(client, "t", [...many, ...many.slice(0, 50)]);
  expect([...items.values()]).toEqual(many.map((key) => marshall(key)));
  expect(items.get("mer_demo 7")).toEqual(marshall(keyOf(7)));
  expect(asked).toEqual([100, 100, 30].map((count) => ({ count, consistent: true })));
});
