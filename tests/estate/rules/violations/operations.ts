import { type Example, either, type Violation, without } from "./violation.ts";

const functionType = "aws:lambda/function:Function";
const mappingType = "aws:lambda/eventSourceMapping:EventSourceMapping";
const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/events";
const alarm = (namespace: string, metricName: string, dimensions: object): Example => ({
  type: "aws:cloudwatch/metricAlarm:MetricAlarm",
  inputs: { namespace, metricName, dimensions, alarmActions: ["arn:topic"] },
});
const reader: Example = {
  type: "aws:lambda/eventSourceMapping:EventSourceMapping",
  inputs: { eventSourceArn: stream, functionName: "reader" },
};

const notices: Example = {
  type: "aws:s3/bucketNotification:BucketNotification",
  inputs: { bucket: "files", queues: [{ queueArn: "arn:queue", events: ["s3:ObjectCreated:*"] }] },
};
const scan = (status: string): Example => ({
  type: "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan",
  inputs: {
    protectedResource: { s3Bucket: { bucketName: "files" } },
    actions: [{ taggings: [{ status }] }],
  },
});
const delivery = (bucketArn: string): Example => ({
  type: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
  inputs: { extendedS3Configuration: { bucketArn } },
});
const threatsHidden: Example = {
  type: "aws:s3/bucketPolicy:BucketPolicy",
  inputs: {
    bucket: "files",
    policy: {
      Statement: [
        {
          Effect: "Deny",
          Action: ["s3:GetObject"],
          Condition: {
            StringEquals: { "s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "THREATS_FOUND" },
          },
        },
      ],
    },
  },
};

const pods: Example = {
  type: "kubernetes:apps/v1:Deployment",
  inputs: { metadata: { namespace: "n" }, spec: { template: { spec: { serviceAccountName: "a" } } } },
};
const identity: Example = {
  type: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  inputs: { namespace: "n", serviceAccount: "a", roleArn: "arn:it" },
};
const traces = (Action: string): Example => ({
  type: "aws:iam/role:Role",
  inputs: { inlinePolicies: [{ policy: { Statement: [{ Effect: "Allow", Action, Resource: "*" }] } }] },
});
const cluster: Example = { type: "aws:eks/cluster:Cluster", inputs: {} };
const endpoint = (service: string): Example => ({
  type: "aws:ec2/vpcEndpoint:VpcEndpoint",
  inputs: { serviceName: `com.amazonaws.eu-west-1.${service}` },
});

export const operationsViolations: readonly Violation[] = [
  either(
    "logs-kept-a-year",
    "aws:cloudwatch/logGroup:LogGroup",
    { retentionInDays: 30 },
    { retentionInDays: 365 },
  ),
  without(
    "functions-log",
    { type: functionType, inputs: { loggingConfig: { logGroup: "/aws/lambda/f" } } },
    { type: "aws:cloudwatch/logGroup:LogGroup", inputs: { name: "/aws/lambda/f" } },
  ),
  either("functions-traced", functionType, {}, { tracingConfig: { mode: "Active" } }),
  {
    rule: "pods-traced",
    broken: [pods, identity, traces("xray:PutTelemetryRecords")],
    kept: [pods, identity, traces("xray:PutTraceSegments")],
  },
  {
    rule: "pods-traced",
    broken: [pods, identity, traces("xray:PutTraceSegments"), cluster, endpoint("kms")],
    kept: [pods, identity, traces("xray:PutTraceSegments"), cluster, endpoint("xray")],
  },
  either("functions-supported", functionType, { runtime: "nodejs18.x" }, { runtime: "nodejs24.x" }),
  either(
    "sagas-log",
    "aws:sfn/stateMachine:StateMachine",
    { loggingConfiguration: { level: "ALL", includeExecutionData: true } },
    { loggingConfiguration: { level: "ERROR" } },
  ),
  either(
    "api-logs",
    "aws:apigatewayv2/stage:Stage",
    {},
    { accessLogSettings: { destinationArn: "arn:logs" } },
  ),
  without(
    "network-logs",
    { type: "aws:ec2/vpc:Vpc", inputs: {} },
    { type: "aws:ec2/flowLog:FlowLog", inputs: { vpcId: "it", trafficType: "ALL" } },
  ),
  either(
    "cluster-logs",
    "aws:eks/cluster:Cluster",
    { enabledClusterLogTypes: ["api"] },
    { enabledClusterLogTypes: ["api", "audit", "authenticator"] },
  ),
  either("database-logs", "aws:rds/cluster:Cluster", {}, { enabledCloudwatchLogsExports: ["postgresql"] }),
  either(
    "warehouse-logs",
    "aws:redshiftserverless/namespace:Namespace",
    { logExports: ["connectionlog"] },
    { logExports: ["connectionlog", "useractivitylog"] },
  ),
  without(
    "firewall-logs",
    { type: "aws:wafv2/webAcl:WebAcl", inputs: {} },
    { type: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", inputs: {} },
  ),
  either(
    "build-logs",
    "aws:codebuild/project:Project",
    {},
    { logsConfig: { cloudwatchLogs: { groupName: "/builds" } } },
  ),
  either("trail-whole", "aws:cloudtrail/trail:Trail", {}, { isMultiRegionTrail: true }),
  either("trail-sealed", "aws:cloudtrail/trail:Trail", {}, { enableLogFileValidation: true }),
  either("threats-watched", "aws:guardduty/detector:Detector", { enable: false }, { enable: true }),
  {
    rule: "foreign-files-scanned",
    broken: [notices, scan("DISABLED")],
    kept: [notices, scan("ENABLED")],
  },
  without("threats-kept-from-readers", notices, threatsHidden),
  // Events of ours, by a delivery of ours.
  ...["foreign-files-scanned", "threats-kept-from-readers"].map((rule) => ({
    rule,
    broken: [notices, delivery("arn:aws:s3:::others")],
    kept: [notices, delivery("arn:aws:s3:::files")],
  })),
  either(
    "changes-recorded",
    "aws:cfg/recorder:Recorder",
    { recordingGroup: { allSupported: false } },
    { recordingGroup: { allSupported: true } },
  ),
  either(
    "queue-gives-up",
    "aws:sqs/queue:Queue",
    { name: "work" },
    { name: "work", redrivePolicy: JSON.stringify({ deadLetterTargetArn: "arn:dead" }) },
  ),
  {
    rule: "queue-alarmed",
    broken: [
      { type: "aws:sqs/queue:Queue", inputs: { name: "work" } },
      alarm("AWS/SQS", "NumberOfMessagesSent", { QueueName: "work" }),
    ],
    kept: [
      { type: "aws:sqs/queue:Queue", inputs: { name: "work" } },
      alarm("AWS/SQS", "ApproximateAgeOfOldestMessage", { QueueName: "work" }),
    ],
  },
  {
    rule: "stream-alarmed",
    broken: [reader, alarm("AWS/Lambda", "Errors", { FunctionName: "reader" })],
    kept: [reader, alarm("AWS/Lambda", "IteratorAge", { FunctionName: "reader" })],
  },
  either(
    "stream-parks-poison",
    mappingType,
    { eventSourceArn: stream, maximumRetryAttempts: 8 },
    {
      eventSourceArn: stream,
      maximumRetryAttempts: 8,
      destinationConfig: { onFailure: { destinationArn: "arn:q" } },
    },
  ),
  either(
    "alarms-tell-someone",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    { alarmActions: ["arn:topic"], actionsEnabled: false },
    { alarmActions: ["arn:topic"] },
  ),
];
