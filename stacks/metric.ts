import { physicalName } from "./naming.ts";

/** One metric of CloudWatch, as an alarm or a dashboard reads it. */
export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>;
  /** `Sum`, `Maximum`, or a percentile: `p99`. */
  readonly statistic: string;
}

/** What an alarm compares: a metric, or what is computed from several by their names. */
export type Measured =
  | { readonly metric: Metric }
  | { readonly metrics: Readonly<Record<string, Metric>>; readonly expression: string };

export interface Watch {
  /** As the resources of the estate: `ChecksLate`. */
  readonly name: string;
  /** What it means, in words that someone reads at night. */
  readonly means: string;
  /** File in docs/runbooks, without `.md`. */
  readonly runbook: string;
  readonly measured: Measured;
  readonly alarmsWhen: "atLeast" | "atMost";
  readonly threshold: number;
  /** Length of one measurement. CloudWatch takes whole minutes. */
  readonly minutes: number;
  /** Measurements in a row that must be over the threshold; one when left out. */
  readonly inARow?: number;
  /** What no data says. For a count of failures nothing is good news; for a sign of life it is the bad news. */
  readonly silence?: "good" | "bad" | "unknown";
}

const comparisons = {
  atLeast: "GreaterThanOrEqualToThreshold",
  atMost: "LessThanOrEqualToThreshold",
} as const;
const treatments = { good: "notBreaching", bad: "breaching", unknown: "missing" } as const;

/**
 * Creates the alarm.
 * @param tells ARNs of topics. Empty for an alarm that is part of another one, which tells.
 * @param region where the metric and the topics are, when that is not the stage's.
 */
export function createAlarm(
  watch: Watch,
  tells: $util.Input<string>[],
  region?: string,
): aws.cloudwatch.MetricAlarm {
  return new aws.cloudwatch.MetricAlarm(`${watch.name}Alarm`, {
    ...(region !== undefined && { region }),
    name: physicalName(watch.name),
    alarmDescription: `${watch.means} Runbook: docs/runbooks/${watch.runbook}.md`,
    ...measurement(watch.measured, watch.minutes * 60),
    comparisonOperator: comparisons[watch.alarmsWhen],
    threshold: watch.threshold,
    evaluationPeriods: watch.inARow ?? 1,
    treatMissingData: treatments[watch.silence ?? "good"],
    alarmActions: tells,
    // Whoever was called wants to know that it is over.
    okActions: tells,
  });
}

type MeasurementArgs = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  "namespace" | "metricName" | "dimensions" | "statistic" | "extendedStatistic" | "period" | "metricQueries"
>;

function measurement(measured: Measured, period: number): MeasurementArgs {
  if ("metric" in measured) {
    const { statistic, ...metric } = measured.metric;
    return {
      ...metric,
      period,
      ...(/^p\d/.test(statistic) ? { extendedStatistic: statistic } : { statistic }),
    };
  }
  const metrics = Object.entries(measured.metrics).map(([id, { statistic: stat, ...metric }]) => ({
    id,
    metric: { ...metric, stat, period },
  }));
  return {
    metricQueries: [...metrics, { id: "result", expression: measured.expression, returnData: true }],
  };
}

export const lambdaMetric = (fn: string, metricName: string, statistic: string): Metric => ({
  namespace: "AWS/Lambda",
  metricName,
  dimensions: { FunctionName: physicalName(fn) },
  statistic,
});

export const queueMetric = (queue: aws.sqs.Queue, metricName: string): Metric => ({
  namespace: "AWS/SQS",
  metricName,
  dimensions: { QueueName: queue.name },
  statistic: "Maximum",
});

export const sagaMetric = (saga: aws.sfn.StateMachine, metricName: string): Metric => ({
  namespace: "AWS/States",
  metricName,
  dimensions: { StateMachineArn: saga.arn },
  statistic: "Sum",
});

/** The alarm of a queue whose oldest message waits too long: its reader is slow, broken or gone. */
export const oldestMessage = (queue: aws.sqs.Queue, seconds: number) =>
  ({
    measured: { metric: queueMetric(queue, "ApproximateAgeOfOldestMessage") },
    alarmsWhen: "atLeast",
    threshold: seconds,
    minutes: 5,
  }) as const satisfies Partial<Watch>;
