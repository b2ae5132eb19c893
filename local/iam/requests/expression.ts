import { type Input, isObject, objectIn, textIn } from "../../door/call-input.ts";

/** A value placeholder, or a document path with what tells a function from it. */
const tokens = /:\w+|(#[\w-]+|[A-Za-z_]\w*)(?:\s*\.\s*#?[\w-]+|\s*\[\s*\d+\s*\])*\s*(\()?/g;
/** DynamoDB reserves them, so no attribute is written so in an expression. */
const keywords = new Set(["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"]);
const expressions = [
  "ProjectionExpression",
  "KeyConditionExpression",
  "FilterExpression",
  "ConditionExpression",
  "UpdateExpression",
];
/** Members whose own members are attributes: keys, whole items, and what came before expressions. */
const byAttribute = [
  "Key",
  "Item",
  "Expected",
  "AttributeUpdates",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
];

/** The top-level attributes that one operation names: `dynamodb:Attributes`. */
export function attributesIn(operation: Input): readonly string[] {
  const found = new Set<string>();
  const names = objectIn(operation, "ExpressionAttributeNames");
  for (const member of byAttribute) {
    for (const name of Object.keys(objectIn(operation, member))) found.add(name);
  }
  const { AttributesToGet: wanted } = operation;
  if (Array.isArray(wanted)) for (const name of wanted) found.add(String(name));
  for (const member of expressions) {
    const expression = textIn(operation, member);
    if (expression !== undefined) for (const name of namesIn(expression)) found.add(resolved(name, names));
  }
  return [...found];
}

/** What the operation asks of the partition key `hashKey`: the value in its key, its item or its key condition. */
export function leadingKeyIn(operation: Input, hashKey: string): string | undefined {
  for (const member of ["Key", "Item"]) {
    const value = objectIn(operation, member)[hashKey];
    if (value !== undefined) return textOf(value);
  }
  const names = objectIn(operation, "ExpressionAttributeNames");
  const condition = textIn(operation, "KeyConditionExpression") ?? "";
  for (const [, name = "", value = ""] of condition.matchAll(/(#?[\w-]+)\s*=\s*(:\w+)/g)) {
    if (resolved(name, names) === hashKey)
      return textOf(objectIn(operation, "ExpressionAttributeValues")[value]);
  }
  const [legacy] = [objectIn(objectIn(operation, "KeyConditions"), hashKey)["AttributeValueList"]].flat();
  return textOf(legacy);
}

function* namesIn(expression: string): Generator<string> {
  for (const [, name, call] of expression.matchAll(tokens)) {
    if (name === undefined || call !== undefined || keywords.has(name.toUpperCase())) continue;
    yield name;
  }
}

const resolved = (name: string, names: Input): string => textIn(names, name) ?? name;

/** The text of a key's value: `{"S": "…"}`, `{"N": "1"}` or `{"B": "<base64>"}`. */
function textOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  return textIn(value, "S") ?? textIn(value, "N") ?? textIn(value, "B");
}
