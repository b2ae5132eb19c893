import { describe, expect, test } from "vitest";
import { attributesIn, leadingKeyIn } from "./expression.ts";

describe("the attributes that an operation names", () => {
  test.each<[string, Record<string, unknown>, readonly string[]]>([
    ["its key", { Key: { pk: { S: "a" }, sk: { S: "b" } } }, ["pk", "sk"]],
    ["its item", { Item: { pk: { S: "a" }, card: { B: "" } } }, ["pk", "card"]],
    ["a projection", { ProjectionExpression: "brand,card , last4" }, ["brand", "card", "last4"]],
    ["the heads of paths", { ProjectionExpression: "card.header[0].x, list[1][2]" }, ["card", "list"]],
    [
      "names behind placeholders",
      {
        ProjectionExpression: "#c.#h, #d",
        ExpressionAttributeNames: { "#c": "card", "#d": "date", "#h": "header" },
      },
      ["card", "date"],
    ],
    [
      "a condition, without its functions, keywords and values",
      {
        ConditionExpression:
          "attribute_not_exists(pk) AND (size(a) BETWEEN :b AND :c OR NOT contains(d, :e)) and f IN (:g)",
      },
      ["pk", "a", "d", "f"],
    ],
    [
      "an update",
      {
        UpdateExpression:
          "SET a = if_not_exists(b, :zero) + :one, c = list_append(c, :l) REMOVE d ADD e :n DELETE f :s",
      },
      ["a", "b", "c", "d", "e", "f"],
    ],
    [
      "what came before expressions",
      { AttributesToGet: ["card"], QueryFilter: { brand: {} } },
      ["brand", "card"],
    ],
  ])("are those of %s", (_where, operation, attributes) => {
    expect(attributesIn(operation)).toEqual(attributes);
  });
});

describe("the partition key that an operation asks for", () => {
  test.each<[string, Record<string, unknown>, string | undefined]>([
    ["in its key", { Key: { sk: { S: "b" }, pk: { S: "mer_demo#x" } } }, "mer_demo#x"],
    ["in its item", { Item: { pk: { N: "7" } } }, "7"],
    [
      "in its key condition, wherever it stands there",
      {
        KeyConditionExpression: "sk > :s AND #p = :p",
        ExpressionAttributeNames: { "#p": "pk" },
        ExpressionAttributeValues: { ":s": { S: "a" }, ":p": { S: "mer_demo" } },
      },
      "mer_demo",
    ],
    [
      "in conditions of old",
      { KeyConditions: { pk: { AttributeValueList: [{ S: "mer_demo" }] } } },
      "mer_demo",
    ],
    ["nowhere, in a scan", { FilterExpression: "pk = :p" }, undefined],
  ])("is found %s", (_where, operation, value) => {
    expect(leadingKeyIn(operation, "pk")).toBe(value);
  });
});
