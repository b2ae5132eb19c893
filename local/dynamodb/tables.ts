import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { type DynamoDbEngine, DynamoDbFailure } from "./engine.ts";

const activePollMs = 10;
const activePollsMax = 500;

const attributeType = z.enum(["S", "N", "B"]);
const projection = z.enum(["ALL", "KEYS_ONLY", "INCLUDE"]);
const index = z.object({
  name: z.string(),
  hashKey: z.string().optional(),
  rangeKey: z.string().optional(),
  projectionType: projection,
  nonKeyAttributes: z.array(z.string()).optional(),
});
const tableInputs = z.object({
  name: z.string().min(3),
  attributes: z.array(z.object({ name: z.string(), type: attributeType })),
  hashKey: z.string(),
  rangeKey: z.string().optional(),
  globalSecondaryIndexes: z.array(index.extend({ hashKey: z.string() })).default([]),
  localSecondaryIndexes: z.array(index).default([]),
  streamEnabled: z.boolean().default(false),
  streamViewType: z.string().optional(),
  ttl: z.object({ attributeName: z.string(), enabled: z.boolean().default(true) }).optional(),
});

/** A table that the plan asks for. */
export type TablePlan = z.output<typeof tableInputs>;

export function tablePlansOf(plan: Plan): readonly TablePlan[] {
  return resourcesOf(plan, "aws:dynamodb/table:Table").map((table) => inputsOf(table, tableInputs));
}

/**
 * Makes the tables that are missing, and checks those that are there. Data stays.
 * @throws Refusal when a table of another shape already stands in the local state.
 */
export async function ensureTables(dynamoDb: DynamoDbEngine, tables: readonly TablePlan[]): Promise<void> {
  await Promise.all(tables.map((table) => ensureTable(dynamoDb, table)));
}

/** Removes the tables that are there, with their data. */
export async function dropTables(dynamoDb: DynamoDbEngine, tables: readonly TablePlan[]): Promise<void> {
  for (const { name } of tables) {
    if ((await describe(dynamoDb, name)) === undefined) continue;
    await dynamoDb.call("DeleteTable", { TableName: name });
    for (let poll = 0; poll < activePollsMax && (await describe(dynamoDb, name)) !== undefined; poll += 1) {
      await sleep(activePollMs);
    }
  }
}

async function ensureTable(dynamoDb: DynamoDbEngine, table: TablePlan): Promise<void> {
  const wanted = createInput(table);
  const existing = await describe(dynamoDb, table.name);
  if (existing === undefined) {
    await dynamoDb.call("CreateTable", wanted);
    await untilActive(dynamoDb, table.name);
  } else {
    const difference = differenceOf(wanted, existing);
    if (difference !== undefined) {
      throw new Refusal(
        `table ${table.name} in the local state has another ${difference} than the plan: wipe it with "npm start -- --fresh"`,
      );
    }
  }
  await ensureTimeToLive(dynamoDb, table);
}

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }));
const secondaryIndexes = z
  .array(
    z.object({
      IndexName: z.string(),
      KeySchema: keySchema,
      Projection: z.object({ ProjectionType: z.string(), NonKeyAttributes: z.array(z.string()).optional() }),
    }),
  )
  .default([]);
const description = z.object({
  TableStatus: z.string(),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: secondaryIndexes,
  LocalSecondaryIndexes: secondaryIndexes,
  StreamSpecification: z
    .object({ StreamEnabled: z.boolean(), StreamViewType: z.string().optional() })
    .default({ StreamEnabled: false }),
});
type Description = z.output<typeof description>;

async function describe(dynamoDb: DynamoDbEngine, name: string): Promise<Description | undefined> {
  try {
    const output = await dynamoDb.call("DescribeTable", { TableName: name });
    return z.object({ Table: description }).parse(output).Table;
  } catch (thrown) {
    if (thrown instanceof DynamoDbFailure && thrown.exception === "ResourceNotFoundException")
      return undefined;
    throw thrown;
  }
}

async function untilActive(dynamoDb: DynamoDbEngine, name: string): Promise<void> {
  for (let poll = 0; poll < activePollsMax; poll += 1) {
    if ((await describe(dynamoDb, name))?.TableStatus === "ACTIVE") return;
    await sleep(activePollMs);
  }
  throw new Refusal(`table ${name} did not become active`);
}

async function ensureTimeToLive(dynamoDb: DynamoDbEngine, table: TablePlan): Promise<void> {
  if (table.ttl?.enabled !== true) return;
  const { attributeName } = table.ttl;
  const output = await dynamoDb.call("DescribeTimeToLive", { TableName: table.name });
  const shape = z.object({
    TimeToLiveDescription: z.object({ AttributeName: z.string().optional() }).optional(),
  });
  if (shape.parse(output).TimeToLiveDescription?.AttributeName === attributeName) return;
  const TimeToLiveSpecification = { AttributeName: attributeName, Enabled: true };
  await dynamoDb.call("UpdateTimeToLive", { TableName: table.name, TimeToLiveSpecification });
}

function createInput(table: TablePlan) {
  const indexInput = (
    hashKey: string,
    { name, rangeKey, projectionType, nonKeyAttributes }: z.output<typeof index>,
  ) => ({
    IndexName: name,
    KeySchema: keysOf(hashKey, rangeKey),
    Projection: {
      ProjectionType: projectionType,
      ...(nonKeyAttributes !== undefined && { NonKeyAttributes: nonKeyAttributes }),
    },
  });
  const globals = table.globalSecondaryIndexes.map((item) => indexInput(item.hashKey, item));
  const locals = table.localSecondaryIndexes.map((item) => indexInput(table.hashKey, item));
  return {
    TableName: table.name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: table.attributes.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: keysOf(table.hashKey, table.rangeKey),
    ...(globals.length > 0 && { GlobalSecondaryIndexes: globals }),
    ...(locals.length > 0 && { LocalSecondaryIndexes: locals }),
    ...(table.streamEnabled && {
      StreamSpecification: {
        StreamEnabled: true,
        StreamViewType: table.streamViewType ?? "NEW_AND_OLD_IMAGES",
      },
    }),
  };
}

function keysOf(hashKey: string, rangeKey: string | undefined) {
  const hash = { AttributeName: hashKey, KeyType: "HASH" };
  return rangeKey === undefined ? [hash] : [hash, { AttributeName: rangeKey, KeyType: "RANGE" }];
}

/** The part of the schema in which two tables differ, in words, or undefined. Order means nothing in it. */
function differenceOf(wanted: ReturnType<typeof createInput>, existing: Description): string | undefined {
  // Through the same parser, so that what DynamoDB adds to a description falls away on both sides.
  const planned = description.parse({ TableStatus: "ACTIVE", ...wanted });
  const parts = {
    "primary key": ({ KeySchema }: Description) => KeySchema,
    "set of key attributes": ({ AttributeDefinitions }: Description) => AttributeDefinitions,
    "set of indexes": (table: Description) => [table.GlobalSecondaryIndexes, table.LocalSecondaryIndexes],
    "stream setting": ({ StreamSpecification }: Description) => StreamSpecification,
  };
  for (const [part, of] of Object.entries(parts)) {
    if (canonical(of(planned)) !== canonical(of(existing))) return part;
  }
  return undefined;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, item]) => `${name}:${canonical(item)}`);
  return `{${entries.sort().join()}}`;
}
