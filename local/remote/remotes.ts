import { dynamoDbEngine } from "../dynamodb/engine.ts";
import { answers } from "../dynamodb/server.ts";
import { tablePlansOf } from "../dynamodb/tables.ts";
import { streamPlansOf } from "../kinesis/stream-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { bucketPlansOf } from "../s3/bucket-plan.ts";
import { notificationPlansOf } from "../s3/notification-plan.ts";
import { topicPlansOf } from "../sns/topic-plan.ts";
import { queuePlansOf } from "../sqs/queue-plan.ts";
import { type Access, accessTo } from "./access.ts";
import { remoteBuckets } from "./buckets.ts";
import { type AwsEndpoints, type RemoteService, remoteServices, variableOf } from "./endpoints.ts";
import { RemoteEngine } from "./engine.ts";
import type { Names } from "./names.ts";
import { remoteQueues } from "./queues.ts";
import { remoteStreams } from "./streams.ts";
import { remoteTopics } from "./topics.ts";

/** The plan's resources of one service, as another emulator may have them. */
export interface RemoteResources {
  /** Whether the plan has any. */
  readonly isNeeded: boolean;
  /** @throws when there is no such service. */
  probe(access: Access): Promise<void>;
  /** Makes what is missing, after removing what is there when it is to be `fresh`. @throws when it cannot. */
  ensure(access: Access, fresh: boolean): Promise<Names>;
}

export interface RemotesOptions {
  readonly plan: Plan;
  readonly endpoints: AwsEndpoints;
  readonly fresh: boolean;
  readonly warn: (line: string) => void;
}

/** A service that another emulator has. */
export interface Remote {
  readonly access: Access;
  readonly names: Names;
}
export type Remotes = ReadonlyMap<RemoteService, Remote>;

/**
 * Who has what: a service whose own variable names an emulator is there, or the start is refused; one that only
 * `AWS_ENDPOINT_URL` stands for is there if it can be, and else ours, which one line tells. The plan's resources are
 * made there; tables, which have an engine that speaks to any DynamoDB, are not made here.
 * @throws Refusal when nothing answers, or a service that was named is not to be had.
 */
export async function findRemotes({ plan, endpoints, fresh, warn }: RemotesOptions): Promise<Remotes> {
  const found = new Map<RemoteService, Remote>();
  const resources = resourcesOf(plan, found);
  const declined: string[] = [];
  for (const service of remoteServices) {
    const named = endpoints.of[service];
    const endpoint = named ?? endpoints.all;
    if (endpoint === undefined || !resources[service].isNeeded) continue;
    const variable = named === undefined ? "AWS_ENDPOINT_URL" : variableOf(service);
    if (!(await answers(endpoint))) {
      throw new Refusal(`nothing answers at ${variable} ${endpoint}: start it, or unset the variable`);
    }
    const access = accessTo(endpoint, plan);
    try {
      await resources[service].probe(access);
      found.set(service, { access, names: await resources[service].ensure(access, fresh) });
    } catch (thrown) {
      const because = `${service} (${reasonOf(thrown)})`;
      if (named !== undefined) {
        throw new Refusal(`${variable} ${endpoint} does not do for ${because}: unset the variable`, {
          cause: thrown,
        });
      }
      declined.push(because);
    }
  }
  if (declined.length > 0) {
    warn(
      `AWS_ENDPOINT_URL ${endpoints.all} does not do for ${declined.join(", ")}: our own engine runs instead`,
    );
  }
  return found;
}

/** The engine that forwards a service's calls. DynamoDB has one of its own. */
export const remoteEngine = (service: RemoteService, { access, names }: Remote): RemoteEngine =>
  new RemoteEngine({ service, names, endpoint: access.endpoint, credentials: access.credentials });

function resourcesOf(plan: Plan, found: Remotes): Readonly<Record<RemoteService, RemoteResources>> {
  const topics = topicPlansOf(plan);
  const inTopics = remoteTopics(topics, () => found.get("sqs")?.names ?? []);
  return {
    dynamodb: {
      isNeeded: tablePlansOf(plan).length > 0,
      probe: probeTables,
      ensure: async () => [],
    },
    sqs: remoteQueues(queuePlansOf(plan)),
    sns: {
      ...inTopics,
      ensure: (access, fresh) => {
        for (const { protocol } of topics.flatMap(({ subscriptions }) => subscriptions)) {
          const isThere = protocol === "sqs" && found.get("sqs")?.access.endpoint === access.endpoint;
          if (isThere || !reachedFromHere.has(protocol)) continue;
          throw new Error(`from there no topic reaches the plan's ${protocol} endpoints`);
        }
        return inTopics.ensure(access, fresh);
      },
    },
    s3: inBuckets(plan),
    kinesis: remoteStreams(streamPlansOf(plan)),
  };
}

/** A bucket over there tells nobody over here what comes and goes in it. */
function inBuckets(plan: Plan): RemoteResources {
  const buckets = remoteBuckets(bucketPlansOf(plan));
  return {
    ...buckets,
    ensure: (access, fresh) => {
      const [telling] = notificationPlansOf(plan);
      if (telling === undefined) return buckets.ensure(access, fresh);
      throw new Error(`from there bucket ${telling.bucket} does not reach whom the plan has it tell`);
    },
  };
}

/** Protocols whose endpoints are in this process, unless they are in the same emulator as the topic. */
const reachedFromHere = new Set(["sqs", "lambda", "firehose"]);

async function probeTables({ endpoint, region }: Access): Promise<void> {
  const engine = dynamoDbEngine(endpoint, region);
  try {
    await engine.call("ListTables", {});
  } finally {
    engine.stop();
  }
}

/** In one line: SDKs tell what they could not parse over many. */
const reasonOf = (thrown: unknown): string => {
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return `${name}: ${message}`.split("\n", 1)[0] ?? name;
};
