import { type Archive, archiveRule } from "./archive.ts";
import type { Books } from "./books.ts";
import type { Lake } from "./lake.ts";
import type { Metric, Watch } from "./metric.ts";

/** What of the stores is watched. Each undefined where the stage has none. */
export interface Stores {
  readonly books: Books | undefined;
  readonly archive: Archive | undefined;
  readonly lake: Lake | undefined;
}

/** Where events and entries are kept, and what holds them up. The money path goes on without them, for a week. */
export function storeWatches({ books, archive, lake }: Stores): Watch[] {
  return [
    ...(archive === undefined
      ? []
      : [deliveryBehind("ArchiveBehind", "The archive lacks events", archive.delivery), copiesFail(archive)]),
    ...(lake === undefined
      ? []
      : [deliveryBehind("LakeBehind", "The lake lacks events", lake.delivery), eventsUnfit(lake)]),
    ...(books === undefined ? [] : [booksFull(books)]),
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

const copiesFail = ({ bucket, landing }: Archive): Watch => ({
  name: "ArchiveCopiesFail",
  means:
    "S3 could not copy events into the archive: they are in the landing bucket for 35 days, and nowhere after.",
  runbook: "events-behind",
  measured: {
    metric: {
      namespace: "AWS/S3",
      metricName: "OperationsFailedReplication",
      dimensions: {
        SourceBucket: landing.bucket,
        DestinationBucket: bucket.bucket,
        RuleId: archiveRule,
      },
      statistic: "Sum",
    },
  },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 15,
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
