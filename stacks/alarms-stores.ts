import type { Archive } from "./archive.ts";
import type { Books } from "./books.ts";
import type { BucketRef } from "./buckets.ts";
import type { Copy } from "./copies.ts";
import type { Lake } from "./lake.ts";
import { lambdaMetric, type Metric, type Watch } from "./metric.ts";
import { logicalName } from "./naming.ts";
import type { Warehouse } from "./warehouse.ts";

/** What of the stores is watched. Each undefined where the stage has none. */
export interface Stores {
  readonly books: Books | undefined;
  readonly archive: Archive | undefined;
  readonly lake: Lake | undefined;
  readonly warehouse: Warehouse | undefined;
}

/** Where events and entries are kept, and what holds them up. The money path goes on without them, for a week. */
export function storeWatches({ books, archive, lake, warehouse }: Stores): Watch[] {
  return [
    ...(archive === undefined
      ? []
      : [
          deliveryBehind("ArchiveBehind", "The archive lacks events", archive.delivery),
          ...archive.copies.map((copy) => copiesFail(archive, copy)),
        ]),
    ...(lake === undefined
      ? []
      : [deliveryBehind("LakeBehind", "The lake lacks events", lake.delivery), eventsUnfit(lake)]),
    ...(warehouse === undefined ? [] : [warehouseBehind()]),
    ...(books === undefined ? [] : [booksFull(books)]),
    ...(books?.global === undefined ? [] : [booksBehind(books), passwordStays()]),
  ];
}

/** Seconds. Firehose waits for five minutes on purpose; the stream remembers for a week. */
const behindSecondsMax = 3_600;

const firehoseMetric = (
  { name }: aws.kinesis.FirehoseDeliveryStream,
  metricName: string,
  statistic: string,
): Metric => ({
  namespace: "AWS/Firehose",
  metricName,
  dimensions: { DeliveryStreamName: name },
  statistic,
});

const deliveryBehind = (name: string, what: string, delivery: aws.kinesis.FirehoseDeliveryStream): Watch => ({
  name,
  means: `${what} that are an hour old: Firehose cannot deliver, and what is a week old is lost to it.`,
  runbook: "events-behind",
  measured: { metric: firehoseMetric(delivery, "DeliveryToS3.DataFreshness", "Maximum") },
  alarmsWhen: "atLeast",
  threshold: behindSecondsMax,
  minutes: 5,
  inARow: 3,
});

const copiesFail = ({ landing }: Archive, { id, bucket }: Copy): Watch => ({
  name: `${logicalName(id)}CopiesFail`,
  means:
    "S3 could not copy events from where they land: they are there for 35 days, and in that copy not at all.",
  runbook: "events-behind",
  measured: { metric: copyMetric(landing, id, bucket, "OperationsFailedReplication", "Sum") },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 15,
});

/** S3 counts by rule. */
export const copyMetric = (
  from: BucketRef,
  RuleId: string,
  to: BucketRef,
  metricName: string,
  statistic: string,
): Metric => ({
  namespace: "AWS/S3",
  metricName,
  dimensions: { SourceBucket: from.bucket, DestinationBucket: to.bucket, RuleId },
  statistic,
});

const eventsUnfit = ({ delivery }: Lake): Watch => ({
  name: "EventsUnfit",
  means: "Events do not fit the columns of the lake: they are put aside there, and whole in the archive.",
  runbook: "events-behind",
  measured: { metric: firehoseMetric(delivery, "FailedConversion.Records", "Sum") },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 15,
});

const minutesOfDay = 24 * 60;
/** Of the seven that the stream remembers. */
const unloadedDaysMax = 3;

const warehouseBehind = (): Watch => ({
  name: "WarehouseBehind",
  means: `Nothing was loaded into the warehouse for ${unloadedDaysMax} days: after seven the stream forgets, and the archive has to fill it.`,
  runbook: "warehouse-behind",
  measured: {
    metrics: {
      begun: lambdaMetric("LoadWarehouse", "Invocations", "Sum"),
      failed: lambdaMetric("LoadWarehouse", "Errors", "Sum"),
    },
    expression: "begun - FILL(failed, 0)",
  },
  alarmsWhen: "atMost",
  threshold: 0,
  minutes: minutesOfDay,
  inARow: unloadedDaysMax,
  // A schedule that is gone counts nothing at all.
  silence: "bad",
});

/** In percent of the most that the stage pays for. */
const fullShare = 90;

const booksFull = ({ cluster }: Books): Watch => ({
  name: "BooksFull",
  means: `The books use ${fullShare} of 100 of the capacity that they may grow to: postings will wait.`,
  runbook: "books-full",
  measured: {
    metric: {
      namespace: "AWS/RDS",
      metricName: "ACUUtilization",
      dimensions: { DBClusterIdentifier: cluster.clusterIdentifier },
      statistic: "Average",
    },
  },
  alarmsWhen: "atLeast",
  threshold: fullShare,
  minutes: 5,
  inARow: 3,
});

/** Milliseconds, which are a minute: what may be lost with a region (RPO). Usually it is a second. */
const booksBehindMsMax = 60_000;

/** RDS counts it for the cluster that follows, in its region: where the books are written to there is nothing to count. */
const booksBehind = ({ cluster }: Books): Watch => ({
  name: "BooksBehind",
  means: "These books follow another region's, and lack what was posted there a minute ago.",
  runbook: "second-region",
  measured: {
    metric: {
      namespace: "AWS/RDS",
      metricName: "AuroraGlobalDBReplicationLag",
      dimensions: { DBClusterIdentifier: cluster.clusterIdentifier },
      statistic: "Maximum",
    },
  },
  alarmsWhen: "atLeast",
  threshold: booksBehindMsMax,
  minutes: 1,
  inARow: 5,
});

/** Secrets Manager tries again by itself, and tells nobody. */
const passwordStays = (): Watch => ({
  name: "BooksOwnerStays",
  means: "The password of the books' owner could not be changed: the old one counts longer than a week.",
  runbook: "books-owner",
  measured: { metric: lambdaMetric("RotateBooksOwner", "Errors", "Sum") },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 60,
});
