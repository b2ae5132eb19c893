import { crc32 } from "node:zlib";
import { type Input, inputOf, isObject, objectIn, objectOf, objectsIn, textIn } from "../door/call-input.ts";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import type { ServiceMeter, Unit, Usage } from "../door/meter.ts";
import { tableNameOf } from "../iam/estate.ts";
import { itemBytes } from "./item-size.ts";

const readActions = new Set(["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"]);
const writeActions = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);
const writeUnitBytes = 1_024;
/** A transaction writes each item twice: to prepare, and to commit. */
const transactionalFactor = 2;

/**
 * DynamoDB on demand. The engine is asked for the capacity that each call consumes, as any caller may ask: it knows the
 * items that were there before. What it says follows AWS's rules with one exception: a read with a projection counts
 * what it returns, where AWS counts the whole item, which is the same for items up to 4 KB.
 */
export const dynamoDbMeter: ServiceMeter = {
  service: "dynamodb",
  prepare: (call) => (asks(call) ? { ...call, body: asking(call.body) } : call),
  read(call, answer) {
    const unit = unitOf(call.action);
    if (unit === undefined) return { usage: [], answer };
    const output = objectOf(answer.body);
    if (output === undefined) return { usage: [], answer };
    if (answer.statusCode !== 200) return { usage: failedWrite(call, output), answer };
    const { ConsumedCapacity: consumed, ...rest } = output;
    const usage = [consumed]
      .flat()
      .filter(isObject)
      .flatMap((capacity) => usageOf(capacity, unit));
    return { usage, answer: asks(call) ? withBody(answer, rest) : answer };
  },
};

function unitOf(action: string): Unit | undefined {
  if (readActions.has(action)) return "read_units";
  return writeActions.has(action) ? "write_units" : undefined;
}

/** Whether the meter is who asks for the capacity, and not the caller. */
function asks(call: AwsCall): boolean {
  const input = inputOf(call);
  if (unitOf(call.action) === undefined || input === undefined) return false;
  return Object.keys(input).length > 0 && !("ReturnConsumedCapacity" in input);
}

/** Put in front of the members that are there: writing the whole request anew would cost more. */
function asking(body: Buffer): Buffer {
  const members = body.subarray(body.indexOf("{") + 1);
  return Buffer.concat([Buffer.from('{"ReturnConsumedCapacity":"INDEXES",'), members]);
}

function usageOf(capacity: Input, unit: Unit): readonly Usage[] {
  const table = tableNameOf(textIn(capacity, "TableName") ?? "");
  const line = (resource: string, units: unknown): Usage => ({
    service: "dynamodb",
    unit,
    resource,
    quantity: typeof units === "number" ? units : 0,
  });
  if (!isObject(capacity["Table"])) return [line(table, capacity["CapacityUnits"])];
  const indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].flatMap((member) =>
    Object.entries(objectIn(capacity, member)),
  );
  return [
    line(table, capacity["Table"]["CapacityUnits"]),
    ...indexes.map(([name, units]) => line(`${table}/${name}`, isObject(units) ? units["CapacityUnits"] : 0)),
  ];
}

/**
 * A write whose condition fails costs what the item that is there would cost, one unit when there is none. A canceled
 * transaction is taken to cost what it would have cost, because AWS says only that it does cost.
 */
function failedWrite(call: AwsCall, output: Input): readonly Usage[] {
  const input = inputOf(call) ?? {};
  const exception = textIn(output, "__type") ?? "";
  const line = (part: Input, item: Input, factor = 1): Usage => ({
    service: "dynamodb",
    unit: "write_units",
    resource: tableNameOf(textIn(part, "TableName") ?? ""),
    quantity: factor * Math.max(1, Math.ceil(itemBytes(item) / writeUnitBytes)),
  });
  if (exception.endsWith("#ConditionalCheckFailedException")) return [line(input, objectIn(output, "Item"))];
  if (!exception.endsWith("#TransactionCanceledException")) return [];
  const reasons = objectsIn(output, "CancellationReasons");
  return objectsIn(input, "TransactItems").flatMap((part, n) =>
    Object.values(part)
      .filter(isObject)
      .map((operation) => {
        const [sent, stored] = [objectIn(operation, "Item"), objectIn(reasons[n] ?? {}, "Item")];
        return line(operation, itemBytes(sent) > itemBytes(stored) ? sent : stored, transactionalFactor);
      }),
  );
}

function withBody(answer: AwsAnswer, output: Input): AwsAnswer {
  const body = JSON.stringify(output);
  const checksum = answer.headers["x-amz-crc32"] === undefined ? {} : { "x-amz-crc32": String(crc32(body)) };
  return { ...answer, headers: { ...answer.headers, ...checksum }, body };
}
