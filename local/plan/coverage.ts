import type { Plan } from "./plan.ts";

/** What becomes of a resource type here. */
type Treatment =
  /** An engine runs it. */
  | { readonly runs: string }
  /** Nothing runs it, and nothing is missed: why. */
  | { readonly leftOut: string };

const runs = (engine: string): Treatment => ({ runs: engine });
const leftOut = (because: string): Treatment => ({ leftOut: because });

const treatments: Readonly<Record<string, Treatment>> = {
  "aws:dynamodb/table:Table": runs("dynamodb"),
  "aws:kms/key:Key": runs("kms"),
  "aws:kms/alias:Alias": runs("kms"),
  "aws:lambda/function:Function": runs("lambda"),
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": runs("lambda"),
  "aws:lambda/eventSourceMapping:EventSourceMapping": runs("event-sources"),
  "aws:sfn/stateMachine:StateMachine": runs("stepfunctions"),
  "aws:cloudwatch/eventBus:EventBus": runs("eventbridge"),
  "aws:cloudwatch/eventRule:EventRule": runs("eventbridge"),
  "aws:cloudwatch/eventTarget:EventTarget": runs("eventbridge"),
  "aws:scheduler/schedule:Schedule": runs("eventbridge"),
  "aws:apigatewayv2/api:Api": runs("http-api"),
  "aws:apigatewayv2/stage:Stage": runs("http-api"),
  "aws:apigatewayv2/route:Route": runs("http-api"),
  "aws:apigatewayv2/integration:Integration": runs("http-api"),
  "aws:apigatewayv2/authorizer:Authorizer": runs("http-api"),
  "aws:sqs/queue:Queue": runs("sqs"),
  "aws:sqs/redrivePolicy:RedrivePolicy": runs("sqs"),
  "aws:sns/topic:Topic": runs("sns"),
  "aws:kinesis/stream:Stream": runs("kinesis"),
  "aws:elasticache/replicationGroup:ReplicationGroup": runs("cache"),
  "aws:elasticache/serverlessCache:ServerlessCache": runs("cache"),
  "aws:elasticache/cluster:Cluster": runs("cache"),
  "aws:rds/cluster:Cluster": runs("postgres"),
  "aws:rds/clusterInstance:ClusterInstance": runs("postgres"),
  "kubernetes:apps/v1:Deployment": runs("pods"),
  "kubernetes:batch/v1:Job": runs("pods"),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": runs("pods"),
  "kubernetes:core/v1:Namespace": leftOut("it is a name for pods"),
  "kubernetes:core/v1:ServiceAccount": leftOut("it is a name for the role that pods have"),
  "aws:redshiftserverless/namespace:Namespace": runs("redshift"),
  "aws:redshiftserverless/workgroup:Workgroup": runs("redshift"),
  "aws:redshiftserverless/usageLimit:UsageLimit": leftOut("nobody bills what is asked here"),
  "aws:s3/bucket:Bucket": runs("s3"),
  "aws:s3/bucketV2:BucketV2": runs("s3"),
  "aws:s3/bucketVersioning:BucketVersioning": runs("s3"),
  "aws:s3/bucketVersioningV2:BucketVersioningV2": runs("s3"),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": runs("s3"),
  "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": runs("s3"),
  "aws:s3/bucketNotification:BucketNotification": runs("s3"),
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": runs("s3"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": runs("firehose"),
  "aws:glue/catalogDatabase:CatalogDatabase": runs("glue"),
  "aws:glue/catalogTable:CatalogTable": runs("glue"),
  "aws:athena/workgroup:Workgroup": runs("athena"),
  "aws:athena/namedQuery:NamedQuery": runs("athena"),
  "aws:sns/topicSubscription:TopicSubscription": runs("sns"),
  "aws:cognito/userPool:UserPool": runs("issuer"),
  "aws:cognito/userPoolDomain:UserPoolDomain": runs("issuer"),
  "aws:cognito/resourceServer:ResourceServer": runs("issuer"),
  "aws:iam/role:Role": runs("iam"),
  "aws:lambda/permission:Permission": runs("iam"),
  "aws:sqs/queuePolicy:QueuePolicy": runs("iam"),
  "aws:sns/topicPolicy:TopicPolicy": runs("iam"),
  "aws:s3/bucketPolicy:BucketPolicy": runs("iam"),
  "aws:kms/keyPolicy:KeyPolicy": runs("iam"),
  "aws:elasticache/subnetGroup:SubnetGroup": leftOut("this machine is one network"),
  "aws:elasticache/parameterGroup:ParameterGroup": leftOut("the cache here has no parameters"),
  "aws:rds/subnetGroup:SubnetGroup": leftOut("this machine is one network"),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": leftOut(
    "the database here has PostgreSQL's defaults",
  ),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": leftOut(
    "this disk is yours to encrypt",
  ),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": leftOut(
    "what is stored here goes when you wipe it",
  ),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": leftOut("buckets are on this machine only"),
  "aws:scheduler/scheduleGroup:ScheduleGroup": leftOut("it is a name for schedules"),
  "aws:cloudwatch/logGroup:LogGroup": leftOut("logs go to the terminal"),
  "aws:cloudwatch/logStream:LogStream": leftOut("logs go to the terminal"),
  "aws:s3/bucketObjectv2:BucketObjectv2": leftOut("it carries bundles; handlers run from their sources here"),
  "random:index/randomBytes:RandomBytes": leftOut("it is a value, not a service"),
  "pulumi-nodejs:dynamic:Resource": leftOut("it is a step of a deployment"),
};

/** Components group the resources below them and are nothing on AWS themselves. */
const isComponent = (type: string): boolean =>
  type === "pulumi:pulumi:Stack" || type.startsWith("sst:") || type.startsWith("pulumi:providers:");

/** A type of the plan that nothing here runs. */
export interface NotRun {
  readonly type: string;
  /** Logical names of its resources. */
  readonly names: readonly string[];
  /** Why nothing is missed, or undefined: then what it does on AWS does not happen here, and nobody decided so. */
  readonly because: string | undefined;
}

/** The types of the plan that no engine here runs, in alphabetical order. */
export function notRunIn(plan: Plan): readonly NotRun[] {
  const notRun: NotRun[] = [];
  for (const [type, resources] of Map.groupBy(plan.resources, (resource) => resource.type)) {
    const treatment = Object.hasOwn(treatments, type) ? treatments[type] : undefined;
    if (isComponent(type) || (treatment !== undefined && "runs" in treatment)) continue;
    notRun.push({ type, names: resources.map(({ name }) => name), because: treatment?.leftOut });
  }
  return notRun.sort((a, b) => (a.type < b.type ? -1 : 1));
}
