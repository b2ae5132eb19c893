import { z } from "zod";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import type { DynamoDbEngine } from "./engine.ts";
import type { ExpiredItems } from "./expired-items.ts";

const streamed = z.object({ name: z.string(), streamEnabled: z.boolean().default(false) });
const streamOutputs = z.object({ streamArn: z.string().optional() });
const tableDescription = z.object({ Table: z.object({ LatestStreamArn: z.string().optional() }) });
const streamInput = z.object({ StreamArn: z.string().optional(), ShardIterator: z.string().optional() });

/** DynamoDB puts the stream in front of its iterators; its IAM reads it there. */
const iteratorMark = "|1|";

/**
 * The Streams API under the plan's names: an emulator calls streams after itself and not after the plan, so that
 * neither a policy nor a mapping would find them. `expired`: what no caller deleted, and records are to say so.
 */
export function withStreamNames(engine: DynamoDbEngine, plan: Plan, expired?: ExpiredItems): DynamoDbEngine {
  const tables = new Map<string, string>();
  for (const resource of resourcesOf(plan, "aws:dynamodb/table:Table")) {
    const { name, streamEnabled } = inputsOf(resource, streamed);
    const { streamArn } = outputsOf(resource, streamOutputs);
    if (streamEnabled && streamArn !== undefined) tables.set(streamArn, name);
  }
  const engineArns = new Map<string, string>();

  async function engineArnOf(planArn: string): Promise<string | undefined> {
    const table = tables.get(planArn);
    if (table === undefined) return undefined;
    const known = engineArns.get(planArn);
    if (known !== undefined) return known;
    const { Table } = tableDescription.parse(await engine.call("DescribeTable", { TableName: table }));
    if (Table.LatestStreamArn !== undefined) engineArns.set(planArn, Table.LatestStreamArn);
    return Table.LatestStreamArn;
  }

  async function handle(call: AwsCall): Promise<AwsAnswer> {
    if (call.headers["x-amz-target"]?.startsWith("DynamoDBStreams_") !== true) return engine.handle(call);
    const input = streamInput.loose().safeParse(JSON.parse(call.body.toString()));
    if (!input.success) return engine.handle(call);
    const [iteratorArn, iterator] = input.data.ShardIterator?.split(iteratorMark) ?? [];
    const planArn = input.data.StreamArn ?? (iterator === undefined ? undefined : iteratorArn);
    const engineArn = planArn === undefined ? undefined : await engineArnOf(planArn);
    if (planArn === undefined || engineArn === undefined) return engine.handle(call);
    const named = {
      ...input.data,
      ...(input.data.StreamArn !== undefined && { StreamArn: engineArn }),
      ...(iterator !== undefined && { ShardIterator: iterator }),
    };
    const answer = await engine.handle({ ...call, body: Buffer.from(JSON.stringify(named)) });
    const body = answer.body
      .toString()
      .replaceAll(JSON.stringify(engineArn), JSON.stringify(planArn))
      .replace(
        /"((?:Next)?ShardIterator)":"/,
        (_found, name: string) => `"${name}":"${planArn}${iteratorMark}`,
      );
    const table = tables.get(planArn) ?? "";
    if (call.action !== "GetRecords" || expired?.hasAnyOf(table) !== true) return { ...answer, body };
    return { ...answer, body: withServiceDeletions(body, (key, at) => expired.has(table, key, at)) };
  }
  return { ...engine, service: engine.service, handle };
}

const recordsAnswer = z.looseObject({
  Records: z.array(
    z.looseObject({
      eventName: z.string().optional(),
      dynamodb: z.looseObject({
        Keys: z.unknown(),
        /** Epoch seconds. */
        ApproximateCreationDateTime: z.number().default(0),
      }),
    }),
  ),
});
/** Whom a record names when the time to live deleted the item. */
const timeToLive = { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" };

function withServiceDeletions(body: string, isExpiry: (key: unknown, at: number) => boolean): string {
  const parsed = recordsAnswer.safeParse(JSON.parse(body));
  if (!parsed.success) return body;
  const Records = parsed.data.Records.map((record) => {
    const { Keys, ApproximateCreationDateTime: seconds } = record.dynamodb;
    const isMarked = record.eventName === "REMOVE" && isExpiry(Keys, seconds * 1_000);
    return isMarked ? { ...record, userIdentity: timeToLive } : record;
  });
  return JSON.stringify({ ...parsed.data, Records });
}
