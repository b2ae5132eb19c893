import { z } from "zod";
import { invalid, KinesisRefusal, parsed } from "./refusal.ts";
import { type Shard, type Stream, uniformRanges } from "./stream.ts";

const splitting = z.object({
  ShardToSplit: z.string(),
  NewStartingHashKey: z.string().regex(/^(0|[1-9]\d{0,38})$/),
});
const merging = z.object({ ShardToMerge: z.string(), AdjacentShardToMerge: z.string() });
const scaling = z.object({
  TargetShardCount: z.int().min(1).max(10_000),
  ScalingType: z.literal("UNIFORM_SCALING"),
});

type Output = Readonly<Record<string, unknown>>;

/** SplitShard. */
export function splitShard(stream: Stream, input: unknown): Output {
  const { ShardToSplit, NewStartingHashKey } = parsed(splitting, input);
  checkProvisioned(stream);
  const shard = openShard(stream, ShardToSplit);
  const border = BigInt(NewStartingHashKey);
  if (border <= shard.startingHashKey || border > shard.endingHashKey) {
    throw invalid(
      `NewStartingHashKey ${NewStartingHashKey} used in SplitShard() on shard ${shard.id} in stream ${stream.plan.name} is not both greater than one plus the shard's StartingHashKey ${shard.startingHashKey} and less than the shard's EndingHashKey ${shard.endingHashKey}.`,
    );
  }
  split(stream, shard, border);
  return {};
}

/** MergeShards. */
export function mergeShards(stream: Stream, input: unknown): Output {
  const { ShardToMerge, AdjacentShardToMerge } = parsed(merging, input);
  checkProvisioned(stream);
  const one = openShard(stream, ShardToMerge);
  const other = openShard(stream, AdjacentShardToMerge);
  if (one.endingHashKey + 1n !== other.startingHashKey && other.endingHashKey + 1n !== one.startingHashKey) {
    throw invalid(
      `Shards ${one.id} and ${other.id} in stream ${stream.plan.name} are not an adjacent pair of shards eligible for merging`,
    );
  }
  merge(stream, one, other);
  return {};
}

/** UpdateShardCount: splits at the borders of equal parts, and merges what lies between two of them. */
export function updateShardCount(stream: Stream, input: unknown): Output {
  const { TargetShardCount } = parsed(scaling, input);
  checkProvisioned(stream);
  const current = openShards(stream).length;
  if (TargetShardCount > 2 * current || TargetShardCount < current / 2) {
    throw new KinesisRefusal(
      "LimitExceededException",
      `UpdateShardCount cannot scale from ${current} to ${TargetShardCount}: no further than to double or half.`,
    );
  }
  const ranges = uniformRanges(TargetShardCount);
  for (const { start } of ranges) {
    const shard = openShards(stream).find(
      (each) => each.startingHashKey < start && start <= each.endingHashKey,
    );
    if (shard !== undefined) split(stream, shard, start);
  }
  for (const { start, end } of ranges) {
    for (;;) {
      const [one, other] = openShards(stream)
        .filter((each) => start <= each.startingHashKey && each.endingHashKey <= end)
        .sort((a, b) => (a.startingHashKey < b.startingHashKey ? -1 : 1));
      if (one === undefined || other === undefined) break;
      merge(stream, one, other);
    }
  }
  const { name: StreamName, arn: StreamARN } = stream.plan;
  return { StreamName, StreamARN, CurrentShardCount: current, TargetShardCount };
}

function split(stream: Stream, shard: Shard, border: bigint): void {
  stream.reshard(
    [shard],
    [
      { start: shard.startingHashKey, end: border - 1n },
      { start: border, end: shard.endingHashKey },
    ],
  );
}

function merge(stream: Stream, one: Shard, other: Shard): void {
  const isFirst = one.startingHashKey < other.startingHashKey;
  const start = isFirst ? one.startingHashKey : other.startingHashKey;
  const end = isFirst ? other.endingHashKey : one.endingHashKey;
  stream.reshard([one, other], [{ start, end }]);
}

const openShards = (stream: Stream): readonly Shard[] =>
  stream.shards.filter(({ closed }) => closed === undefined);

function openShard(stream: Stream, id: string): Shard {
  const shard = stream.shard(id);
  if (shard === undefined) {
    throw new KinesisRefusal(
      "ResourceNotFoundException",
      `Could not find shard ${id} in stream ${stream.plan.name}.`,
    );
  }
  if (shard.closed !== undefined) {
    throw invalid(`Shard ${id} in stream ${stream.plan.name} is not open.`);
  }
  return shard;
}

/** A stream on demand scales by itself. */
function checkProvisioned({ plan }: Stream): void {
  if (plan.mode === "PROVISIONED") return;
  throw new KinesisRefusal(
    "ValidationException",
    `Request is invalid. Shards of stream ${plan.name}, which is on demand, cannot be changed.`,
  );
}
