import { company } from "./company.ts";
import { edgeRegion } from "./domain.ts";
import { physicalName } from "./naming.ts";
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
  const topic = createTopic(settings);
  createAlarm("ApiUnreachable", topic, {
    alarmDescription:
      "Route 53 finds no healthy API behind the edge: callers do not either. Runbook: docs/runbooks/api-unreachable.md",
    namespace: "AWS/Route53",
    metricName: "HealthCheckStatus",
    dimensions: { HealthCheckId: health.id },
    statistic: "Minimum",
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    evaluationPeriods: 2,
    // Without a word from its checkers nobody knows: that is worth a look too.
    treatMissingData: "breaching",
  });
  createAlarm("EdgeServerErrors", topic, {
    alarmDescription:
      "More than 5 % of the answers of the edge are errors of ours, for five minutes. Runbook: docs/runbooks/api-unreachable.md",
    namespace: "AWS/CloudFront",
    metricName: "5xxErrorRate",
    dimensions: { DistributionId: distribution.id, Region: "Global" },
    statistic: "Average",
    comparisonOperator: "GreaterThanThreshold",
    threshold: 5,
    evaluationPeriods: 5,
    // No requests, no errors.
    treatMissingData: "notBreaching",
  });
}

function createAlarm(
  name: string,
  topic: aws.sns.Topic,
  args: Omit<aws.cloudwatch.MetricAlarmArgs, "region" | "name" | "period" | "alarmActions" | "okActions">,
): void {
  new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
    region: edgeRegion,
    name: physicalName(name),
    period: 60,
    alarmActions: [topic.arn],
    okActions: [topic.arn],
    ...args,
  });
}

function createTopic(settings: StageSettings): aws.sns.Topic {
  const { accountId } = aws.getCallerIdentityOutput();
  const key = new aws.kms.Key(
    "EdgeAlarmsKey",
    {
      region: edgeRegion,
      description: "Encrypts what the edge's alarms say",
      enableKeyRotation: true,
      deletionWindowInDays: settings.keyDeletionDays,
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "IamPoliciesDecide",
            Effect: "Allow",
            Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
            Action: "kms:*",
            Resource: "*",
          },
          {
            Sid: "AlarmsOfThisAccount",
            Effect: "Allow",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: "*",
            Condition: { StringEquals: { "aws:SourceAccount": accountId } },
          },
        ],
      }),
    },
    { retainOnDelete: settings.retainData },
  );
  new aws.kms.Alias("EdgeAlarmsKeyAlias", {
    region: edgeRegion,
    name: `alias/${physicalName("EdgeAlarms")}`,
    targetKeyId: key.keyId,
  });
  const topic = new aws.sns.Topic("EdgeAlarms", {
    region: edgeRegion,
    name: physicalName("EdgeAlarms"),
    kmsMasterKeyId: key.arn,
  });
  new aws.sns.TopicPolicy("EdgeAlarmsPolicy", {
    region: edgeRegion,
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: { StringEquals: { "aws:SourceAccount": accountId } },
        },
      ],
    }),
  });
  new aws.sns.TopicSubscription("EdgeAlarmsByEmail", {
    region: edgeRegion,
    topic: topic.arn,
    protocol: "email",
    endpoint: company.alarmAddress,
  });
  return topic;
}
