import { copyMetric } from "./alarms-stores.ts";
import type { Metric, Watch } from "./metric.ts";
import { replicaRegion } from "./pair.ts";
import type { Parts } from "./parts.ts";

/** How far the other region of a pair is behind: what is not there is lost with this one. Nothing for a stage that is alone. */
export function replicaWatches(parts: Parts): Watch[] {
  const receiver = replicaRegion(parts.settings);
  if (receiver === undefined) return [];
  return [tablesBehind(parts, receiver), ...filesBehind(parts)];
}

const runbook = "second-region";
/** What may be lost with a region (RPO), in milliseconds. Usually it is a second. */
const behindMsMax = 60_000;
/** S3 promises a quarter of an hour. Banks and acquirers can send their files again. */
const filesBehindSecondsMax = 900;

function tablesBehind({ tables }: Parts, ReceivingRegion: string): Watch {
  const metrics = Object.entries(tables).map(([name, table]): [string, Metric] => [
    name,
    {
      namespace: "AWS/DynamoDB",
      metricName: "ReplicationLatency",
      dimensions: { TableName: table.name, ReceivingRegion },
      statistic: "Average",
    },
  ]);
  return {
    name: "ReplicasBehind",
    means: `What was written a minute ago is not in ${ReceivingRegion} yet: it would be lost with this region.`,
    runbook,
    measured: {
      metrics: Object.fromEntries(metrics),
      expression: `MAX([${metrics.map(([name]) => name).join(", ")}])`,
    },
    alarmsWhen: "atLeast",
    threshold: behindMsMax,
    minutes: 1,
    inARow: 3,
  };
}

function filesBehind({ buckets: { inbound, inboundCopy } }: Parts): Watch[] {
  if (inboundCopy === undefined) return [];
  const metric = (metricName: string, statistic: string) => ({
    metric: copyMetric(inbound, inboundCopy.id, inboundCopy.bucket, metricName, statistic),
  });
  return [
    {
      name: "FileCopiesFail",
      means: "S3 could not copy files of acquirers or banks into the other region.",
      runbook,
      measured: metric("OperationsFailedReplication", "Sum"),
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 15,
    },
    {
      name: "FileCopiesBehind",
      means: "Files of acquirers or banks are not in the other region after a quarter of an hour.",
      runbook,
      measured: metric("ReplicationLatency", "Maximum"),
      alarmsWhen: "atLeast",
      threshold: filesBehindSecondsMax,
      minutes: 5,
      inARow: 3,
    },
  ];
}
