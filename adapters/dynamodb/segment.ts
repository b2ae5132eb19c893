import { type DynamoDBClient, ScanCommand, type ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { reach } from "./client.ts";
import type { StoredItem } from "./stored.ts";

/** A part of a table: those of its partitions whose hash falls there. Parts are scanned beside each other. */
export interface Segment {
  /** 0 … segments − 1. */
  readonly segment: number;
  readonly segments: number;
}

/** Where a scan goes on: text that only the next scan reads. */
export type Cursor = string;

export interface SegmentPage {
  readonly items: readonly StoredItem[];
  /** Items that were read, those that the filter left out among them. */
  readonly read: number;
  readonly next?: Cursor;
}

/** A page of a part of a table: what the filter lets through of a megabyte. Strongly consistent, in no order. */
export async function scanSegment(
  client: DynamoDBClient,
  scan: Pick<
    ScanCommandInput,
    "TableName" | "FilterExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
  >,
  { segment, segments }: Segment,
  cursor: Cursor | undefined,
): Promise<SegmentPage> {
  const page = await reach(
    client.send(
      new ScanCommand({
        ...scan,
        Segment: segment,
        TotalSegments: segments,
        ConsistentRead: true,
        ...(cursor === undefined ? {} : { ExclusiveStartKey: marshall(JSON.parse(cursor)) }),
      }),
    ),
  );
  return {
    items: page.Items ?? [],
    read: page.ScannedCount ?? 0,
    ...(page.LastEvaluatedKey === undefined
      ? {}
      : { next: JSON.stringify(unmarshall(page.LastEvaluatedKey)) }),
  };
}
