import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";
import { type Check, each } from "../rules/rule.ts";

/** Services whose ARNs in our account and region name something that the plan must have. */
const services = "dynamodb|events|kinesis|kms|lambda|logs|secretsmanager|sns|sqs|states|cognito-idp";
/** What follows a name inside a document or another ARN. */
const ends = /[\s"'\\,)]|\/invocations/;

/** ARNs that stand in a value at any depth, also inside of text. */
export function arnsIn(value: unknown): string[] {
  if (typeof value === "string")
    return value.includes("arn:aws:")
      ? value
          .split(/(?=arn:aws:)/)
          .filter((part) => part.startsWith("arn:aws:"))
          .map((part) => part.split(ends)[0] ?? "")
      : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(arnsIn);
}

interface Replicated {
  readonly replicas?: readonly { readonly region: string }[];
}

interface TableInputs {
  readonly globalSecondaryIndexes?: readonly { readonly name: string }[];
  readonly replicas?: readonly { readonly regionName: string }[];
}

/**
 * ARNs that resources have, and those of what is inside of them. A replica of a table has all that the table has, and that
 * of a secret is called as the secret is.
 */
export function knownArns({ known, region }: PlanView): ReadonlySet<string> {
  const ofTables = known
    .filter(({ type }) => type === "aws:dynamodb/table:Table")
    .flatMap(({ inputs, outputs }) => {
      const { globalSecondaryIndexes = [], replicas = [] } = inputs as TableInputs;
      const indexes = globalSecondaryIndexes.map(({ name }) => `${String(outputs?.["arn"])}/index/${name}`);
      const all = [...arnsIn(outputs), ...indexes];
      const isHere = replicas.some(({ regionName }) => regionName === region);
      return isHere
        ? [...all, ...all.map((arn) => arn.replace(/^(arn:aws:dynamodb):[^:]+/, `$1:${region}`))]
        : all;
    });
  const ofSecrets = known
    .filter(({ type }) => type === "aws:secretsmanager/secret:Secret")
    .filter(({ inputs }) => (inputs as Replicated).replicas?.some((each) => each.region === region))
    .flatMap(({ outputs }) =>
      arnsIn(outputs).map((arn) => arn.replace(/^(arn:aws:secretsmanager):[^:]+/, `$1:${region}`)),
    );
  return new Set([...known.flatMap(({ outputs }) => arnsIn(outputs)), ...ofTables, ...ofSecrets]);
}

/** The ARN of what an ARN is about: executions are their machine's, log streams their group's. */
const owner = (arn: string): string =>
  arn
    .replace(/(:log-group:[^:]+)(:\*|:log-stream:.*)?$/, "$1")
    .replace(/:execution:([\w-]+):\*$/, ":stateMachine:$1");

/** Whatever an input names by its ARN is in the plan. */
export const arnsExist: Check = (plan) => {
  const known = knownArns(plan);
  const ours = new RegExp(`^arn:aws:(${services}):${plan.region}:${plan.account}:`);
  return plan.resources.flatMap((resource) => {
    const dangling = arnsIn(resource.inputs)
      .filter((arn) => ours.test(arn))
      .map(owner)
      .filter((arn) => !arn.includes("*") && !known.has(arn));
    return [...new Set(dangling)].map((arn) => ({
      resource,
      message: `names ${arn}, which the plan does not have: refer to the resource's own arn`,
    }));
  });
};

/** Inputs that name another resource: by type and input, the other's type and where its name is. */
const references: readonly {
  readonly type: string;
  readonly input: string;
  readonly to: string;
  readonly by: (other: PlanResource) => unknown;
}[] = [
  {
    type: "aws:lambda/eventSourceMapping:EventSourceMapping",
    input: "functionName",
    to: "aws:lambda/function:Function",
    by: ({ inputs }) => inputs["name"],
  },
  {
    type: "aws:lambda/permission:Permission",
    input: "function",
    to: "aws:lambda/function:Function",
    by: ({ inputs }) => inputs["name"],
  },
  {
    type: "aws:cloudwatch/eventTarget:EventTarget",
    input: "rule",
    to: "aws:cloudwatch/eventRule:EventRule",
    by: ({ inputs }) => inputs["name"],
  },
  {
    type: "aws:sqs/queuePolicy:QueuePolicy",
    input: "queueUrl",
    to: "aws:sqs/queue:Queue",
    by: ({ outputs }) => outputs?.["url"],
  },
  {
    type: "aws:apigatewayv2/route:Route",
    input: "target",
    to: "aws:apigatewayv2/integration:Integration",
    by: ({ outputs }) => `integrations/${String(outputs?.["id"])}`,
  },
  {
    type: "aws:apigatewayv2/route:Route",
    input: "authorizerId",
    to: "aws:apigatewayv2/authorizer:Authorizer",
    by: ({ outputs }) => outputs?.["id"],
  },
  {
    type: "aws:kms/alias:Alias",
    input: "targetKeyId",
    // A replica has the id of its key.
    to: "aws:kms/key:Key",
    by: ({ outputs }) => outputs?.["keyId"],
  },
];

/** Whatever an input names by its name or id is in the plan. */
export const namesExist: Check = (plan) =>
  references.flatMap(({ type, input, to, by }) => {
    const names = plan.known.filter((other) => other.type === to).map(by);
    return each<Readonly<Record<string, unknown>>>(type, (inputs) => {
      const value = inputs[input];
      // An alias or a permission may take an ARN, which `arnsExist` looks at.
      if (value === undefined || String(value).startsWith("arn:")) return false;
      return (
        !names.includes(value) && `${input} is ${String(value)}, and no ${to.split(":").at(-1)} is called so`
      );
    })(plan);
  });

/** What an alarm looks at, by the dimension that names it. */
const dimensions: Readonly<
  Record<string, { readonly type: string; readonly by: (other: PlanResource) => unknown }>
> = {
  QueueName: { type: "aws:sqs/queue:Queue", by: ({ inputs }) => inputs["name"] },
  FunctionName: { type: "aws:lambda/function:Function", by: ({ inputs }) => inputs["name"] },
  TableName: { type: "aws:dynamodb/table:Table", by: ({ inputs }) => inputs["name"] },
  StreamName: { type: "aws:kinesis/stream:Stream", by: ({ inputs }) => inputs["name"] },
  StateMachineArn: { type: "aws:sfn/stateMachine:StateMachine", by: ({ outputs }) => outputs?.["arn"] },
  DeliveryStreamName: {
    type: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    by: ({ inputs }) => inputs["name"],
  },
  DBClusterIdentifier: { type: "aws:rds/cluster:Cluster", by: ({ outputs }) => outputs?.["id"] },
  SourceBucket: { type: "aws:s3/bucket:Bucket", by: ({ inputs }) => inputs["bucket"] },
  DestinationBucket: { type: "aws:s3/bucket:Bucket", by: ({ inputs }) => inputs["bucket"] },
  ApiId: { type: "aws:apigatewayv2/api:Api", by: ({ outputs }) => outputs?.["id"] },
};

interface Metric {
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** An alarm on something that is not there never rings. */
export const alarmsLookAtSomething: Check = each<
  Metric & { readonly metricQueries?: readonly { readonly metric?: Metric }[] }
>("aws:cloudwatch/metricAlarm:MetricAlarm", (inputs, _, plan) => {
  const looked = [inputs, ...(inputs.metricQueries ?? []).map(({ metric }) => metric)];
  const missing = looked
    .flatMap((metric) => Object.entries(metric?.dimensions ?? {}))
    .filter(([name, value]) => {
      const seen = dimensions[name];
      if (seen === undefined) return false;
      return !plan.known
        .filter((other) => other.type === seen.type)
        .some((other) => seen.by(other) === value);
    });
  return (
    missing.length > 0 &&
    `looks at ${missing.map((each) => each.join(" ")).join(", ")}, which the plan does not have`
  );
});
