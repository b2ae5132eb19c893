import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";
import { listOf, statementsIn } from "./documents.ts";
import { each, needs, type Rule } from "./rule.ts";

const year = 365;

interface Alarm {
  readonly namespace?: string;
  readonly metricName?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly alarmActions?: readonly string[];
  readonly actionsEnabled?: boolean;
  readonly metricQueries?: readonly {
    readonly metric?: Pick<Alarm, "namespace" | "metricName" | "dimensions">;
  }[];
}
const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";

/** Whether an alarm looks at this one. */
const watched = (
  plan: PlanView,
  { namespace, names }: { readonly namespace: string; readonly names: readonly string[] },
  dimension: string,
  value: unknown,
): boolean =>
  plan
    .ofType<Alarm>(alarmType)
    .some(({ inputs: { metricQueries = [], ...single } }) =>
      [single, ...metricQueries.map(({ metric }) => metric)].some(
        (metric) =>
          metric?.namespace === namespace &&
          names.includes(metric.metricName ?? "") &&
          metric.dimensions?.[dimension] === value,
      ),
    );

/** How long its messages wait, or how many there are. */
const queueFigures = {
  namespace: "AWS/SQS",
  names: ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"],
};
/** How far a reader is behind. */
const readerFigures = { namespace: "AWS/Lambda", names: ["IteratorAge"] };

const queueType = "aws:sqs/queue:Queue";
const mappingType = "aws:lambda/eventSourceMapping:EventSourceMapping";

/** Queues that others give up to: the ends of redrive policies. */
const deadLetterTargets = (plan: PlanView): ReadonlySet<string> =>
  new Set(
    plan
      .ofType<{ redrivePolicy?: string | { deadLetterTargetArn: string } }>(queueType)
      .flatMap(({ inputs: { redrivePolicy } }) => {
        if (redrivePolicy === undefined) return [];
        const policy = typeof redrivePolicy === "string" ? JSON.parse(redrivePolicy) : redrivePolicy;
        return [(policy as { deadLetterTargetArn: string }).deadLetterTargetArn];
      }),
  );

const arnOf = ({ outputs }: PlanResource): string => String(outputs?.["arn"]);

/** Whom a bucket tells of its files. */
interface Notices {
  readonly bucket: string;
  readonly queues?: readonly unknown[];
}
const noticesType = "aws:s3/bucketNotification:BucketNotification";

