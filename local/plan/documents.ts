import type { PlanResource } from "./plan.ts";

/** Inputs that are JSON text on AWS, by resource type. */
const documents: Readonly<Record<string, readonly string[]>> = {
  "aws:cloudwatch/dashboard:Dashboard": ["dashboardBody"],
  "aws:cloudformation/stack:Stack": ["templateBody"],
  "aws:ec2/vpcEndpoint:VpcEndpoint": ["policy"],
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["policy"],
  "aws:eks/addon:Addon": ["configurationValues"],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ["policyDocument"],
  "aws:iam/role:Role": ["assumeRolePolicy", "policy"],
  "aws:kms/key:Key": ["policy"],
  "aws:kms/replicaKey:ReplicaKey": ["policy"],
  "aws:backup/vaultPolicy:VaultPolicy": ["policy"],
  "aws:iam/policy:Policy": ["policy"],
  "aws:organizations/policy:Policy": ["content"],
  "aws:s3/bucketPolicy:BucketPolicy": ["policy"],
  "aws:sns/topicPolicy:TopicPolicy": ["policy"],
  "aws:sfn/stateMachine:StateMachine": ["definition"],
  "pulumi:providers:kubernetes": ["kubeconfig"],
};

/**
 * A resource as the lock holds it: its documents are JSON, so that a diff of the lock shows the line of a policy that
 * changed, where the text that AWS takes would be one long string.
 */
export function unfoldDocuments(resource: PlanResource): PlanResource {
  return mapDocuments(resource, (value) => (typeof value === "string" ? JSON.parse(value) : value));
}

/** The inverse, for whoever runs the plan: documents are text again, as AWS takes them. */
export function foldDocuments(resource: PlanResource): PlanResource {
  return mapDocuments(resource, (value) => (typeof value === "object" ? JSON.stringify(value) : value));
}

function mapDocuments(resource: PlanResource, change: (value: unknown) => unknown): PlanResource {
  const keys = documents[resource.type];
  if (keys === undefined) return resource;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, each]) => [
      key,
      keys.includes(key) ? change(each) : visit(each),
    ]);
    return Object.fromEntries(entries);
  };
  return { ...resource, inputs: visit(resource.inputs) as PlanResource["inputs"] };
}
