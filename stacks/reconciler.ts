import { type Archive, archivePrefix } from "./archive.ts";
import type { Books } from "./books.ts";
import type { BucketRef } from "./buckets.ts";
import type { Cache } from "./cache.ts";
import { type Cluster, clusterName } from "./cluster.ts";
import { comparingPermissions } from "./comparing.ts";
import type { Tables } from "./data.ts";
import { throughS3 } from "./firehose.ts";
import { createRepository } from "./images.ts";
import { onlyClean, scanSeconds } from "./inspection.ts";
import { createKeda } from "./keda.ts";
import { connectTo, createLogAgent, createNodes, createPodRole } from "./kubernetes.ts";
import { measureStanding } from "./log-metrics.ts";
import { createQueue, redriveTo, retentionSecondsMax } from "./messaging.ts";
import { logicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { onlyUnder, type Permission, unscoped } from "./permissions.ts";
import {
  askForProofs,
  countProofs,
  createAuditors,
  createProofs,
  letsTheScheduleIn,
  provingPermissions,
} from "./proofs.ts";
import {
  booksUser,
  createReconcilerPods,
  leaseSeconds,
  name,
  namespace,
  type ReconcilerParts,
  reconcilerRole,
} from "./reconciler-pods.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { Warehouse } from "./warehouse.ts";

export interface ReconcilerSettings {
  /**
   * Tag of its image in our registry. Undefined as long as none is released: then nothing runs and notices of files
   * wait, for two weeks; whoever starts it later lists the bucket for the older ones (ADR 31).
   */
  readonly imageTag: string | undefined;
  /** Pods without work, 0 or more. Two survive the loss of a zone. */
  readonly podsMin: number;
  /** Pods under load. */
  readonly podsMax: number;
}

/** Files that wait for the reconciler, and those that it gave up. */
export interface FileQueue {
  /** A message for each file. */
  readonly waiting: aws.sqs.Queue;
  /** Notices of files that killed each process that took them. Whoever reads this one is a person. */
  readonly unread: aws.sqs.Queue;
  /** Whom the bucket tells. */
  readonly notices: aws.s3.BucketNotification;
}

/** What tells the reconciler of its work. */
export interface ReconcilerQueues {
  /** What acquirers and banks sent. */
  readonly inbound: FileQueue;
  /** What the journal told, as the archive has it. */
  readonly journal: FileQueue;
}

/**
 * Where it keeps what it knows: the books, and for a while the cache; and what it compares the books with. Each undefined where
 * the stage has none.
 */
export interface ReconcilerStores {
  readonly books: Books | undefined;
  readonly cache: Cache | undefined;
  readonly warehouse: Warehouse | undefined;
}

/** What the reconciler is put into. */
interface Surroundings {
  readonly settings: StageSettings;
  readonly keys: Keys;
  readonly network: Network | undefined;
  readonly cluster: Cluster | undefined;
}

/** What it settles, and what it compares the books with. */
export type ReconcilerTables = Pick<Tables, "payments" | "ledger" | "merchants">;

/** The files that it reads. */
interface Files {
  readonly inbound: BucketRef;
  readonly archive: Archive | undefined;
}

/** The reconciler, and all else that is inside the cluster; undefined where there is none, or none yet. */
export function createReconciler(
  surroundings: Surroundings,
  files: Files,
  stores: ReconcilerStores,
  tables: ReconcilerTables,
): ReconcilerQueues | undefined {
  const { settings } = surroundings;
  const runs = settings.reconcilerAsProcess || settings.cluster?.reconciler !== undefined;
  if (!runs) return undefined;
  if (files.archive === undefined)
    throw new Error(
      `${settings.stage} has a reconciler, and no archive to post the books from (stacks/settings.ts).`,
    );
  const { archive } = files;
  const proofs = createProofs(settings);
  const queues = {
    inbound: createFileQueue("inbound", settings, files.inbound),
    journal: createFileQueue("journal", settings, archive.landing, {
      ...{ filterPrefix: archivePrefix, lets: (queue) => [letsTheScheduleIn(proofs, queue)] },
    }),
  };
  askForProofs(proofs, queues.journal.waiting);
  createAuditors(proofs, archive, settings);
  const granted = [
    ...reading(settings, queues.inbound, files.inbound, surroundings.keys.inbound, onlyClean(settings)),
    ...reading(settings, queues.journal, archive.landing, archive.key),
    ...provingPermissions(proofs, archive, settings),
    ...storePermissions(stores),
    ...settling(tables),
    ...comparingPermissions({ tables, warehouse: stores.warehouse }),
    unscoped("xray:PutTraceSegments"),
  ];
  const proving = { bucket: archive.landing, key: proofs.key };
  const pods = { settings, queues, bucket: files.inbound, proving, stores, tables };
  if (settings.reconcilerAsProcess) createProcess(settings, granted, pods);
  else createPods(surroundings, granted, pods);
  return queues;
}

type PodWiring = Pick<ReconcilerParts, "settings" | "queues" | "bucket" | "proving" | "stores" | "tables">;

/** In the cluster: nodes, what counts its queues, its identity and its pods. */
function createPods(
  { settings, keys, network, cluster }: Surroundings,
  granted: Permission[],
  wiring: PodWiring,
): void {
  if (network === undefined || cluster === undefined) return;
  const repository = createRepository("reconciler", settings, keys);
  const provider = connectTo(cluster, settings);
  const nodes = createNodes(settings, network, cluster, provider);
  const said = createLogAgent(settings, keys, cluster, nodes);
  measureStanding(said, settings);
  countProofs(said, settings);
  const counted = Object.values(wiring.queues).map(({ waiting }) => waiting);
  const keda = createKeda(settings, keys, cluster, nodes, provider, counted);
  const identity = createPodRole(
    reconcilerRole,
    purpose,
    { namespace, serviceAccount: name },
    cluster,
    granted,
  );
  const image = $interpolate`${repository.repositoryUrl}:${settings.cluster?.reconciler?.imageTag ?? "unreleased"}`;
  createReconcilerPods({
    ...wiring,
    image,
    ...{ provider, cluster },
    within: { network, keda },
    dependsOn: [nodes, identity],
  });
}

const purpose = "The reconciler's pods";

/** On a laptop: its identity and what it runs, as Kubernetes would be told of them. */
function createProcess(settings: StageSettings, granted: Permission[], wiring: PodWiring): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const cluster = {
    name: $interpolate`${clusterName()}`,
    arn: $interpolate`arn:aws:eks:${settings.region}:${accountId}:cluster/${clusterName()}`,
  };
  const identity = createPodRole(
    reconcilerRole,
    purpose,
    { namespace, serviceAccount: name },
    cluster,
    granted,
  );
  const provider = new kubernetes.Provider("Kubernetes", {});
  createReconcilerPods({
    ...wiring,
    ...{ image: name, provider, cluster, within: undefined, dependsOn: [identity] },
  });
}

