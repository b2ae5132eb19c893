import type { Books } from "./books.ts";
import type { BucketRef } from "./buckets.ts";
import type { Cache } from "./cache.ts";
import type { Cluster } from "./cluster.ts";
import { createRepository } from "./images.ts";
import { onlyClean, scanSeconds } from "./inspection.ts";
import { createKeda } from "./keda.ts";
import { connectTo, createLogAgent, createNodes, createPodRole } from "./kubernetes.ts";
import { createQueue, redriveTo, retentionSecondsMax } from "./messaging.ts";
import type { Network } from "./network.ts";
import type { Permission } from "./permissions.ts";
import { booksUser, createReconcilerPods, name, namespace } from "./reconciler-pods.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { Buckets } from "./storage.ts";

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

/** What tells the reconciler of its work. */
export interface ReconcilerQueues {
  /** A message for each file in the inbound bucket. */
  readonly inboundFiles: aws.sqs.Queue;
  /** Notices of files that killed each process that took them. Whoever reads this one is a person. */
  readonly inboundFilesUnread: aws.sqs.Queue;
  /** Whom the bucket tells. */
  readonly notices: aws.s3.BucketNotification;
}

/** Where it keeps what it knows: the books, and for a while the cache. Each undefined where the stage has none. */
export interface ReconcilerStores {
  readonly books: Books | undefined;
  readonly cache: Cache | undefined;
}

/** Seconds. The process keeps a message hidden for as long as it works on it; a killed one's is seen after this. */
const leaseSeconds = 300;

/** The reconciler, and all else that is inside the cluster; undefined where there is none, or none yet. */
export function createReconciler(
  settings: StageSettings,
  network: Network | undefined,
  cluster: Cluster | undefined,
  keys: Keys,
  buckets: Buckets,
  stores: ReconcilerStores,
): ReconcilerQueues | undefined {
  if (cluster === undefined || network === undefined || settings.cluster?.reconciler === undefined)
    return undefined;
  const queues = createFileQueues(settings, buckets.inbound);
  const repository = createRepository("reconciler", settings, keys);
  const provider = connectTo(cluster, settings);
  const nodes = createNodes(settings, network, cluster, provider);
  createLogAgent(settings, keys, cluster, nodes);
  const keda = createKeda(settings, keys, cluster, nodes, provider, [queues.inboundFiles]);
  const identity = createPodRole(
    "Reconciler",
    "The reconciler's pods",
    { namespace, serviceAccount: name },
    cluster,
    [...permissions(settings, keys, buckets.inbound, queues), ...storePermissions(stores)],
  );
  createReconcilerPods({
    settings,
    network,
    repository,
    queue: queues.inboundFiles,
    bucket: buckets.inbound,
    stores,
    provider,
    keda,
    dependsOn: [nodes, identity],
  });
  return queues;
}

/** The bucket tells one queue of each new file; a file that nobody can handle ends in another. */
function createFileQueues({ inspectsFiles }: StageSettings, bucket: BucketRef): ReconcilerQueues {
  const { accountId } = aws.getCallerIdentityOutput();
  const inboundFilesUnread = createQueue("inboundFilesUnread", {
    messageRetentionSeconds: retentionSecondsMax,
  });
  const inboundFiles = createQueue("inboundFiles", {
    messageRetentionSeconds: retentionSecondsMax,
    visibilityTimeoutSeconds: leaseSeconds,
    ...(inspectsFiles && { delaySeconds: scanSeconds }),
    // An idle process asks three times a minute, and hears of a file at once.
    receiveWaitTimeSeconds: 20,
    redrivePolicy: redriveTo(inboundFilesUnread),
  });
  const letsTheBucketIn = new aws.sqs.QueuePolicy("InboundFilesPolicy", {
    queueUrl: inboundFiles.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "s3.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: inboundFiles.arn,
          Condition: {
            ArnEquals: { "aws:SourceArn": bucket.arn },
            // Bucket names can be taken over by others once they are free.
            StringEquals: { "aws:SourceAccount": accountId },
          },
        },
      ],
    }),
  });
  // A bucket has one of these: whoever else wants to hear of files is added here.
  const notices = new aws.s3.BucketNotification(
    "InboundBucketNotices",
    {
      bucket: bucket.bucket,
      queues: [{ queueArn: inboundFiles.arn, events: ["s3:ObjectCreated:*"] }],
      // GuardDuty switches it on, and left out here it would be switched off by each deployment.
      ...(inspectsFiles && { eventbridge: true }),
    },
    // S3 tries the queue before it agrees to tell it.
    { dependsOn: letsTheBucketIn },
  );
  return { inboundFiles, inboundFilesUnread, notices };
}

/** To sign in, and no more: what it may do there, the database and the cache know of their user. */
function storePermissions({ books, cache }: ReconcilerStores): Permission[] {
  return [
    ...(books?.door === undefined ? [] : [books.door.connectAs(booksUser)]),
    ...(cache === undefined ? [] : [cache.connect]),
  ];
}

/** To take notices, and to read the files that they are about. */
function permissions(
  settings: StageSettings,
  keys: Keys,
  bucket: BucketRef,
  { inboundFiles }: ReconcilerQueues,
): Permission[] {
  return [
    {
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
      resources: [inboundFiles.arn],
    },
    { actions: ["s3:ListBucket"], resources: [bucket.arn] },
    { actions: ["s3:GetObject"], resources: [$interpolate`${bucket.arn}/*`], ...onlyClean(settings) },
    {
      actions: ["kms:Decrypt"],
      resources: [keys.inbound.arn],
      conditions: [
        { test: "StringEquals", variable: "kms:ViaService", values: [`s3.${settings.region}.amazonaws.com`] },
        { test: "StringEquals", variable: "kms:EncryptionContext:aws:s3:arn", values: [bucket.arn] },
      ],
    },
  ];
}
