import { logDays } from "./constants.ts";
import { physicalName } from "./naming.ts";
import { unscoped } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

/** A log group that outlives its stage where data does, under the key of the network's and the cluster's logs. */
export function createLogGroup(
  logical: string,
  name: string,
  settings: StageSettings,
  keys: Keys,
): aws.cloudwatch.LogGroup {
  if (keys.infrastructureLogs === undefined)
    throw new Error(`${logical}: stage without a key for these logs.`);
  return new aws.cloudwatch.LogGroup(
    logical,
    { name, retentionInDays: logDays, kmsKeyId: keys.infrastructureLogs.arn },
    { retainOnDelete: settings.retainData },
  );
}

/** Who spoke to whom in the network, and what was refused. */
export function createFlowLogs(vpc: aws.ec2.Vpc, settings: StageSettings, keys: Keys): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const name = physicalName("FlowLogs");
  const group = createLogGroup("FlowLogsGroup", `/aws/vpc/${name}`, settings, keys);
  const statements = [
    {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
      resources: [$interpolate`${group.arn}:*`],
    },
    unscoped("logs:DescribeLogGroups"),
  ];
  const role = new aws.iam.Role("FlowLogsRole", {
    name,
    description: "Writes the network's flow logs",
    assumeRolePolicy: trustOnly("vpc-flow-logs.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": accountId },
    }),
    inlinePolicies: [inlinePolicy(statements)],
  });
  new aws.ec2.FlowLog("FlowLogs", {
    vpcId: vpc.id,
    trafficType: "ALL",
    logDestinationType: "cloud-watch-logs",
    logDestination: group.arn,
    iamRoleArn: role.arn,
    // Seconds: an incident is looked at by the minute.
    maxAggregationInterval: 60,
    tags: { Name: name },
  });
}