interface FileQueueOptions {
  /** Of the files that it is told of; of all when left out. */
  readonly filterPrefix?: string;
  /** Who else may send to it: statements of its policy. */
  readonly lets?: (queue: aws.sqs.Queue) => readonly object[];
}

/** A bucket tells one queue of each new file; a file that nobody can handle ends in another. */
function createFileQueue(
  kind: keyof ReconcilerQueues,
  { inspectsFiles }: StageSettings,
  bucket: BucketRef,
  { filterPrefix, lets = () => [] }: FileQueueOptions = {},
): FileQueue {
  const { accountId } = aws.getCallerIdentityOutput();
  const isInspected = kind === "inbound" && inspectsFiles;
  const unread = createQueue(`${kind}FilesUnread`, { messageRetentionSeconds: retentionSecondsMax });
  const waiting = createQueue(`${kind}Files`, {
    messageRetentionSeconds: retentionSecondsMax,
    visibilityTimeoutSeconds: leaseSeconds,
    ...(isInspected && { delaySeconds: scanSeconds }),
    // An idle process asks three times a minute, and hears of a file at once.
    receiveWaitTimeSeconds: 20,
    redrivePolicy: redriveTo(unread),
  });
  const letsTheBucketIn = new aws.sqs.QueuePolicy(`${logicalName(kind)}FilesPolicy`, {
    queueUrl: waiting.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "s3.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: waiting.arn,
          Condition: {
            ArnEquals: { "aws:SourceArn": bucket.arn },
            // Bucket names can be taken over by others once they are free.
            StringEquals: { "aws:SourceAccount": accountId },
          },
        },
        ...lets(waiting),
      ],
    }),
  });
  // A bucket has one of these: whoever else wants to hear of files is added here.
  const notices = new aws.s3.BucketNotification(
    kind === "inbound" ? "InboundBucketNotices" : "ArchiveLandingNotices",
    {
      bucket: bucket.bucket,
      queues: [
        {
          queueArn: waiting.arn,
          events: ["s3:ObjectCreated:*"],
          ...(filterPrefix !== undefined && { filterPrefix }),
        },
      ],
      // GuardDuty switches it on, and left out here it would be switched off by each deployment.
      ...(isInspected && { eventbridge: true }),
    },
    // S3 tries the queue before it agrees to tell it.
    { dependsOn: letsTheBucketIn },
  );
  return { waiting, unread, notices };
}

/** To sign in, and no more: what it may do there, the database and the cache know of their user. */
function storePermissions({ books, cache }: ReconcilerStores): Permission[] {
  return [
    ...(books?.door === undefined ? [] : [books.door.connectAs(booksUser)]),
    ...(cache === undefined ? [] : [cache.connect]),
  ];
}

/**
 * To settle payments, and to post what settlement means. Of the ledger's accounts it may touch those that are paid out to
 * merchants, and no others.
 */
function settling({ payments, ledger }: Pick<Tables, "payments" | "ledger">): Permission[] {
  const available = "*#account#mer_*:2110:*";
  const under = (action: string, partitions: string[]): Permission => ({
    actions: [action],
    resources: [ledger.arn],
    conditions: onlyUnder(partitions),
  });
  return [
    { actions: ["dynamodb:BatchGetItem", "dynamodb:PutItem"], resources: [payments.arn] },
    under("dynamodb:PutItem", ["*#journal#*", available]),
    under("dynamodb:UpdateItem", [available]),
  ];
}

/** To take a queue's notices, and to read the files that they are about. */
function reading(
  settings: StageSettings,
  { waiting }: FileQueue,
  bucket: BucketRef,
  key: { readonly arn: $util.Output<string> },
  only: Pick<Permission, "conditions"> = {},
): Permission[] {
  return [
    {
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
      resources: [waiting.arn],
    },
    { actions: ["s3:ListBucket"], resources: [bucket.arn] },
    // A notice is about one version: what replaced it has a notice of its own.
    {
      actions: ["s3:GetObject", "s3:GetObjectVersion"],
      resources: [$interpolate`${bucket.arn}/*`],
      ...only,
    },
    throughS3(["kms:Decrypt"], key, [bucket], settings),
  ];
}
