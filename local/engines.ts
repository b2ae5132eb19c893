import { join } from "node:path";
import { AthenaEngine } from "./athena/engine.ts";
import { athenaPlanOf } from "./athena/workgroup-plan.ts";
import { startCache } from "./cache/server.ts";
import type { RefuseSender } from "./delivery/courier.ts";
import type { Credentials } from "./door/credentials.ts";
import type { Door } from "./door/door.ts";
import { telling } from "./events.ts";
import { Deliveries } from "./firehose/deliveries.ts";
import type { Delivered } from "./firehose/delivery.ts";
import { catalogPlanOf } from "./glue/catalog-plan.ts";
import { glueEngine } from "./glue/engine.ts";
import { KinesisEngine } from "./kinesis/engine.ts";
import { Stream } from "./kinesis/stream.ts";
import { streamPlansOf } from "./kinesis/stream-plan.ts";
import { resourcesOf } from "./plan/load.ts";
import type { Plan } from "./plan/plan.ts";
import { clusterPlanOf } from "./postgres/cluster-plan.ts";
import { type PostgresServer, startPostgres } from "./postgres/server.ts";
import type { Child } from "./process/child.ts";
import { Copying } from "./redshift/copying.ts";
import { RedshiftEngine } from "./redshift/engine.ts";
import { Ingestion } from "./redshift/ingestion.ts";
import { warehousePlanOf } from "./redshift/warehouse-plan.ts";
import { type Remotes, remoteEngine } from "./remote/remotes.ts";
import { toRemoteQueues } from "./remote/to-queue.ts";
import { Bucket } from "./s3/bucket.ts";
import { bucketPlansOf } from "./s3/bucket-plan.ts";
import { S3Engine } from "./s3/engine.ts";
import { copierOf } from "./s3/replicas.ts";
import { ifAdmitted } from "./sns/admission.ts";
import type { Deliver } from "./sns/deliveries.ts";
import { type Sent, SnsEngine } from "./sns/engine.ts";
import { compileFilterPolicy } from "./sns/filter-policy.ts";
import { Mailbox } from "./sns/mailbox.ts";
import { Subscriptions } from "./sns/subscriptions.ts";
import { toQueues } from "./sns/to-queue.ts";
import { topicPlansOf } from "./sns/topic-plan.ts";
import { SqsEngine } from "./sqs/engine.ts";
import { MoveTasks } from "./sqs/moves.ts";
import { queuePlansOf } from "./sqs/queue-plan.ts";
import { Queues } from "./sqs/queues.ts";
import type { StatePaths } from "./state.ts";
import { XRayEngine } from "./xray/engine.ts";

export interface EnginesOptions {
  readonly plan: Plan;
  /** Where they keep what survives restarts. */
  readonly paths: Pick<StatePaths, "engines" | "mail" | "postgres" | "warehouse">;
  readonly door: Door;
  /**
   * An access key of a role, or of the operator of this machine: what services do of themselves, they do in a role's name,
   * and Athena in that of whoever asks it.
   */
  readonly credentialsOf: (roleArn: string | undefined, more?: { readonly isPoller: true }) => Credentials;
  /** What another emulator has: there the plan's resources are, and calls go. None when left out. */
  readonly remotes?: Remotes;
  /** Epoch milliseconds. This machine's when left out. */
  readonly clock?: () => number;
  /** URL of a Valkey or Redis that runs already, instead of the one in here. */
  readonly cacheUrl?: string | undefined;
  /** URL of a PostgreSQL that runs already, with the plan's database in it. */
  readonly postgresUrl?: string | undefined;
  /** Whether there is anybody to use the plan's database. Default true. */
  readonly pods?: boolean | undefined;
  readonly warn: (line: string) => void;
  /** Says which queue does not let which topic in. When left out, each does. */
  readonly refuse?: RefuseSender;
  /** Told of each write to a stream, so that whoever reads it need not look often. */
  readonly written?: () => void;
  /** Told of each mail and SMS. */
  readonly onSent?: (sent: Sent) => void;
}

/** Some ten KB each, of a file that was posted. */
const keptTracesMax = 1_000;
/** Each of them makes a cache. */
const cacheTypes = [
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:elasticache/serverlessCache:ServerlessCache",
  "aws:elasticache/cluster:Cluster",
];

