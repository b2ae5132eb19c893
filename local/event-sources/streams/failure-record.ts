import type { StreamMapping } from "../mapping.ts";
import type { Discarded } from "./batch.ts";

/**
 * What an on-failure destination gets for records of a stream: where they are, not what they say.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function failureRecord(
  mapping: StreamMapping,
  shardId: string,
  { records, condition, invocations, last }: Discarded,
  nowMs: number,
  newId: () => string,
): Readonly<Record<string, unknown>> {
  const [first, final] = [records[0], records.at(-1)];
  if (first === undefined || final === undefined) throw new Error("nothing was discarded");
  const batchInfo = {
    shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: final.sequenceNumber,
    approximateArrivalOfFirstRecord: new Date(first.arrivedAtMs).toISOString(),
    approximateArrivalOfLastRecord: new Date(final.arrivedAtMs).toISOString(),
    batchSize: records.length,
    streamArn: mapping.sourceArn,
  };
  return {
    requestContext: {
      requestId: last?.requestId ?? newId(),
      functionArn: mapping.definition.arn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(last !== undefined && {
      responseContext: {
        statusCode: 200,
        executedVersion: "$LATEST",
        ...(last.kind === "failed" && { functionError: "Unhandled" }),
      },
    }),
    version: "1.0",
    timestamp: new Date(nowMs).toISOString(),
    ...(mapping.kind === "table_stream"
      ? { DDBStreamBatchInfo: batchInfo }
      : { KinesisBatchInfo: batchInfo }),
  };
}