/** Whether what a bucket tells of is written by a delivery of the estate's own events: nobody from outside leaves files there. */
const isDelivered = (bucket: string, plan: PlanView): boolean =>
  plan
    .ofType<{ extendedS3Configuration?: { bucketArn: string } }>(
      "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    )
    .some(({ inputs }) => inputs.extendedS3Configuration?.bucketArn === `arn:aws:s3:::${bucket}`);

/** Whether GuardDuty looks at what comes into a bucket, and writes what it found on it. */
const isScanned = (bucket: string, plan: PlanView): boolean =>
  plan
    .ofType<{
      protectedResource: { s3Bucket: { bucketName: string } };
      actions?: readonly { taggings: readonly { status: string }[] }[];
    }>("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan")
    .some(
      ({ inputs: { protectedResource, actions = [] } }) =>
        protectedResource.s3Bucket.bucketName === bucket &&
        actions.some(({ taggings }) => taggings.some(({ status }) => status === "ENABLED")),
    );

const hidesThreats = (bucket: string, plan: PlanView): boolean =>
  plan
    .ofType<{ bucket: string; policy: unknown }>("aws:s3/bucketPolicy:BucketPolicy")
    .filter(({ inputs }) => inputs.bucket === bucket)
    .flatMap(({ inputs }) => statementsIn(inputs.policy))
    .some(
      ({ Effect, Action, Condition }) =>
        Effect === "Deny" &&
        listOf(Action).includes("s3:GetObject") &&
        Condition?.["StringEquals"]?.["s3:ExistingObjectTag/GuardDutyMalwareScanStatus"] === "THREATS_FOUND",
    );

/** Logs, traces, alarms and what fails. */
export const operationsRules: readonly Rule[] = [
  {
    name: "logs-kept-a-year",
    shows: ["PCI 10.5.1", "CloudWatch.16"],
    says: "Logs are kept for twelve months at least.",
    check: each<{ retentionInDays?: number }>(
      "aws:cloudwatch/logGroup:LogGroup",
      ({ retentionInDays = 0 }) =>
        retentionInDays !== 0 &&
        retentionInDays < year &&
        `forgets after ${retentionInDays} days: set 365 or more`,
    ),
  },
  {
    name: "functions-log",
    shows: ["PCI 10.2.1"],
    says: "Each function has a log group of its own, whose time to keep is ours.",
    check: each<{ name?: string; loggingConfig?: { logGroup?: string } }>(
      "aws:lambda/function:Function",
      ({ loggingConfig }, _, plan) =>
        !plan
          .ofType<{ name: string }>("aws:cloudwatch/logGroup:LogGroup")
          .some(({ inputs }) => inputs.name === loggingConfig?.logGroup) &&
        "logs to a group that Lambda makes, which is kept for ever: set loggingConfig.logGroup to a group of the plan",
    ),
  },
  {
    name: "functions-traced",
    shows: ["PCI 10.2.1", "Lambda.7"],
    says: "Functions are traced.",
    check: each<{ tracingConfig?: { mode?: string } }>(
      "aws:lambda/function:Function",
      ({ tracingConfig }) =>
        tracingConfig?.mode !== "Active" && "is not traced: set tracingConfig.mode Active",
    ),
  },
  {
    name: "functions-supported",
    shows: ["PCI 6.3.3", "Lambda.2"],
    says: "Functions run on a runtime that AWS still mends.",
    check: each<{ runtime?: string; packageType?: string }>(
      "aws:lambda/function:Function",
      ({ runtime = "", packageType }) =>
        packageType !== "Image" &&
        !/^(nodejs2[2-9]\.x|python3\.1[2-9])$/.test(runtime) &&
        `runs on ${runtime}: take nodejs24.x`,
    ),
  },
  {
    name: "sagas-log",
    shows: ["PCI 10.2.1", "StepFunctions.1"],
    says: "State machines log their errors, and never the data of an execution.",
    check: each<{ loggingConfiguration?: { level?: string; includeExecutionData?: boolean } }>(
      "aws:sfn/stateMachine:StateMachine",
      ({ loggingConfiguration: { level = "OFF", includeExecutionData = false } = {} }) =>
        (level === "OFF" || includeExecutionData) &&
        "logs nothing, or data of payments: level ERROR, includeExecutionData false",
    ),
  },
  {
    name: "api-logs",
    shows: ["PCI 10.2.1", "APIGateway.9"],
    says: "Each request of the API is in an access log.",
    check: each<{ accessLogSettings?: { destinationArn?: string } }>(
      "aws:apigatewayv2/stage:Stage",
      ({ accessLogSettings }) =>
        !accessLogSettings?.destinationArn && "logs no requests: set accessLogSettings",
    ),
  },
  {
    name: "network-logs",
    shows: ["PCI 10.2.1", "EC2.6"],
    says: "A network writes down who spoke with whom.",
    check: each<object>(
      "aws:ec2/vpc:Vpc",
      (_, { outputs }, plan) =>
        !plan
          .ofType<{ vpcId?: string; trafficType?: string }>("aws:ec2/flowLog:FlowLog")
          .some(({ inputs }) => inputs.vpcId === outputs?.["id"] && inputs.trafficType === "ALL") &&
        "has no flow log of all its traffic",
    ),
  },
  {
    name: "cluster-logs",
    shows: ["PCI 10.2.1", "EKS.8"],
    says: "The cluster's control plane logs, its audit above all.",
    check: each<{ enabledClusterLogTypes?: readonly string[] }>(
      "aws:eks/cluster:Cluster",
      ({ enabledClusterLogTypes = [] }) =>
        !["api", "audit", "authenticator"].every((each) => enabledClusterLogTypes.includes(each)) &&
        "does not log api, audit and authenticator: set enabledClusterLogTypes",
    ),
  },
  {
    name: "database-logs",
    shows: ["PCI 10.2.1", "RDS.37"],
    says: "The database's log leaves it.",
    check: each<{ enabledCloudwatchLogsExports?: readonly string[] }>(
      "aws:rds/cluster:Cluster",
      ({ enabledCloudwatchLogsExports = [] }) =>
        !enabledCloudwatchLogsExports.includes("postgresql") && "keeps its log to itself: export postgresql",
    ),
  },
  {
    name: "warehouse-logs",
    shows: ["PCI 10.2.1", "RedshiftServerless.6"],
    says: "The warehouse tells who connected and what was asked.",
    check: each<{ logExports?: readonly string[] }>(
      "aws:redshiftserverless/namespace:Namespace",
      ({ logExports = [] }) =>
        !["connectionlog", "useractivitylog"].every((each) => logExports.includes(each)) &&
        "exports no connectionlog and useractivitylog",
    ),
  },
  {
    name: "firewall-logs",
    shows: ["PCI 10.2.1", "WAF.11"],
    says: "What the firewall refuses is written down.",
    check: needs(
      "aws:wafv2/webAcl:WebAcl",
      "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
      "the firewall logs nothing: declare a WebAclLoggingConfiguration",
    ),
  },
  {
    name: "build-logs",
    shows: ["PCI 10.2.1", "CodeBuild.4"],
    says: "Builds log to a group whose time to keep is ours.",
    check: each<{ logsConfig?: { cloudwatchLogs?: { groupName?: string } } }>(
      "aws:codebuild/project:Project",
      ({ logsConfig }) =>
        !logsConfig?.cloudwatchLogs?.groupName && "logs to no group of ours: set logsConfig.cloudwatchLogs",
    ),
  },
  {
    name: "trail-whole",
    shows: ["PCI 10.2.1", "CloudTrail.1"],
    says: "The trail holds all regions.",
    check: each<{ isMultiRegionTrail?: boolean; includeGlobalServiceEvents?: boolean }>(
      "aws:cloudtrail/trail:Trail",
      ({ isMultiRegionTrail, includeGlobalServiceEvents = true }) =>
        !(isMultiRegionTrail && includeGlobalServiceEvents) && "misses regions: set isMultiRegionTrail",
    ),
  },
  {
    name: "trail-sealed",
    shows: ["PCI 10.3.4", "CloudTrail.4"],
    says: "A change of the trail's files shows.",
    check: each<{ enableLogFileValidation?: boolean }>(
      "aws:cloudtrail/trail:Trail",
      ({ enableLogFileValidation }) =>
        !enableLogFileValidation && "could be changed unseen: set enableLogFileValidation",
    ),
  },
  {
    name: "threats-watched",
    shows: ["PCI 11.5.1", "GuardDuty.1"],
    says: "Intrusions are looked for.",
    check: each<{ enable?: boolean }>(
      "aws:guardduty/detector:Detector",
      ({ enable = true }) => !enable && "is switched off",
    ),
  },
  {
    name: "foreign-files-scanned",
    shows: ["PCI 5.3.2"],
    says: "Files that others send are scanned, and what was found is written on them.",
    notDisposableBecause: "acquirers send files to staging and production",
    check: each<Notices>(
      noticesType,
      ({ bucket, queues = [] }, _, plan) =>
        queues.length > 0 &&
        !isDelivered(bucket, plan) &&
        !isScanned(bucket, plan) &&
        "hands on files that nobody scanned: set inspectsFiles (stacks/settings.ts)",
    ),
  },
  {
    name: "threats-kept-from-readers",
    shows: ["PCI 5.2.2"],
    says: "A file that was found malicious is read by nobody.",
    notDisposableBecause: "acquirers send files to staging and production",
    check: each<Notices>(
      noticesType,
      ({ bucket, queues = [] }, _, plan) =>
        queues.length > 0 &&
        !isDelivered(bucket, plan) &&
        !hidesThreats(bucket, plan) &&
        "hands on files that were found malicious: deny s3:GetObject of them in the bucket's policy",
    ),
  },
  {
    name: "changes-recorded",
    shows: ["PCI 11.5.2", "Config.1"],
    says: "Each change of a resource is recorded.",
    check: each<{ recordingGroup?: { allSupported?: boolean } }>(
      "aws:cfg/recorder:Recorder",
      ({ recordingGroup: { allSupported = true } = {} }) =>
        !allSupported && "records some types only: set allSupported",
    ),
  },
  {
    name: "queue-gives-up",
    shows: ["PCI 10.7.2"],
    says: "A queue that a machine reads has dead letters behind it, so that nothing is lost unseen.",
    check: each<{ redrivePolicy?: unknown }>(queueType, ({ redrivePolicy }, resource, plan) => {
      const last = deadLetterTargets(plan).has(arnOf(resource));
      const read = plan
        .ofType<{ eventSourceArn: string }>(mappingType)
        .some(({ inputs }) => inputs.eventSourceArn === arnOf(resource));
      return (
        redrivePolicy === undefined && (read || !last) && "has no dead letters behind it: set redrivePolicy"
      );
    }),
  },
  {
    name: "queue-alarmed",
    shows: ["PCI 10.7.2", "PCI 12.10.5"],
    says: "Each queue has an alarm on its age or depth.",
    notDisposableBecause: "nobody is on call for it",
    check: each<{ name?: string }>(
      queueType,
      ({ name }, _, plan) =>
        !watched(plan, queueFigures, "QueueName", name) &&
        "has no alarm: add a MetricAlarm on AWS/SQS with its QueueName (stacks/alarms.ts)",
    ),
  },
  {
    name: "stream-alarmed",
    shows: ["PCI 10.7.2", "PCI 12.10.5"],
    says: "Each reader of a stream has an alarm that tells when it falls behind.",
    notDisposableBecause: "nobody is on call for it",
    check: each<{ eventSourceArn?: string; functionName?: string }>(
      mappingType,
      ({ eventSourceArn = "", functionName }, _, plan) =>
        !eventSourceArn.includes(":sqs:") &&
        !watched(plan, readerFigures, "FunctionName", functionName) &&
        "has no alarm: add a MetricAlarm on IteratorAge with its FunctionName (stacks/alarms.ts)",
    ),
  },
  {
    name: "stream-parks-poison",
    shows: ["PCI 10.7.2"],
    says: "What a reader of a stream cannot handle goes to the dead letters, unless it must wait for it for ever.",
    check: each<{
      eventSourceArn?: string;
      maximumRetryAttempts?: number;
      destinationConfig?: { onFailure?: { destinationArn?: string } };
    }>(
      mappingType,
      ({ eventSourceArn = "", maximumRetryAttempts = -1, destinationConfig }) =>
        !eventSourceArn.includes(":sqs:") &&
        maximumRetryAttempts >= 0 &&
        !destinationConfig?.onFailure?.destinationArn &&
        "drops what it cannot handle: set destinationConfig.onFailure",
    ),
  },
  {
    name: "alarms-tell-someone",
    shows: ["PCI 12.10.5", "CloudWatch.15", "CloudWatch.17"],
    says: "An alarm tells somebody, or is part of one that does.",
    check: each<Alarm & { name?: string }>(
      alarmType,
      ({ name, alarmActions = [], actionsEnabled = true }, _, plan) => {
        const partOf = plan
          .ofType<{ alarmRule?: string; alarmActions?: readonly string[] }>(
            "aws:cloudwatch/compositeAlarm:CompositeAlarm",
          )
          .some(({ inputs }) => inputs.alarmRule?.includes(`"${name}"`) && inputs.alarmActions?.length);
        return !(actionsEnabled && alarmActions.length > 0) && !partOf && "tells nobody: set alarmActions";
      },
    ),
  },
];
