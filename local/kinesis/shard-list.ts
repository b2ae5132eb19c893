import { z } from "zod";
import { invalid, parsed } from "./refusal.ts";
import { type Shard, type Stream, sequenceNumberOf } from "./stream.ts";

const pageMax = 10_000;
const pageDefault = 1_000;

const listing = z.object({
  MaxResults: z.int().min(1).max(pageMax).default(pageDefault),
  ExclusiveStartShardId: z.string().optional(),
  ShardFilter: z
    .object({
      Type: z.enum(["AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST"]),
      ShardId: z.string().optional(),
    })
    .optional(),
  NextToken: z.string().optional(),
});
const token = z.object({ stream: z.string(), after: z.string() });
type Token = z.output<typeof token>;

type Output = Readonly<Record<string, unknown>>;

/** What a page's token says: of which stream, and behind which shard. A call with one names no stream. */
export function tokenIn(input: unknown): Token | undefined {
  const { NextToken } = parsed(z.object({ NextToken: z.string().optional() }), input);
  if (NextToken === undefined) return undefined;
  try {
    return token.parse(JSON.parse(Buffer.from(NextToken, "base64").toString()));
  } catch {
    throw invalid("Invalid NextToken.");
  }
}

/** ListShards: closed ones too, for as long as they may have records. */
export function listShards(stream: Stream, input: unknown, from: Token | undefined): Output {
  const { MaxResults, ExclusiveStartShardId, ShardFilter } = parsed(listing, input);
  const after = from?.after ?? ExclusiveStartShardId ?? "";
  const known = new Set(stream.shards.map(({ id }) => id));
  const wanted = stream.shards.filter((shard) => shard.id > after && isWanted(shard, ShardFilter, known));
  const page = wanted.slice(0, MaxResults);
  const last = page.at(-1);
  const next: Token | undefined =
    last === undefined || page.length === wanted.length
      ? undefined
      : { stream: stream.plan.name, after: last.id };
  return {
    Shards: page.map(shardView),
    ...(next !== undefined && { NextToken: Buffer.from(JSON.stringify(next)).toString("base64") }),
  };
}

function isWanted(
  { closed, id, parentIds }: Shard,
  filter: z.output<typeof listing>["ShardFilter"],
  known: ReadonlySet<string>,
): boolean {
  switch (filter?.Type) {
    case "AT_LATEST":
      return closed === undefined;
    case "AFTER_SHARD_ID":
      return id > (filter.ShardId ?? "");
    case "AT_TRIM_HORIZON":
      // Those that the oldest records are in: their parents, if they had any, are gone.
      return !parentIds.some((parent) => known.has(parent));
    default:
      return true;
  }
}

export const shardView = (shard: Shard): Output => {
  const [ParentShardId, AdjacentParentShardId] = shard.parentIds;
  return {
    ShardId: shard.id,
    ...(ParentShardId !== undefined && { ParentShardId }),
    ...(AdjacentParentShardId !== undefined && { AdjacentParentShardId }),
    HashKeyRange: hashKeyRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceNumberOf(shard.from),
      ...(shard.closed !== undefined && { EndingSequenceNumber: sequenceNumberOf(shard.closed.n) }),
    },
  };
};

/** What a reader is told at the end of a closed shard. */
export const childView = (child: Shard): Output => ({
  ShardId: child.id,
  ParentShards: child.parentIds,
  HashKeyRange: hashKeyRange(child),
});

const hashKeyRange = ({ startingHashKey, endingHashKey }: Shard): Output => ({
  StartingHashKey: startingHashKey.toString(),
  EndingHashKey: endingHashKey.toString(),
});
