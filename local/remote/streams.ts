import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  IncreaseStreamRetentionPeriodCommand,
  KinesisClient,
  ListStreamsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-kinesis";
import type { StreamPlan } from "../kinesis/stream-plan.ts";
import { Refusal } from "../process/refusal.ts";
import { type Access, clientOptions, using } from "./access.ts";
import { arnBaseOf } from "./names.ts";
import type { RemoteResources } from "./remotes.ts";

const changePollMs = 50;
const changePollsMax = 200;

/** The plan's streams, made in another emulator. */
export const remoteStreams = (plans: readonly StreamPlan[]): RemoteResources => ({
  isNeeded: plans.length > 0,
  probe: (access) =>
    using(clientOf(access), async (kinesis) => void (await kinesis.send(new ListStreamsCommand({})))),
  ensure: (access, fresh) =>
    using(clientOf(access), async (kinesis) => {
      const arns = await Promise.all(
        plans.map(
          async (plan) => [arnBaseOf(plan.arn), arnBaseOf(await ensureStream(kinesis, plan, fresh))] as const,
        ),
      );
      return arns.slice(0, 1);
    }),
});

const clientOf = (access: Access): KinesisClient => new KinesisClient(clientOptions(access));

async function ensureStream(kinesis: KinesisClient, plan: StreamPlan, fresh: boolean): Promise<string> {
  const StreamName = plan.name;
  let there = await summaryOf(kinesis, StreamName);
  if (there !== undefined && fresh) {
    await kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
    there = await until(kinesis, StreamName, (summary) => summary === undefined);
  }
  if (there === undefined) {
    const size =
      plan.mode === "ON_DEMAND"
        ? { StreamModeDetails: { StreamMode: plan.mode } }
        : { ShardCount: plan.shards };
    await kinesis.send(new CreateStreamCommand({ StreamName, ...size }));
    there = await until(kinesis, StreamName, (summary) => summary?.StreamStatus === "ACTIVE");
  }
  if (plan.retentionHours > (there?.RetentionPeriodHours ?? 24)) {
    const RetentionPeriodHours = plan.retentionHours;
    await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours }));
  }
  return there?.StreamARN ?? plan.arn;
}

async function summaryOf(kinesis: KinesisClient, StreamName: string) {
  try {
    const answer = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return answer.StreamDescriptionSummary;
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return undefined;
    throw thrown;
  }
}

type Summary = Awaited<ReturnType<typeof summaryOf>>;

async function until(
  kinesis: KinesisClient,
  StreamName: string,
  isDone: (summary: Summary) => boolean,
): Promise<Summary> {
  for (let poll = 0; poll < changePollsMax; poll += 1) {
    const summary = await summaryOf(kinesis, StreamName);
    if (isDone(summary)) return summary;
    await sleep(changePollMs);
  }
  throw new Refusal(`stream ${StreamName} does not change its state`);
}
