import { z } from "zod";
import { InvalidPattern } from "../event-patterns/matchers.ts";
import { compilePattern, type EventPattern } from "../event-patterns/pattern.ts";
import { type FunctionDefinition, parseFunctionReference } from "../lambda/function-definition.ts";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

/** What queues and streams have in common. */
interface MappingBase {
  /** Logical name in the plan: checkpoints are kept under it. */
  readonly name: string;
  readonly sourceArn: string;
  readonly definition: FunctionDefinition;
  readonly batchSize: number;
  /** 0 to 300. */
  readonly windowSeconds: number;
  /** An event is for the function when one of them matches, or when there is none. */
  readonly filters: readonly EventPattern[];
  readonly reportsItemFailures: boolean;
}

export interface QueueMapping extends MappingBase {
  readonly kind: "queue";
  /** Invocations at once, 2 to 1,000; undefined leaves the function's own limits. */
  readonly concurrencyMax: number | undefined;
}

export interface StreamMapping extends MappingBase {
  readonly kind: "table_stream" | "stream";
  readonly start:
    | { readonly at: "TRIM_HORIZON" | "LATEST" }
    /** Epoch milliseconds. */
    | { readonly at: "AT_TIMESTAMP"; readonly timestampMs: number };
  /** Batches of one shard at once, 1 to 10. */
  readonly lanes: number;
  readonly bisects: boolean;
  /** -1 retries for as long as the record lives in its stream. */
  readonly retriesMax: number;
  /** -1 lets a record grow as old as its stream lets it. */
  readonly ageSecondsMax: number;
  /** ARN of a queue or topic. */
  readonly onFailure: string | undefined;
  /** 0 to 900; 0 means no tumbling windows. */
  readonly tumblingSeconds: number;
}

export type EventSourceMapping = QueueMapping | StreamMapping;

const type = "aws:lambda/eventSourceMapping:EventSourceMapping";
const queueBatchDefault = 10;
/** Beyond it, and on a FIFO queue always, a batch is what one receive call brings. */
const queueBatchWithoutWindowMax = 10;
const streamBatchDefault = 100;
const batchMax = 10_000;

