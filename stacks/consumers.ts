import type { TableName } from "./data.ts";
import { type FunctionName, functions } from "./functions.ts";
import { createFunction } from "./lambda.ts";
import type { QueueName, StreamName } from "./messaging.ts";
import { isPassive } from "./pair.ts";
import type { Parts } from "./parts.ts";

/** What brings a function its work. Records of one key come in order, one batch at a time. */
export type EventSource = QueueSource | (StreamedSource & (TableSource | StreamSource));

interface QueueSource {
  readonly from: "queue";
  readonly name: QueueName;
  /** Messages at once, 1 … 10, or up to 10,000 with a window. */
  readonly batchSize: number;
  /** Seconds to wait for a full batch, 0 … 300. */
  readonly windowSeconds?: number;
}

export interface TableSource {
  readonly from: "table";
  readonly name: TableName;
}

export interface StreamSource {
  readonly from: "stream";
  readonly name: StreamName;
}

interface StreamedSource {
  /** Records at once, 1 … 10,000. */
  readonly batchSize: number;
  readonly windowSeconds?: number;
  /** Event patterns: a record that fits none is passed over and costs no invocation. */
  readonly filters?: readonly object[];
  /** Batches of one shard at once, 1 … 10. Records of one key stay in order. */
  readonly lanes?: number;
  /**
   * How often a batch is tried again before it goes to the dead letters. `unbounded`: as long as the stream has it, and
   * what comes after waits. For a consumer whose result would be wrong for ever without it, and is only late meanwhile.
   */
  readonly retriesMax: number | "unbounded";
}

/** A record that nobody could handle in this time goes to the dead letters, well before its stream forgets it. */
const recordAgeSecondsMax = 6 * 3_600;

/** The functions that sources invoke, with their mappings. */
export function createConsumers(parts: Parts): void {
  for (const [name, declaration] of Object.entries(functions) as [
    FunctionName,
    (typeof functions)[FunctionName],
  ][]) {
    if (declaration.consumes !== undefined) createConsumer(name, declaration.consumes, parts);
  }
}

function createConsumer(name: FunctionName, source: EventSource, parts: Parts): void {
  const fn = createFunction(name, parts);
  const { settings } = parts;
  new aws.lambda.EventSourceMapping(
    `${name}Source`,
    {
      eventSourceArn: sourceArnOf(source, parts),
      functionName: fn.name,
      batchSize: source.batchSize,
      maximumBatchingWindowInSeconds: source.windowSeconds ?? 0,
      functionResponseTypes: ["ReportBatchItemFailures"],
      ...(source.from === "queue" ? {} : streamSettings(source, parts)),
      ...(settings.pair !== undefined && { enabled: !isPassive(settings) }),
    },
    // A failover turns sources on and off. A deployment that did would undo it.
    settings.pair === undefined ? {} : { ignoreChanges: ["enabled"] },
  );
}

function streamSettings(
  source: Exclude<EventSource, QueueSource>,
  { queues }: Parts,
): Omit<aws.lambda.EventSourceMappingArgs, "functionName"> {
  return {
    startingPosition: "TRIM_HORIZON",
    parallelizationFactor: source.lanes ?? 1,
    ...(source.retriesMax === "unbounded"
      ? { maximumRetryAttempts: -1, maximumRecordAgeInSeconds: -1 }
      : { maximumRetryAttempts: source.retriesMax, maximumRecordAgeInSeconds: recordAgeSecondsMax }),
    // One record that nobody can handle must not take its neighbours with it.
    bisectBatchOnFunctionError: true,
    destinationConfig: { onFailure: { destinationArn: queues.deadLetters.arn } },
    ...(source.filters && {
      filterCriteria: { filters: source.filters.map((pattern) => ({ pattern: JSON.stringify(pattern) })) },
    }),
  };
}

export function sourceArnOf(
  source: QueueSource | TableSource | StreamSource,
  { queues, streams, tables }: Parts,
): $util.Output<string> {
  switch (source.from) {
    case "queue":
      return queues[source.name].arn;
    case "stream":
      return streams[source.name].arn;
    case "table":
      return tables[source.name].streamArn.apply((arn) => arn ?? "");
  }
}
