import { type Input, inputOf, isObject, objectIn, objectsIn, textIn } from "../../door/call-input.ts";
import type { AwsCall } from "../../door/engine.ts";
import type { AccessRequest, ConditionContext } from "../access-request.ts";
import { type EstateFacts, tableNameOf } from "../estate.ts";
import { attributesIn, leadingKeyIn } from "./expression.ts";
import type { AccessReader } from "./reader.ts";

/** Reads and writes of items, by the parts of a transaction or a batch that they are. */
interface Operation {
  /** Without its `dynamodb:`. */
  readonly action: string;
  readonly input: Input;
  /** Each item that it names, with the members that are the operation's own. */
  readonly items: readonly Input[];
  readonly enclosing?: string;
}

const itemActions = new Set(["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"]);
const reads = new Set(["GetItem", "BatchGetItem", "Query", "Scan"]);
const returningWrites = new Set(["PutItem", "UpdateItem", "DeleteItem"]);
const transacted: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

/**
 * DynamoDB has no permission for transactions: each of their parts needs its own. A batch needs its own for each table.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
export const dynamoDbRequests: AccessReader = (call, estate) => {
  const input = inputOf(call);
  if (input === undefined) return undefined;
  const operations = operationsOf(call.action, input);
  if (operations === undefined) return [aboutTable(call.action, input, estate)];
  const requests = operations.map((operation) => accessOf(operation, input, estate));
  return requests.every((request) => request !== undefined) ? requests.flat() : undefined;
};

function operationsOf(action: string, input: Input): readonly Operation[] | undefined {
  if (itemActions.has(action)) return [{ action, input, items: [input] }];
  switch (action) {
    case "BatchGetItem":
      return batchOf(input).map(([TableName, request]) => {
        const batch = isObject(request) ? { ...request, TableName } : { TableName };
        return { action, input: batch, items: objectsIn(batch, "Keys").map((Key) => ({ ...batch, Key })) };
      });
    case "BatchWriteItem":
      return batchOf(input).map(([TableName, requests]) => ({
        action,
        input: { TableName },
        items: (Array.isArray(requests) ? requests.filter(isObject) : []).map((request) =>
          "PutRequest" in request ? objectIn(request, "PutRequest") : objectIn(request, "DeleteRequest"),
        ),
      }));
    case "TransactWriteItems":
    case "TransactGetItems":
      return objectsIn(input, "TransactItems").flatMap((part) =>
        Object.entries(part).map(([verb, operation]) => {
          const own = isObject(operation) ? operation : {};
          return { action: transacted[verb] ?? verb, input: own, items: [own], enclosing: action };
        }),
      );
    default:
      return undefined;
  }
}

const batchOf = (input: Input): [string, unknown][] => Object.entries(objectIn(input, "RequestItems"));

function accessOf(
  operation: Operation,
  whole: Input,
  estate: EstateFacts,
): readonly AccessRequest[] | undefined {
  const named = textIn(operation.input, "TableName");
  if (named === undefined) return undefined;
  const index = textIn(operation.input, "IndexName");
  const table = tableArn(named, estate);
  const request: AccessRequest = {
    action: `dynamodb:${operation.action}`,
    resource: index === undefined ? table : `${table}/index/${index}`,
    context: contextOf(operation, whole, named, estate),
  };
  const keyArn = estate.tables.get(tableNameOf(named))?.keyArn;
  return keyArn === undefined ? [request] : [request, throughTableKey(keyArn, named, estate)];
}

function contextOf(
  { action, input, items, enclosing }: Operation,
  whole: Input,
  table: string,
  estate: EstateFacts,
): ConditionContext {
  const facts = estate.tables.get(tableNameOf(table));
  return (key) => {
    switch (key) {
      case "dynamodb:Attributes":
        return [...new Set(items.flatMap(attributesIn))];
      case "dynamodb:LeadingKeys": {
        const index = textIn(input, "IndexName");
        const hashKey = index === undefined ? facts?.hashKey : facts?.indexHashKeys.get(index);
        if (hashKey === undefined) return undefined;
        return items.map((item) => leadingKeyIn(item, hashKey)).filter((value) => value !== undefined);
      }
      case "dynamodb:Select":
        return reads.has(action) ? [selectOf(input)] : undefined;
      case "dynamodb:ReturnValues":
        return returningWrites.has(action) ? [textIn(input, "ReturnValues") ?? "NONE"] : undefined;
      case "dynamodb:ReturnConsumedCapacity":
        return [textIn(whole, "ReturnConsumedCapacity") ?? "NONE"];
      case "dynamodb:EnclosingOperation":
        return enclosing === undefined ? undefined : [enclosing];
      default:
        return undefined;
    }
  };
}

/** A read that names no attribute asks for all. */
function selectOf(input: Input): string {
  const given = textIn(input, "Select");
  if (given !== undefined) return given;
  if ("ProjectionExpression" in input || "AttributesToGet" in input) return "SPECIFIC_ATTRIBUTES";
  return "IndexName" in input ? "ALL_PROJECTED_ATTRIBUTES" : "ALL_ATTRIBUTES";
}

/** DynamoDB opens a table under a customer's key in its caller's name, for writes too. */
function throughTableKey(keyArn: string, table: string, { region, account }: EstateFacts): AccessRequest {
  const values: Readonly<Record<string, string>> = {
    "kms:ViaService": `dynamodb.${region}.amazonaws.com`,
    "kms:CallerAccount": account,
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    "kms:EncryptionContext:aws:dynamodb:tableName": tableNameOf(table),
    "kms:EncryptionContext:aws:dynamodb:subscriberId": account,
  };
  return {
    action: "kms:Decrypt",
    resource: keyArn,
    via: "dynamodb",
    context: (key) => {
      if (key === "kms:EncryptionContextKeys") return ["aws:dynamodb:tableName", "aws:dynamodb:subscriberId"];
      const value = values[key];
      return value === undefined ? undefined : [value];
    },
  };
}

/** Everything else that DynamoDB can do, about the table that the call names, or about all. */
function aboutTable(action: AwsCall["action"], input: Input, estate: EstateFacts): AccessRequest {
  const named = textIn(input, "TableName") ?? textIn(input, "StreamArn") ?? streamOfIterator(input);
  return {
    action: `dynamodb:${action}`,
    resource: tableArn(named ?? "*", estate),
    context: () => undefined,
  };
}

/** An iterator begins with the stream that it was made for. */
function streamOfIterator(input: Input): string | undefined {
  const [stream = ""] = textIn(input, "ShardIterator")?.split("|") ?? [];
  return stream.startsWith("arn:") ? stream : undefined;
}

function tableArn(nameOrArn: string, { region, account }: EstateFacts): string {
  return nameOrArn.startsWith("arn:")
    ? nameOrArn
    : `arn:aws:dynamodb:${region}:${account}:table/${nameOrArn}`;
}