/** What else of the local cloud works with. Each is undefined when the plan has nothing for it. */
export interface Engines {
  readonly queues: Queues | undefined;
  readonly topics: SnsEngine | undefined;
  readonly buckets: S3Engine | undefined;
  /** Brings what is on the streams into the archive and the lake, with its copies, and does not wait for more. */
  readonly deliver: () => Promise<readonly Delivered[]>;
  /** `redis://…`: one cache, whatever the plan has of them. */
  readonly cacheUrl: string | undefined;
  /** `postgres://user:password@…`. */
  readonly postgresUrl: string | undefined;
  /** Processes that nothing works without. */
  readonly children: readonly Child[];
}

/**
 * Starts the engines that the plan has something for, and no others.
 * @throws Refusal when the plan asks for what an engine cannot do, or its state is damaged.
 */
export async function runEngines(given: EnginesOptions, started: AsyncDisposableStack): Promise<Engines> {
  const { remotes = new Map() }: Pick<EnginesOptions, "remotes"> = given;
  let deliveries: Deliveries | undefined;
  const written = (): void => {
    given.written?.();
    deliveries?.wake();
  };
  const options: EnginesOptions = { ...given, written };
  const queues = remotes.has("sqs") ? undefined : runQueues(options, started);
  const buckets = remotes.has("s3") ? undefined : runBuckets(options, started);
  if (!remotes.has("kinesis")) runStreams(options, started);
  const topics = remotes.has("sns") ? undefined : runTopics(options, queues, started);
  for (const [service, remote] of remotes) {
    // Its tables have more to them, and are there already.
    if (service === "dynamodb") continue;
    const engine = remoteEngine(service, remote);
    started.defer(() => engine.stop());
    options.door.serve(service === "kinesis" ? telling(engine, written) : engine);
  }
  // Whoever is traced: no plan declares traces.
  options.door.serve(new XRayEngine(keptTracesMax, options.clock ?? Date.now));
  const cacheUrl = await runCache(options, started);
  const postgres = await runPostgres(options, started);
  runWarehouse(options, started);
  runLake(options, started);
  deliveries = runDeliveries(options, started);
  const deliver = delivering(deliveries, buckets);
  options.door.control("/_deliver", async () => ({ deliveries: await deliver() }));
  const children = postgres === undefined ? [] : [postgres.child];
  const postgresUrl = postgres?.url ?? options.postgresUrl;
  return { queues, topics, buckets, deliver, cacheUrl, postgresUrl, children };
}

function runQueues(
  { plan, paths, door, clock = Date.now }: EnginesOptions,
  started: AsyncDisposableStack,
): Queues | undefined {
  const plans = queuePlansOf(plan);
  if (plans.length === 0) return undefined;
  const queues = new Queues(plans, join(paths.engines, "sqs.jsonl"), clock);
  const engine = new SqsEngine(queues, new MoveTasks(queues, clock), clock);
  started.defer(() => engine.stop());
  door.serve(engine);
  return queues;
}

function runBuckets(
  { plan, paths, door, credentialsOf, warn, clock = Date.now }: EnginesOptions,
  started: AsyncDisposableStack,
): S3Engine | undefined {
  const plans = bucketPlansOf(plan);
  if (plans.length === 0) return undefined;
  const buckets = plans.map((each) => new Bucket(each, join(paths.engines, "s3"), clock, warn));
  const engine = new S3Engine(buckets, clock);
  started.defer(() => engine.stop());
  door.serve(engine);
  engine.replicate((bucket, roleArn) => {
    const access = { endpoint: door.url, region: plan.region, credentials: credentialsOf(roleArn) };
    const { copy, stop } = copierOf(access, bucket);
    started.defer(stop);
    return copy;
  });
  started.defer(() => engine.stopReplicating());
  return engine;
}

function runStreams(
  { plan, paths, door, clock = Date.now, written = () => undefined }: EnginesOptions,
  started: AsyncDisposableStack,
): void {
  const plans = streamPlansOf(plan);
  if (plans.length === 0) return;
  const streams = plans.map(
    (each) => new Stream(each, join(paths.engines, "kinesis", `${each.name}.jsonl`), clock),
  );
  const engine = new KinesisEngine(streams, clock);
  started.defer(() => engine.stop());
  door.serve(telling(engine, written));
}

async function runCache(
  { plan, cacheUrl }: EnginesOptions,
  started: AsyncDisposableStack,
): Promise<string | undefined> {
  if (cacheTypes.every((type) => resourcesOf(plan, type).length === 0)) return undefined;
  if (cacheUrl !== undefined) return cacheUrl;
  const cache = await startCache(Date.now);
  started.defer(() => cache.stop());
  return cache.url;
}

