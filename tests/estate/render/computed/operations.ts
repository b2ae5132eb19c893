import { lettersOf, type Made, named, type Rules, text, uuidOf } from "./forms.ts";

/** Alarms, whom they tell, dashboards, traces. */
export const operations: Rules = {
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": (made) => named(made, "cloudwatch", "alarm:", "alarmName"),
  "aws:cloudwatch/dashboard:Dashboard": ({ inputs, account }) => {
    const id = text(inputs["dashboardName"]);
    return { id, dashboardArn: `arn:aws:cloudwatch::${account}:dashboard/${id}` };
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (made) => named(made, "cloudwatch", "alarm:"),
  "aws:secretsmanager/secret:Secret": ({ inputs, region, account }) => {
    const arn = secretArnOf(text(inputs["name"]), { region, account });
    return { id: arn, arn };
  },
  "aws:secretsmanager/secretRotation:SecretRotation": ({ inputs }) => ({ id: text(inputs["secretId"]) }),
  "aws:secretsmanager/secretVersion:SecretVersion": ({ name, inputs }) => {
    const versionId = uuidOf(name);
    return { id: `${text(inputs["secretId"])}|${versionId}`, arn: text(inputs["secretId"]), versionId };
  },
  "aws:sns/topic:Topic": (made) => {
    const { arn } = named(made, "sns", "");
    return { id: arn, arn };
  },
  "aws:sns/topicPolicy:TopicPolicy": ({ inputs }) => ({ id: text(inputs["arn"]) }),
  "aws:sns/topicSubscription:TopicSubscription": ({ name, inputs }) => {
    const arn = `${text(inputs["topic"])}:${name}`;
    return { id: arn, arn };
  },
  "aws:synthetics/canary:Canary": (made) => named(made, "synthetics", "canary:"),
  "aws:xray/group:Group": (made) => {
    const { arn } = named(made, "xray", "group/", "groupName");
    return { id: arn, arn };
  },
  "aws:xray/samplingRule:SamplingRule": (made) => named(made, "xray", "sampling-rule/", "ruleName"),
};

/** Secrets Manager ends it with six letters of its own, which a copy in another region has too. */
export const secretArnOf = (name: string, { region, account }: Pick<Made, "region" | "account">): string =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${lettersOf(name, 6)}`;
