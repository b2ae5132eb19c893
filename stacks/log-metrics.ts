import type { FunctionName } from "./functions.ts";
import type { Metric } from "./metric.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** A line of functions' logs that is counted. Each is rare: volume is known from AWS's own metrics, which cost nothing. */
interface CountedLine {
  /** As the code writes it. */
  readonly message: string;
  readonly writtenBy: readonly FunctionName[];
}

export type CountName =
  | "PaymentsInReview"
  | "AcquirerSilences"
  | "NotificationsKept"
  | "NewsLost"
  | "NewsUnknown"
  | "RefundsAstray"
  | "RegionOpened";

const countedLines: { readonly [Name in CountName]: CountedLine } = {
  PaymentsInReview: { message: "a payment is in review", writtenBy: ["Relay"] },
  AcquirerSilences: {
    message: "an acquirer did not answer",
    writtenBy: [
      "AuthorizeTask",
      "CompensateTask",
      "DisputeTask",
      "GiveBackTask",
      "RecoverTask",
      "ResumeTask",
      "SettleTask",
    ],
  },
  // DNS follows it: once it was counted, the region is open.
  RegionOpened: { message: "the region is open", writtenBy: ["OpenRegion"] },
  NotificationsKept: { message: "a notification is kept for a person", writtenBy: ["AcquirersApi"] },
  NewsLost: { message: "a merchant was not told, and will not be", writtenBy: ["Notify"] },
  NewsUnknown: { message: "nobody knows whether a merchant was told", writtenBy: ["Notify"] },
  RefundsAstray: { message: "an acquirer gave back a refund that had failed", writtenBy: ["GiveBackTask"] },
};

/** One account has one stage: its metrics need no dimension that tells stages apart. */
export const ownNamespace = "Tallystick";

export const countOf = (name: CountName): Metric => ({
  namespace: ownNamespace,
  metricName: name,
  dimensions: {},
  statistic: "Sum",
});

/** Counts the lines of one function, where the stage has alarms that look at the counts. */
export function countLines(fn: FunctionName, { nodes }: sst.aws.Function, settings: StageSettings): void {
  if (settings.operations === undefined) return;
  for (const [name, { message, writtenBy }] of Object.entries(countedLines)) {
    if (!writtenBy.includes(fn)) continue;
    new aws.cloudwatch.LogMetricFilter(`${fn}${name}`, {
      name: physicalName(`${fn}${name}`),
      // The resource, not its name alone: a filter needs its group to be there.
      logGroupName: nodes.logGroup.apply((group) => group?.name ?? $util.output("")),
      pattern: `{ $.message = "${message}" }`,
      metricTransformation: { namespace: ownNamespace, name, value: "1", unit: "Count" },
    });
  }
}

/**
 * Numbers that the reconciler says every five minutes, by the names of their metrics. Its pods' lines are what the log agent
 * makes of them: what a pod writes is below `log_processed`, so that CloudWatch sees no embedded metric in it (ADR 64).
 */
const standingNumbers = {
  OpenBreaks: "open_breaks",
  OldestBreakBusinessDays: "oldest_break_business_days",
  ParkedRecords: "parked_records",
  KeptFlaws: "kept_flaws",
} as const;

export const standingOf = (name: keyof typeof standingNumbers): Metric => ({
  namespace: ownNamespace,
  metricName: name,
  dimensions: {},
  // Each pod says the same.
  statistic: "Maximum",
});

/** @param group of the cluster's pods */
export function measureStanding(group: aws.cloudwatch.LogGroup, settings: StageSettings): void {
  if (settings.operations === undefined) return;
  for (const [name, field] of Object.entries(standingNumbers))
    new aws.cloudwatch.LogMetricFilter(`Reconciler${name}`, {
      name: physicalName(`Reconciler${name}`),
      logGroupName: group.name,
      pattern: `{ $.log_processed.service = "reconciler" && $.log_processed.message = "how settlement stands" }`,
      metricTransformation: { namespace: ownNamespace, name, value: `$.log_processed.${field}` },
    });
}
