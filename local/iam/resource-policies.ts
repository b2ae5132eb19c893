import { z } from "zod";
import { parseFunctionReference } from "../lambda/function-definition.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import type { AccessRequest } from "./access-request.ts";
import {
  evaluateResource,
  type ResourceStatement,
  type ResourceVerdict,
  resourceStatementsOf,
} from "./policy.ts";
import type { Requester } from "./principal.ts";
import { refusingPolicy } from "./unsupported-policy.ts";

/** JSON text, or the object that a program wrote. */
const document = z.union([z.string(), z.record(z.string(), z.unknown())]);
const queueInputs = z.object({ name: z.string(), policy: document.optional() });
const queuePolicyInputs = z.object({ queueUrl: z.string(), policy: document });
const topicInputs = queueInputs;
const topicPolicyInputs = z.object({ arn: z.string(), policy: document });
const bucketPolicyInputs = z.object({ bucket: z.string(), policy: document });
const keyInputs = z.object({ policy: document.optional() });
const keyPolicyInputs = z.object({ keyId: z.string(), policy: document });
const keyOutputs = z.object({ arn: z.string() });
const permissionInputs = z.object({
  action: z.string(),
  function: z.string(),
  principal: z.string(),
  qualifier: z.string().optional(),
  sourceArn: z.string().optional(),
  sourceAccount: z.string().optional(),
  principalOrgId: z.undefined("organizations are not evaluated here").optional(),
  eventSourceToken: z.undefined("tokens of Alexa are not evaluated here").optional(),
  functionUrlAuthType: z.undefined("functions have no URLs here").optional(),
});

/** A policy, and the ARN of what it hangs on. */
interface Attached {
  readonly arn: string;
  readonly resource: PlanResource;
  readonly policy: unknown;
}

/** The policies that hang on the plan's queues, topics, buckets, keys and functions. */
export class ResourcePolicies {
  readonly #byArn = new Map<string, readonly ResourceStatement[]>();

  /** @throws Refusal when a policy says what is not evaluated here. */
  constructor(plan: Plan) {
    const attached = [
      ...queuesIn(plan),
      ...topicsIn(plan),
      ...bucketsIn(plan),
      ...keysIn(plan),
      ...functionsIn(plan),
    ];
    for (const { arn, resource, policy } of attached) {
      const statements = refusingPolicy(resource, () => resourceStatementsOf(policy));
      this.#byArn.set(arn, [...(this.#byArn.get(arn) ?? []), ...statements]);
    }
  }

  /**
   * What the policy of the resource that is asked for says to somebody. One without a policy lets nobody in by itself,
   * and leaves it to the account.
   */
  evaluate(request: AccessRequest, requester: Requester): ResourceVerdict {
    const statements = this.#byArn.get(holderOf(request.resource));
    return statements === undefined ? "delegated" : evaluateResource(statements, request, requester);
  }
}

/** ARN of what the policy hangs on: of an object it is its bucket, of a version of a function the function. */
function holderOf(resource: string): string {
  if (resource.startsWith("arn:aws:s3:::")) return resource.split("/", 1)[0] ?? resource;
  if (resource.startsWith("arn:aws:lambda:")) return resource.split(":").slice(0, 7).join(":");
  return resource;
}

const lastOf = (path: string): string => path.split(/[/:]/).at(-1) ?? "";

function queuesIn(plan: Plan): readonly Attached[] {
  const arnOf = (urlOrName: string) => `arn:aws:sqs:${plan.region}:${plan.account}:${lastOf(urlOrName)}`;
  return [
    ...resourcesOf(plan, "aws:sqs/queue:Queue").flatMap((resource) => {
      const { name, policy } = inputsOf(resource, queueInputs);
      return policy === undefined ? [] : [{ arn: arnOf(name), resource, policy }];
    }),
    ...resourcesOf(plan, "aws:sqs/queuePolicy:QueuePolicy").map((resource) => {
      const { queueUrl, policy } = inputsOf(resource, queuePolicyInputs);
      return { arn: arnOf(queueUrl), resource, policy };
    }),
  ];
}

function topicsIn(plan: Plan): readonly Attached[] {
  return [
    ...resourcesOf(plan, "aws:sns/topic:Topic").flatMap((resource) => {
      const { name, policy } = inputsOf(resource, topicInputs);
      return policy === undefined
        ? []
        : [{ arn: `arn:aws:sns:${plan.region}:${plan.account}:${name}`, resource, policy }];
    }),
    ...resourcesOf(plan, "aws:sns/topicPolicy:TopicPolicy").map((resource) => {
      const { arn, policy } = inputsOf(resource, topicPolicyInputs);
      return { arn, resource, policy };
    }),
  ];
}

function bucketsIn(plan: Plan): readonly Attached[] {
  return resourcesOf(plan, "aws:s3/bucketPolicy:BucketPolicy").map((resource) => {
    const { bucket, policy } = inputsOf(resource, bucketPolicyInputs);
    return { arn: `arn:aws:s3:::${bucket}`, resource, policy };
  });
}

/** A key without a policy has AWS's: whom the account lets in may use it. */
function keysIn(plan: Plan): readonly Attached[] {
  const policies = resourcesOf(plan, "aws:kms/keyPolicy:KeyPolicy").map((resource) => ({
    resource,
    ...inputsOf(resource, keyPolicyInputs),
  }));
  return resourcesOf(plan, "aws:kms/key:Key").flatMap((key) => {
    const { arn } = outputsOf(key, keyOutputs);
    const own = inputsOf(key, keyInputs).policy;
    const separate = policies.filter(({ keyId }) => keyId === arn || keyId === lastOf(arn));
    if (separate.length > 0) return separate.map(({ resource, policy }) => ({ arn, resource, policy }));
    return [{ arn, resource: key, policy: own ?? keyPolicyOf(plan.account) }];
  });
}

const keyPolicyOf = (account: string) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  ],
});

/** Lambda writes the policies of functions itself, a statement for each permission. */
function functionsIn(plan: Plan): readonly Attached[] {
  return resourcesOf(plan, "aws:lambda/permission:Permission").map((resource) => {
    const { action, principal, qualifier, sourceArn, sourceAccount, ...inputs } = inputsOf(
      resource,
      permissionInputs,
    );
    const name = parseFunctionReference(inputs.function)?.name ?? inputs.function;
    const arn = `arn:aws:lambda:${plan.region}:${plan.account}:function:${name}`;
    const Statement = {
      Effect: "Allow",
      Principal: principal.endsWith(".amazonaws.com") ? { Service: principal } : { AWS: principal },
      Action: action,
      Resource: qualifier === undefined ? arn : `${arn}:${qualifier}`,
      Condition: {
        ...(sourceArn !== undefined && { ArnLike: { "aws:SourceArn": sourceArn } }),
        ...(sourceAccount !== undefined && { StringEquals: { "aws:SourceAccount": sourceAccount } }),
      },
    };
    return { arn, resource, policy: { Version: "2012-10-17", Statement } };
  });
}
