import type { OperationsSettings } from "./alarms.ts";
import type { Table, TableName } from "./data.ts";
import { failoverFunctions } from "./failover-functions.ts";
import { type FunctionName, functions } from "./functions.ts";
import { countOf } from "./log-metrics.ts";
import { lambdaMetric, type Metric, type Watch } from "./metric.ts";
import { logicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";

const runbook = "system-trouble";

/** What runs payments and is in trouble. One message for all of it. */
export function systemWatches(
  parts: Parts,
  apiId: $util.Input<string>,
  operations: OperationsSettings,
): Watch[] {
  return [
    ...(Object.keys(functions) as FunctionName[]).filter(runsOften).flatMap(functionWatches),
    ...accountWatches(operations),
    ...apiWatches(apiId),
    ...(Object.keys(parts.tables) as TableName[]).map((name) => tableThrottled(name, parts)),
    ...moneyTables.map((name) => tableBroken(name, parts)),
    ...streamWatches(parts),
    newsUndelivered(parts),
    newsUntold(),
  ];
}

/** In five minutes. One is retried by whoever called; API functions answer 500 without being an error here. */
const errorsMax = 5;
/** Of its timeout, as a share. What takes longer is cut off soon. */
const slowShare = 0.9;

/** One that runs once a day or a week fails once: that is watched with the stores (alarms-stores.ts), where there are any. */
const runsOften = (name: FunctionName): boolean =>
  functions[name].rotates === undefined && functions[name].loads === undefined;

function functionWatches(name: FunctionName): Watch[] {
  const { purpose } = functions[name];
  return [
    {
      name: `${name}Errors`,
      means: `${purpose}: the function fails.`,
      runbook,
      measured: { metric: lambdaMetric(name, "Errors", "Sum") },
      alarmsWhen: "atLeast",
      threshold: errorsMax,
      minutes: 5,
    },
    ...(waitsLong(name) ? [] : [slowness(name)]),
  ];
}

/** A failover is watched by who started it, and a page of it may take all the time that Lambda gives. */
const waitsLong = (name: FunctionName): boolean => Object.hasOwn(failoverFunctions, name);

function slowness(name: FunctionName): Watch {
  const { purpose, timeoutSeconds } = functions[name];
  return {
    name: `${name}Slow`,
    means: `${purpose}: the function takes nearly its timeout of ${timeoutSeconds} s.`,
    runbook,
    // Not the slowest one, which every cold start or silent acquirer makes.
    measured: { metric: lambdaMetric(name, "Duration", "p90") },
    alarmsWhen: "atLeast",
    threshold: slowShare * timeoutSeconds * 1_000,
    minutes: 5,
    inARow: 2,
  };
}

/** Lambda's figures without a dimension are the account's, which is the stage's own. */
function accountWatches({ concurrencyQuota }: OperationsSettings): Watch[] {
  const ofAccount = (metricName: string, statistic: string): Metric => ({
    namespace: "AWS/Lambda",
    metricName,
    dimensions: {},
    statistic,
  });
  return [
    {
      name: "FunctionsThrottled",
      means: "Lambda refuses invocations: the account's concurrency is used up.",
      runbook,
      measured: { metric: ofAccount("Throttles", "Sum") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
    {
      name: "ConcurrencyNearQuota",
      means: `Functions use 8 of 10 of what Lambda runs at once in this account (${concurrencyQuota}).`,
      runbook,
      measured: { metric: ofAccount("ConcurrentExecutions", "Maximum") },
      alarmsWhen: "atLeast",
      threshold: 0.8 * concurrencyQuota,
      minutes: 5,
    },
  ];
}

/** Callers wait up to 10 s for a payment's outcome, by design: more is trouble. */
const answerMsMax = 12_000;
/** Fewer requests in five minutes make no share. */
const requestsMin = 100;

function apiWatches(apiId: $util.Input<string>): Watch[] {
  const ofApi = (metricName: string, statistic: string): Metric => ({
    namespace: "AWS/ApiGateway",
    metricName,
    dimensions: { ApiId: apiId },
    statistic,
  });
  const share = (metricName: string): Watch["measured"] => ({
    metrics: { refused: ofApi(metricName, "Sum"), all: ofApi("Count", "Sum") },
    expression: `IF(all >= ${requestsMin}, 100 * FILL(refused, 0) / all, 0)`,
  });
  const common = { runbook, alarmsWhen: "atLeast", minutes: 5 } as const;
  return [
    {
      ...common,
      name: "ApiFails",
      means: "The API answered 5xx five times in five minutes.",
      // No share: where few call, five are all.
      measured: { metric: ofApi("5xx", "Sum") },
      threshold: 5,
    },
    {
      ...common,
      name: "ApiRefuses",
      means: "The API refuses half of all requests: a caller is broken, or somebody tries doors.",
      measured: share("4xx"),
      threshold: 50,
      inARow: 2,
    },
    {
      ...common,
      name: "ApiSlow",
      means: "One of a hundred answers takes 12 s or more.",
      measured: { metric: ofApi("Latency", "p99") },
      threshold: answerMsMax,
      inARow: 2,
    },
  ];
}

/** Retries absorb a few. */
const throttlesMax = 10;
const moneyTables = ["payments", "ledger"] as const satisfies readonly TableName[];

const tableMetric = (table: Table, metricName: string, operation?: string): Metric => ({
  namespace: "AWS/DynamoDB",
  metricName,
  dimensions: { TableName: table.name, ...(operation !== undefined && { Operation: operation }) },
  statistic: "Sum",
});

const tableThrottled = (name: TableName, { tables }: Parts): Watch => ({
  name: `${logicalName(name)}TableThrottled`,
  means: `DynamoDB throttles the table ${name}: a key is hot, or a limit of the account is reached.`,
  runbook,
  measured: {
    metrics: {
      reads: tableMetric(tables[name], "ReadThrottleEvents"),
      writes: tableMetric(tables[name], "WriteThrottleEvents"),
    },
    expression: "FILL(reads, 0) + FILL(writes, 0)",
  },
  alarmsWhen: "atLeast",
  threshold: throttlesMax,
  minutes: 5,
});

/** DynamoDB counts its own failures by operation only. */
const tableOperations = ["GetItem", "PutItem", "UpdateItem", "Query", "BatchGetItem", "TransactWriteItems"];

const tableBroken = (name: TableName, { tables }: Parts): Watch => ({
  name: `${logicalName(name)}TableBroken`,
  means: `DynamoDB itself fails on the table ${name}.`,
  runbook,
  measured: {
    metrics: Object.fromEntries(
      tableOperations.map((operation, at) => [
        `errors${at}`,
        tableMetric(tables[name], "SystemErrors", operation),
      ]),
    ),
    expression: tableOperations.map((_, at) => `FILL(errors${at}, 0)`).join(" + "),
  },
  alarmsWhen: "atLeast",
  threshold: throttlesMax,
  minutes: 5,
});

function streamWatches({ streams }: Parts): Watch[] {
  return [
    {
      name: "PaymentEventsThrottled",
      means: "Kinesis refuses events of payments: the relay tries again, and falls behind.",
      runbook,
      measured: {
        metric: {
          namespace: "AWS/Kinesis",
          metricName: "WriteProvisionedThroughputExceeded",
          dimensions: { StreamName: streams.paymentEvents.name },
          statistic: "Sum",
        },
      },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
      inARow: 2,
    },
  ];
}

/** Mailboxes that are full and phones that are gone are each merchant's own. */
const undeliveredMax = 20;

const newsUndelivered = ({ topics }: Parts): Watch => ({
  name: "NewsUndelivered",
  means:
    "SNS cannot deliver what merchants are told: their mail or phones refuse it, or SMS's monthly limit is spent.",
  runbook,
  measured: {
    metric: {
      namespace: "AWS/SNS",
      metricName: "NumberOfNotificationsFailed",
      dimensions: { TopicName: topics.news.name },
      statistic: "Sum",
    },
  },
  alarmsWhen: "atLeast",
  threshold: undeliveredMax,
  minutes: 5,
});

/** One is enough: an event whose claim stays is tried by nobody, so no dead letter tells of it. */
const newsUntold = (): Watch => ({
  name: "NewsUntold",
  means: "Nobody knows whether merchants were told of something, and they will not be told of it again.",
  runbook,
  measured: {
    metrics: { unknown: countOf("NewsUnknown"), lost: countOf("NewsLost") },
    expression: "FILL(unknown, 0) + FILL(lost, 0)",
  },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 5,
});
