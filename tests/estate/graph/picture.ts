import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";

/** What a type of resource looks like. Types that are not here are wiring: they are drawn as arrows, or not at all. */
interface Look {
  readonly group: string;
  readonly shape: "box" | "cylinder" | "cds" | "component" | "folder" | "house" | "note" | "octagon" | "tab";
}

const looks: Readonly<Record<string, Look>> = {
  "aws:apigatewayv2/api:Api": { group: "edge", shape: "house" },
  "aws:cloudfront/distribution:Distribution": { group: "edge", shape: "house" },
  "aws:wafv2/webAcl:WebAcl": { group: "edge", shape: "octagon" },
  "aws:cognito/userPool:UserPool": { group: "edge", shape: "note" },
  "aws:lambda/function:Function": { group: "functions", shape: "box" },
  "aws:sfn/stateMachine:StateMachine": { group: "sagas", shape: "component" },
  "aws:eks/cluster:Cluster": { group: "cluster", shape: "component" },
  "kubernetes:apps/v1:Deployment": { group: "cluster", shape: "box" },
  "aws:dynamodb/table:Table": { group: "data", shape: "cylinder" },
  "aws:rds/cluster:Cluster": { group: "data", shape: "cylinder" },
  "aws:rds/proxy:Proxy": { group: "data", shape: "box" },
  "aws:secretsmanager/secret:Secret": { group: "data", shape: "note" },
  "aws:elasticache/serverlessCache:ServerlessCache": { group: "data", shape: "cylinder" },
  "aws:s3/bucket:Bucket": { group: "files", shape: "folder" },
  "aws:sqs/queue:Queue": { group: "events", shape: "cds" },
  "aws:sns/topic:Topic": { group: "events", shape: "cds" },
  "aws:kinesis/stream:Stream": { group: "events", shape: "cds" },
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": { group: "events", shape: "cds" },
  "aws:cloudwatch/eventRule:EventRule": { group: "events", shape: "tab" },
  "aws:redshiftserverless/workgroup:Workgroup": { group: "analytics", shape: "cylinder" },
  "aws:glue/catalogDatabase:CatalogDatabase": { group: "analytics", shape: "tab" },
  "aws:athena/workgroup:Workgroup": { group: "analytics", shape: "tab" },
  "aws:backup/vault:Vault": { group: "recovery", shape: "folder" },
};

/** Wiring: an arrow from what one property names to what another names. A path goes into lists and objects. */
const wires: Readonly<Record<string, { readonly from: string; readonly to: string; readonly gone?: true }>> =
  {
    "aws:apigatewayv2/integration:Integration": { from: "apiId", to: "integrationUri" },
    "aws:apigatewayv2/authorizer:Authorizer": { from: "apiId", to: "authorizerUri" },
    "aws:lambda/eventSourceMapping:EventSourceMapping": { from: "eventSourceArn", to: "functionName" },
    "aws:cloudwatch/eventTarget:EventTarget": { from: "rule", to: "arn" },
    "aws:s3/bucketNotification:BucketNotification": { from: "bucket", to: "queues" },
    "aws:secretsmanager/secretRotation:SecretRotation": { from: "secretId", to: "rotationLambdaArn" },
    "aws:sns/topicSubscription:TopicSubscription": { from: "topic", to: "endpoint" },
  };

interface Node extends Look {
  readonly id: string;
  readonly label: string;
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** What failed goes there. */
  readonly isForFailures: boolean;
}

export interface Picture {
  readonly nodes: readonly Node[];
  readonly arrows: readonly Arrow[];
}

/** What is in a plan, and which part leads to, calls, reads or writes which. */
export function pictureOf(plan: PlanView): Picture {
  const shown = plan.resources.filter(({ type }) => type in looks);
  const named = new Names(shown);
  const arrows = new Map<string, Arrow>();
  const add = (from: string, to: string, isForFailures = false): void => {
    const key = `${from} ${to}`;
    if (from !== to && !arrows.has(key)) arrows.set(key, { from, to, isForFailures });
  };
  for (const { type, inputs } of plan.resources) {
    const wire = wires[type];
    if (wire === undefined) continue;
    for (const from of named.in(inputs[wire.from])) for (const to of named.in(inputs[wire.to])) add(from, to);
    // What a mapping's function fails on goes where the mapping says.
    for (const to of named.in(inputs["destinationConfig"]))
      for (const from of named.in(inputs[wire.to])) add(from, to, true);
  }
  for (const resource of shown) {
    const from = resource.name;
    for (const to of named.in(resource.inputs["redrivePolicy"])) add(from, to, true);
    const { redrivePolicy: _, environment: __, ...inputs } = resource.inputs;
    for (const to of named.in([inputs, policiesOf(resource, plan)])) {
      // Who reads a stream or a queue is led to, and does not lead there.
      if (!arrows.has(`${to} ${from}`)) add(from, to);
    }
  }
  const nodes = shown.map((resource) => ({ ...nodeOf(resource), id: resource.name }));
  return { nodes, arrows: [...arrows.values()] };
}

/** The group of a function is the folder of its handler: `api`, `tasks`, `consumers`, … */
function nodeOf({ type, name, parent, handler }: PlanResource): Omit<Node, "id"> {
  const look = looks[type] as Look;
  const folder = handler?.split("/").at(-2);
  const label = (parent ?? name).replace(/(Queue|Saga|Bucket|Table|Task|Function)$/, "");
  return { ...look, label, group: folder ?? look.group };
}

/** The policies of the role that a resource acts under. */
function policiesOf({ inputs }: PlanResource, plan: PlanView): unknown {
  const roleArn = inputs["role"] ?? inputs["roleArn"];
  if (typeof roleArn !== "string") return undefined;
  return plan.ofType("aws:iam/role:Role").find(({ outputs }) => outputs?.["arn"] === roleArn)?.inputs[
    "inlinePolicies"
  ];
}

/** Resources by what others call them: ARN, URL, id, name. */
class Names {
  readonly #byName = new Map<string, string>();
  readonly #pattern: RegExp;

  constructor(resources: readonly PlanResource[]) {
    for (const { name, inputs, outputs = {} } of resources) {
      for (const known of [
        outputs["arn"],
        outputs["url"],
        outputs["id"],
        outputs["streamArn"],
        inputs["name"],
      ]) {
        if (typeof known === "string") this.#byName.set(known, name);
      }
    }
    const longestFirst = [...this.#byName.keys()].sort((a, b) => b.length - a.length);
    const ends = "(?![\\w-])";
    this.#pattern = new RegExp(
      `(?:${longestFirst.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})${ends}`,
      "g",
    );
  }

  /** Whom the texts in a value name, anywhere in it. */
  in(value: unknown): readonly string[] {
    const found = JSON.stringify(value ?? null).match(this.#pattern) ?? [];
    return [...new Set(found.flatMap((each) => this.#byName.get(each) ?? []))];
  }
}
