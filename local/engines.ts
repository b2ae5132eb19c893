import { join } from "node:path";
import type { Door } from "./door/door.ts";
import type { Plan } from "./plan/plan.ts";
import { Refusal } from "./process/refusal.ts";
import { Bucket } from "./s3/bucket.ts";
import { bucketPlansOf } from "./s3/bucket-plan.ts";
import { S3Engine } from "./s3/engine.ts";
import { SnsEngine } from "./sns/engine.ts";
import { toQueues } from "./sns/to-queue.ts";
import { topicPlansOf } from "./sns/topic-plan.ts";
import { SqsEngine } from "./sqs/engine.ts";
import { MoveTasks } from "./sqs/moves.ts";
import { queuePlansOf } from "./sqs/queue-plan.ts";
import { Queues } from "./sqs/queues.ts";

export interface EnginesOptions {
  readonly plan: Plan;
  /** Where they keep what survives restarts. */
  readonly directory: string;
  readonly door: Door;
  readonly warn: (line: string) => void;
}

/** What else of the local cloud works with. Each is undefined when the plan has nothing for it. */
export interface Engines {
  readonly queues: Queues | undefined;
  readonly topics: SnsEngine | undefined;
}

/**
 * Starts the engines that the plan has something for, and no others.
 * @throws Refusal when the plan asks for what an engine cannot do, or its state is damaged.
 */
export function runEngines(options: EnginesOptions, started: AsyncDisposableStack): Engines {
  const queues = runQueues(options, started);
  runBuckets(options, started);
  return { queues, topics: runTopics(options, queues) };
}

function runQueues(
  { plan, directory, door }: EnginesOptions,
  started: AsyncDisposableStack,
): Queues | undefined {
  const plans = queuePlansOf(plan);
  if (plans.length === 0) return undefined;
  const queues = new Queues(plans, join(directory, "sqs.jsonl"), Date.now);
  const engine = new SqsEngine(queues, new MoveTasks(queues, Date.now), Date.now);
  started.defer(() => engine.stop());
  door.serve(engine);
  return queues;
}

function runBuckets({ plan, directory, door }: EnginesOptions, started: AsyncDisposableStack): void {
  const plans = bucketPlansOf(plan);
  if (plans.length === 0) return;
  const buckets = plans.map((each) => new Bucket(each, join(directory, "s3"), Date.now));
  const engine = new S3Engine(buckets, Date.now);
  started.defer(() => engine.stop());
  door.serve(engine);
}

function runTopics({ plan, door, warn }: EnginesOptions, queues: Queues | undefined): SnsEngine | undefined {
  const topics = topicPlansOf(plan);
  if (topics.length === 0) return undefined;
  const engine = new SnsEngine({ topics, clock: Date.now, filterOf: refuseFilter, warn });
  if (queues !== undefined) engine.connect("sqs", toQueues(queues));
  door.serve(engine);
  return engine;
}

function refuseFilter(policy: string): never {
  throw new Refusal(`the plan filters an SNS subscription by ${policy}: the local cloud has no such filters`);
}
