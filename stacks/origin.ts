import type { Domain } from "./domain.ts";
import { ownNamespace } from "./log-metrics.ts";
import { nameIn, physicalName } from "./naming.ts";
import { ownRegion, type PairedRegion } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

/** The gateway under the name that the edge calls. Its execute-api address is off (api.ts). */
export function createOrigin(
  http: sst.aws.ApiGatewayV2,
  domain: Domain,
  settings: StageSettings,
): aws.apigatewayv2.ApiMapping {
  const name = new aws.apigatewayv2.DomainName("OriginDomain", {
    domainName: domain.originName,
    domainNameConfiguration: {
      certificateArn: domain.originCertificate,
      endpointType: "REGIONAL",
      securityPolicy: "TLS_1_2",
    },
  });
  const { targetDomainName, hostedZoneId } = name.domainNameConfiguration;
  new aws.route53.Record("OriginRecord", {
    zoneId: domain.zoneId,
    name: domain.originName,
    type: "A",
    aliases: [{ name: targetDomainName, zoneId: hostedZoneId, evaluateTargetHealth: false }],
    ...routing(settings),
  });
  return new aws.apigatewayv2.ApiMapping(
    "OriginMapping",
    { apiId: http.nodes.api.id, domainName: name.id, stage: "$default" },
    // The stage is a part of the component, which does not show it.
    { dependsOn: http },
  );
}

type Routing = Pick<aws.route53.RecordArgs, "setIdentifier" | "failoverRoutingPolicies" | "healthCheckId">;

/**
 * Of a pair of regions each has a record of this name. Route 53 answers with the home's for as long as the home's check is
 * healthy, and else with the standby's, which has none: there is nothing behind it.
 */
function routing(settings: StageSettings): Routing {
  const { pair } = settings;
  const own = ownRegion(settings);
  if (pair === undefined || own === undefined) return {};
  const isHome = own === pair.home;
  return {
    setIdentifier: own.region,
    failoverRoutingPolicies: [{ type: isHome ? "PRIMARY" : "SECONDARY" }],
    ...(isHome && { healthCheckId: createSwitch(pair.home, pair.standby).id }),
  };
}

/** What a failover counts when it opens its region, once. */
const openedMetric = { namespace: ownNamespace, metricName: "RegionOpened" } as const;

/**
 * Follows `region_open` and nothing else. It looks at the region that is passive now, at a metric that only a failover
 * there puts: so neither an outage nor a mended region moves anybody, and the region that is left need not answer.
 * CloudWatch keeps what was said (`ignore`), and Route 53 what it last knew. A new failover gets a check of its own by
 * its epoch: one that was unhealthy before would stay so without a word.
 */
function createSwitch(home: PairedRegion, standby: PairedRegion): aws.route53.HealthCheck {
  const passive = home.role === "passive" ? home : standby;
  const name = `RegionOpened${passive.epoch}`;
  const opened = new aws.cloudwatch.MetricAlarm(`${name}Switch`, {
    region: passive.region,
    name: physicalName(name),
    alarmDescription: `${passive.region} was opened by a failover, and the edge follows. Runbook: docs/runbooks/second-region.md`,
    ...openedMetric,
    statistic: "Sum",
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    period: 60,
    evaluationPeriods: 1,
    treatMissingData: "ignore",
    // The topic of whoever is on call there (alarms.ts): an alarm tells only topics of its own region.
    alarmActions: [
      $interpolate`arn:aws:sns:${passive.region}:${aws.getCallerIdentityOutput().accountId}:${nameIn(passive.stage, "Alarms")}`,
    ],
  });
  return new aws.route53.HealthCheck(name, {
    type: "CLOUDWATCH_METRIC",
    cloudwatchAlarmName: opened.name,
    cloudwatchAlarmRegion: passive.region,
    insufficientDataHealthStatus: "LastKnownStatus",
    // A check without any word is healthy. That must lead to the region that is open now.
    invertHealthcheck: passive === home,
    tags: { Name: physicalName(name) },
  });
}