async function runPostgres(
  { plan, paths, postgresUrl, pods = true }: EnginesOptions,
  started: AsyncDisposableStack,
): Promise<PostgresServer | undefined> {
  const cluster = clusterPlanOf(plan);
  if (cluster === undefined || postgresUrl !== undefined || !pods) return undefined;
  const server = await startPostgres(paths.postgres, cluster);
  started.defer(() => server.child.stop());
  return server;
}

/**
 * Redshift has a PostgreSQL of its own: the books' may be somebody else's. It starts when it is asked the first time:
 * most who start a system ask it nothing.
 */
function runWarehouse(
  { plan, paths, door, credentialsOf, clock = Date.now }: EnginesOptions,
  started: AsyncDisposableStack,
): void {
  const warehouse = warehousePlanOf(plan);
  if (warehouse === undefined) return;
  const reader = {
    ...{ endpoint: door.url, region: plan.region },
    credentials: credentialsOf(warehouse.readerRoleArn),
  };
  const ingestion = new Ingestion(reader);
  const copying = new Copying(reader);
  const start = () => startPostgres(paths.warehouse, warehouse);
  const engine = new RedshiftEngine({ plan: warehouse, start, ingestion, copying, clock });
  started.defer(() => engine.stop());
  door.serve(engine);
}

const delivering =
  (deliveries: Deliveries, buckets: S3Engine | undefined): Engines["deliver"] =>
  async () => {
    const delivered = await deliveries.flush();
    await buckets?.replicated();
    return delivered;
  };

/** Glue's catalog, and Athena over what it lists. */
function runLake(
  { plan, paths, door, credentialsOf, clock = Date.now }: EnginesOptions,
  started: AsyncDisposableStack,
): void {
  const catalog = catalogPlanOf(plan);
  if (catalog !== undefined) door.serve(glueEngine(catalog));
  const athena = athenaPlanOf(plan);
  if (athena.workgroups.length === 0) return;
  const engine = new AthenaEngine({
    ...{ plan: athena, endpoint: door.url, region: plan.region, credentialsOf, clock },
    directory: join(paths.engines, "athena"),
  });
  started.defer(() => engine.stop());
  door.serve(engine);
}

/** They look at their streams when they are woken: nothing is read before there is something, or somebody asks. */
function runDeliveries(
  { plan, paths, door, credentialsOf, warn }: EnginesOptions,
  started: AsyncDisposableStack,
): Deliveries {
  const deliveries = new Deliveries({
    ...{ plan, warn, endpoint: door.url, directory: join(paths.engines, "firehose") },
    credentialsOf: (roleArn) => credentialsOf(roleArn, { isPoller: true }),
  });
  started.defer(() => deliveries.stop());
  deliveries.start();
  return deliveries;
}

function runTopics(
  { plan, paths, door, warn, onSent, remotes, refuse = () => undefined, clock = Date.now }: EnginesOptions,
  queues: Queues | undefined,
  started: AsyncDisposableStack,
): SnsEngine | undefined {
  const topics = topicPlansOf(plan);
  if (topics.length === 0) return undefined;
  const mailbox = new Mailbox({
    ...{ directory: paths.mail, url: door.url, clock },
    senderOf: (arn) => topics.find((topic) => topic.arn === arn)?.displayName ?? "",
  });
  const people = new Subscriptions({
    ...{ path: join(paths.engines, "sns.json"), clock, filterOf: compileFilterPolicy },
    ask: (subscription) => mailbox.ask(subscription),
  });
  const engine = new SnsEngine({
    ...{ topics, clock, filterOf: compileFilterPolicy, warn, people },
    ...(onSent && { onSent }),
  });
  engine.connect("email", mailbox.deliverEmail);
  engine.connect("sms", mailbox.deliverSms);
  started.defer(() => engine.stop());
  const queuesThere = remotes?.get("sqs");
  const connect = (deliver: Deliver) => engine.connect("sqs", ifAdmitted(refuse, "sqs:SendMessage", deliver));
  if (queues !== undefined) connect(toQueues(queues));
  else if (queuesThere !== undefined) {
    const { deliver, stop } = toRemoteQueues(queuesThere);
    started.defer(stop);
    connect(deliver);
  }
  door.serve(engine);
  return engine;
}