const mappingInputs = z.object({
  eventSourceArn: z.string().regex(/^arn:aws:(sqs|dynamodb|kinesis):/, "no poller for such a source"),
  functionName: z.string(),
  enabled: z.boolean().default(true),
  batchSize: z.int().min(1).max(batchMax).optional(),
  maximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
  functionResponseTypes: z.array(z.literal("ReportBatchItemFailures")).default([]),
  filterCriteria: z
    .object({
      filters: z
        .array(z.object({ pattern: z.string() }))
        .max(10)
        .default([]),
    })
    .optional(),
  scalingConfig: z.object({ maximumConcurrency: z.int().min(2).max(1_000).optional() }).optional(),
  startingPosition: z.enum(["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]).optional(),
  startingPositionTimestamp: z.string().optional(),
  parallelizationFactor: z.int().min(1).max(10).default(1),
  bisectBatchOnFunctionError: z.boolean().default(false),
  maximumRetryAttempts: z.int().min(-1).max(10_000).default(-1),
  maximumRecordAgeInSeconds: z
    .int()
    .refine((age) => age === -1 || (age >= 60 && age <= 604_800), "is -1, or 60 to 604800")
    .default(-1),
  tumblingWindowInSeconds: z.int().min(0).max(900).default(0),
  destinationConfig: z
    .object({
      onFailure: z.object({ destinationArn: z.string().regex(/^arn:aws:(sqs|sns):/) }).optional(),
    })
    .optional(),
});
type Inputs = z.output<typeof mappingInputs>;

/** 30 s is SQS's default. */
const queueInputs = z.object({ visibilityTimeoutSeconds: z.number().default(30) });

/**
 * The mappings of the plan that are enabled.
 * @throws Refusal when AWS would refuse to make one of them.
 */
export function eventSourceMappingsOf(
  plan: Plan,
  functions: readonly FunctionDefinition[],
): readonly EventSourceMapping[] {
  return resourcesOf(plan, type).flatMap((resource) => {
    const inputs = inputsOf(resource, mappingInputs);
    const mapping = mappingOf(plan, functions, resource, inputs);
    return inputs.enabled ? [mapping] : [];
  });
}

function mappingOf(
  plan: Plan,
  functions: readonly FunctionDefinition[],
  resource: PlanResource,
  inputs: Inputs,
): EventSourceMapping {
  const refuse = (because: string): never => {
    throw new Refusal(`the plan's event source mapping ${resource.name} ${because}`);
  };
  const functionName = parseFunctionReference(inputs.functionName)?.name;
  const definition =
    functions.find(({ name }) => name === functionName) ??
    refuse(`invokes ${inputs.functionName}, which the plan does not deploy`);
  const base = {
    name: resource.name,
    sourceArn: inputs.eventSourceArn,
    definition,
    windowSeconds: inputs.maximumBatchingWindowInSeconds,
    filters: filtersOf(inputs, refuse),
    reportsItemFailures: inputs.functionResponseTypes.length > 0,
  };
  if (inputs.eventSourceArn.split(":")[2] !== "sqs") return streamMappingOf(base, inputs, refuse);
  const batchSize = inputs.batchSize ?? queueBatchDefault;
  checkQueue(plan, { ...base, batchSize }, refuse);
  return { ...base, kind: "queue", batchSize, concurrencyMax: inputs.scalingConfig?.maximumConcurrency };
}

function filtersOf(inputs: Inputs, refuse: (because: string) => never): readonly EventPattern[] {
  return (inputs.filterCriteria?.filters ?? []).map(({ pattern }) => {
    try {
      return compilePattern(pattern);
    } catch (thrown) {
      if (thrown instanceof InvalidPattern)
        return refuse(`has a filter that is not valid: ${thrown.message}`);
      throw thrown;
    }
  });
}

/** What Lambda checks when a mapping of a queue is made. */
function checkQueue(
  plan: Plan,
  { sourceArn, batchSize, windowSeconds, definition }: Omit<MappingBase, "reportsItemFailures">,
  refuse: (because: string) => never,
): void {
  const isFifo = sourceArn.endsWith(".fifo");
  if (isFifo && windowSeconds > 0) refuse("has a batch window, which FIFO queues do not take");
  if (batchSize > queueBatchWithoutWindowMax && (isFifo || windowSeconds === 0)) {
    refuse(`has a batch size of ${batchSize}: over ${queueBatchWithoutWindowMax} it needs a batch window`);
  }
  const queue = resourcesOf(plan, "aws:sqs/queue:Queue").find(
    ({ outputs }) => outputs?.["arn"] === sourceArn,
  );
  if (queue === undefined) return;
  const { visibilityTimeoutSeconds } = inputsOf(queue, queueInputs);
  if (visibilityTimeoutSeconds < definition.timeoutSeconds) {
    refuse(
      `reads a queue whose visibility timeout (${visibilityTimeoutSeconds} s) is less than the function's timeout (${definition.timeoutSeconds} s)`,
    );
  }
}

function streamMappingOf(
  base: Omit<MappingBase, "batchSize">,
  inputs: Inputs,
  refuse: (because: string) => never,
): StreamMapping {
  const isTable = base.sourceArn.split(":")[2] === "dynamodb";
  const { tumblingWindowInSeconds: tumblingSeconds, parallelizationFactor: lanes } = inputs;
  if (tumblingSeconds > 0 && lanes > 1) {
    refuse("has tumbling windows and a parallelization factor, which nothing here combines");
  }
  return {
    ...base,
    kind: isTable ? "table_stream" : "stream",
    batchSize: inputs.batchSize ?? streamBatchDefault,
    start: startOf(inputs, isTable, refuse),
    lanes,
    bisects: inputs.bisectBatchOnFunctionError,
    retriesMax: inputs.maximumRetryAttempts,
    ageSecondsMax: inputs.maximumRecordAgeInSeconds,
    onFailure: inputs.destinationConfig?.onFailure?.destinationArn,
    tumblingSeconds,
  };
}

function startOf(
  inputs: Inputs,
  isTable: boolean,
  refuse: (because: string) => never,
): StreamMapping["start"] {
  const { startingPosition, startingPositionTimestamp } = inputs;
  if (startingPosition === undefined) return refuse("has no starting position, which streams need");
  if (startingPosition !== "AT_TIMESTAMP") return { at: startingPosition };
  if (isTable) return refuse("starts at a timestamp, which table streams cannot");
  const timestampMs = Date.parse(startingPositionTimestamp ?? "");
  if (Number.isNaN(timestampMs)) return refuse("starts at a timestamp that it does not name");
  return { at: "AT_TIMESTAMP", timestampMs };
}
