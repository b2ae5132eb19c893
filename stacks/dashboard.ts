import type { Alarms } from "./alarms.ts";
import type { TableName } from "./data.ts";
import { type FunctionName, functions } from "./functions.ts";
import { countOf, standingOf } from "./log-metrics.ts";
import { lambdaMetric, type Metric, queueMetric, sagaMetric } from "./metric.ts";
import { physicalName } from "./naming.ts";
import type { Parts, SagaName, Sagas } from "./parts.ts";

/** A dashboard is 24 wide. */
const halfWidth = 12;
const graphHeight = 6;

interface Graph {
  readonly title: string;
  /** By what a line is called. */
  readonly lines: Readonly<Record<string, Metric>>;
}

/** Two pages: where the money is, and what runs it. The alarms of each stand at its top. */
export function createDashboards(
  parts: Parts & { readonly sagas: Sagas },
  apiId: $util.Input<string>,
  alarms: Alarms | undefined,
): void {
  if (alarms === undefined) return;
  createDashboard("Money", alarms.money, moneyGraphs(parts), parts);
  createDashboard("System", alarms.system, systemGraphs(parts, apiId), parts);
}

function createDashboard(
  name: string,
  alarms: readonly aws.cloudwatch.MetricAlarm[],
  graphs: readonly Graph[],
  { settings }: Parts,
): void {
  new aws.cloudwatch.Dashboard(`${name}Dashboard`, {
    dashboardName: physicalName(name),
    dashboardBody: $jsonStringify({
      widgets: [
        {
          type: "alarm",
          width: 2 * halfWidth,
          height: graphHeight,
          properties: { title: "Alarms", alarms: alarms.map(({ arn }) => arn) },
        },
        ...graphs.map(({ title, lines }) => ({
          type: "metric",
          width: halfWidth,
          height: graphHeight,
          properties: {
            title,
            region: settings.region,
            view: "timeSeries",
            period: 300,
            metrics: Object.entries(lines).map(([label, metric]) => line(label, metric)),
          },
        })),
      ],
    }),
  });
}

/** A metric as dashboards write it: namespace, name, each dimension and its value, and how it is drawn. */
const line = (label: string, { namespace, metricName, dimensions, statistic }: Metric): unknown[] => [
  namespace,
  metricName,
  ...Object.entries(dimensions).flat(),
  { label, stat: statistic },
];

function moneyGraphs({ sagas, queues }: Parts & { readonly sagas: Sagas }): Graph[] {
  const ofSagas = (metricName: string): Graph["lines"] =>
    linesFor(Object.keys(sagas) as SagaName[], (name) => sagaMetric(sagas[name], metricName));
  const readers = namesOf(({ consumes }) => consumes !== undefined && consumes.from !== "queue");
  return [
    { title: "Sagas started", lines: ofSagas("ExecutionsStarted") },
    { title: "Sagas failed", lines: ofSagas("ExecutionsFailed") },
    {
      title: "What wants a person",
      lines: {
        "in review": countOf("PaymentsInReview"),
        "dead letters kept": lambdaMetric("KeepDeadLetters", "Invocations", "Sum"),
        "notifications kept": countOf("NotificationsKept"),
        "dead letters unread": queueMetric(queues.deadLettersUnread, "ApproximateNumberOfMessagesVisible"),
      },
    },
    {
      title: "Settlement: what does not match, and what could not be taken",
      lines: {
        "open breaks": standingOf("OpenBreaks"),
        "business days of the oldest": standingOf("OldestBreakBusinessDays"),
        "records that the books refused": standingOf("ParkedRecords"),
        "flaws of files": standingOf("KeptFlaws"),
      },
    },
    {
      title: "Acquirers: authorizations tried, requests without an answer",
      lines: {
        authorizations: lambdaMetric("AuthorizeTask", "Invocations", "Sum"),
        silences: countOf("AcquirerSilences"),
      },
    },
    {
      title: "How far readers of streams are behind, in milliseconds",
      lines: linesFor(readers, (name) => lambdaMetric(name, "IteratorAge", "Maximum")),
    },
    {
      title: "Oldest message of each queue, in seconds",
      lines: linesFor(Object.keys(queues) as (keyof typeof queues)[], (name) =>
        queueMetric(queues[name], "ApproximateAgeOfOldestMessage"),
      ),
    },
    {
      title: "Sweeps",
      lines: linesFor(
        namesOf(({ every }) => every !== undefined),
        (name) => lambdaMetric(name, "Invocations", "Sum"),
      ),
    },
  ];
}

function systemGraphs({ tables, streams }: Parts, apiId: $util.Input<string>): Graph[] {
  const api = (metricName: string, statistic: string): Metric => ({
    namespace: "AWS/ApiGateway",
    metricName,
    dimensions: { ApiId: apiId },
    statistic,
  });
  const account = (metricName: string, statistic: string): Metric => ({
    namespace: "AWS/Lambda",
    metricName,
    dimensions: {},
    statistic,
  });
  const ofTables = (metricName: string): Graph["lines"] =>
    linesFor(Object.keys(tables) as TableName[], (name) => ({
      namespace: "AWS/DynamoDB",
      metricName,
      dimensions: { TableName: tables[name].name },
      statistic: "Sum",
    }));
  const ofStream = (metricName: string): Metric => ({
    namespace: "AWS/Kinesis",
    metricName,
    dimensions: { StreamName: streams.paymentEvents.name },
    statistic: "Sum",
  });
  const ofFunctions = (metricName: string, statistic: string): Graph["lines"] =>
    linesFor(
      namesOf(({ rotates, loads }) => rotates === undefined && loads === undefined),
      (name) => lambdaMetric(name, metricName, statistic),
    );
  return [
    {
      title: "Requests",
      lines: { all: api("Count", "Sum"), "4xx": api("4xx", "Sum"), "5xx": api("5xx", "Sum") },
    },
    {
      title: "Answers, in milliseconds",
      lines: { median: api("Latency", "p50"), "99 of 100": api("Latency", "p99") },
    },
    { title: "Functions: errors", lines: ofFunctions("Errors", "Sum") },
    { title: "Functions: 90 of 100 take, in milliseconds", lines: ofFunctions("Duration", "p90") },
    {
      title: "Functions of the account",
      lines: { "at once": account("ConcurrentExecutions", "Maximum"), refused: account("Throttles", "Sum") },
    },
    { title: "Write units", lines: ofTables("ConsumedWriteCapacityUnits") },
    { title: "Read units", lines: ofTables("ConsumedReadCapacityUnits") },
    { title: "Throttled writes", lines: ofTables("WriteThrottleEvents") },
    { title: "Transactions in each other's way", lines: ofTables("TransactionConflict") },
    {
      title: "Events of payments",
      lines: {
        taken: ofStream("IncomingRecords"),
        refused: ofStream("WriteProvisionedThroughputExceeded"),
      },
    },
  ];
}

const namesOf = (fits: (declaration: (typeof functions)[FunctionName]) => boolean): FunctionName[] =>
  (Object.keys(functions) as FunctionName[]).filter((name) => fits(functions[name]));

const linesFor = <Name extends string>(
  names: readonly Name[],
  metricOf: (name: Name) => Metric,
): Readonly<Record<string, Metric>> => Object.fromEntries(names.map((name) => [name, metricOf(name)]));
