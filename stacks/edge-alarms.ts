import { globalRegion } from "./constants.ts";
import { alarmsOfThisAccount, createMailTopic } from "./mail-topic.ts";
import { createAlarm, type Watch } from "./metric.ts";
import type { StageSettings } from "./settings.ts";

/**
 * What is wrong with the edge, told by email. CloudFront and Route 53 measure in one region only, and an alarm can tell
 * only topics of its own: so these have a topic there.
 */
export function createEdgeAlarms(
  distribution: aws.cloudfront.Distribution,
  health: aws.route53.HealthCheck,
  settings: StageSettings,
): void {
  const topic = createMailTopic(
    "EdgeAlarms",
    "Encrypts what the edge's alarms say",
    { ...alarmsOfThisAccount(), region: globalRegion },
    settings,
  );
  for (const watch of watches(distribution, health)) createAlarm(watch, [topic.arn], globalRegion);
}

const runbook = "api-unreachable";

const watches = (distribution: aws.cloudfront.Distribution, health: aws.route53.HealthCheck): Watch[] => [
  {
    name: "ApiUnreachable",
    means: "Route 53 finds no healthy API behind the edge: callers do not either.",
    runbook,
    measured: {
      metric: {
        namespace: "AWS/Route53",
        metricName: "HealthCheckStatus",
        dimensions: { HealthCheckId: health.id },
        statistic: "Minimum",
      },
    },
    // 1 is healthy.
    alarmsWhen: "atMost",
    threshold: 0,
    minutes: 1,
    inARow: 2,
    // Without a word from its checkers nobody knows: that is worth a look too.
    silence: "bad",
  },
  {
    name: "EdgeServerErrors",
    means: "5 % of the answers of the edge or more are errors of ours, for five minutes.",
    runbook,
    measured: {
      metric: {
        namespace: "AWS/CloudFront",
        metricName: "5xxErrorRate",
        dimensions: { DistributionId: distribution.id, Region: "Global" },
        statistic: "Average",
      },
    },
    alarmsWhen: "atLeast",
    threshold: 5,
    minutes: 1,
    inARow: 5,
  },
];
