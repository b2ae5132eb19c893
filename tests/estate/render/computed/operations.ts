import { lettersOf, named, type Rules, text } from "./forms.ts";

/** Alarms, whom they tell, dashboards, traces. */
export const operations: Rules = {
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": (made) => named(made, "cloudwatch", "alarm:", "alarmName"),
  "aws:cloudwatch/dashboard:Dashboard": ({ inputs, account }) => {
    const id = text(inputs["dashboardName"]);
    return { id, dashboardArn: `arn:aws:cloudwatch::${account}:dashboard/${id}` };
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (made) => named(made, "cloudwatch", "alarm:"),
  "aws:secretsmanager/secret:Secret": (made) => {
    const { arn } = named(made, "secretsmanager", "secret:");
    return { id: `${arn}-${lettersOf(made.name, 6)}`, arn: `${arn}-${lettersOf(made.name, 6)}` };
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
