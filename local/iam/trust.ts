import { z } from "zod";
import { ruleArnOf } from "../eventbridge/rule.ts";
import { deliveryPlansOf } from "../firehose/delivery-plan.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { replicationPlansOf } from "../s3/replication-plan.ts";
import { evaluateResource, type ResourceStatement, trustStatementsOf } from "./policy.ts";
import { refusingPolicy } from "./unsupported-policy.ts";

/** A service that is to act in a role's name, for one resource of the plan. */
interface Assumption {
  /** What the resource is called: `function`, `state machine`. */
  readonly kind: string;
  /** Logical name in the plan. */
  readonly name: string;
  readonly roleArn: string;
  readonly service: string;
  /** The service's principal of one region, where it has one and either will do. */
  readonly regional?: string;
  /** `aws:SourceArn` of the call by which the service assumes the role; undefined for a service that tells none. */
  readonly sourceArn: string | undefined;
  /** Why AWS refuses to make the resource, in its words. */
  readonly refusal: string;
}

const roleInputs = z.object({ assumeRolePolicy: z.string() });
const roleOutputs = z.object({ arn: z.string() });
const arnOutput = z.object({ arn: z.string().optional() });

/**
 * What AWS would refuse to make because a role does not trust the service that is to act in its name, one line each.
 * @throws Refusal when a trust policy that counts has what is not evaluated here.
 */
export function untrustedIn(plan: Plan): readonly string[] {
  const roles = new Map(
    resourcesOf(plan, "aws:iam/role:Role").map((resource) => {
      const { assumeRolePolicy } = inputsOf(resource, roleInputs);
      const statements = () => refusingPolicy(resource, () => trustStatementsOf(assumeRolePolicy));
      return [outputsOf(resource, roleOutputs).arn, { name: resource.name, statements }] as const;
    }),
  );
  return assumptionsOf(plan).flatMap((assumption) => {
    const { kind, name, roleArn, service, refusal } = assumption;
    const role = roles.get(roleArn);
    if (role === undefined) return [`the ${kind} ${name}: ${refusal} (the plan has no role ${roleArn})`];
    if (trusts(role.statements(), assumption, plan.account)) return [];
    return [
      `the ${kind} ${name}: ${refusal} (let ${service} do sts:AssumeRole in the trust policy of ${role.name})`,
    ];
  });
}

function trusts(
  statements: readonly ResourceStatement[],
  { roleArn, service, regional = service, sourceArn }: Assumption,
  account: string,
): boolean {
  const context = (key: string): readonly string[] | undefined => {
    if (key === "aws:SourceArn" && sourceArn !== undefined) return [sourceArn];
    if (key === "aws:SourceAccount" && sourceArn !== undefined) return [account];
    return undefined;
  };
  const asked = { action: "sts:AssumeRole", resource: roleArn, context };
  const verdicts = [service, regional].map((name) => {
    return evaluateResource(statements, asked, { kind: "service", name });
  });
  return verdicts.includes("allowed") && !verdicts.includes("explicitly_denied");
}

function assumptionsOf(plan: Plan): readonly Assumption[] {
  return [
    ...[...functionsOf(plan), ...machinesOf(plan), ...schedulesOf(plan), ...rulesOf(plan)],
    ...[...deliveriesOf(plan), ...copiesOf(plan)],
  ];
}

/** Lambda tells no source when it assumes a role: a condition on one lets no function in. */
function functionsOf(plan: Plan): readonly Assumption[] {
  return resourcesOf(plan, "aws:lambda/function:Function").map((resource) => ({
    kind: "function",
    name: resource.name,
    roleArn: inputsOf(resource, z.object({ role: z.string() })).role,
    service: "lambda.amazonaws.com",
    sourceArn: undefined,
    refusal: "The role defined for the function cannot be assumed by Lambda.",
  }));
}

function machinesOf(plan: Plan): readonly Assumption[] {
  return resourcesOf(plan, "aws:sfn/stateMachine:StateMachine").map((resource) => ({
    kind: "state machine",
    name: resource.name,
    roleArn: inputsOf(resource, z.object({ roleArn: z.string() })).roleArn,
    service: "states.amazonaws.com",
    regional: `states.${plan.region}.amazonaws.com`,
    sourceArn: outputsOf(resource, arnOutput).arn,
    refusal:
      "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
  }));
}

const scheduleInputs = z.object({
  groupName: z.string().default("default"),
  target: z.object({ roleArn: z.string() }),
});

/** Scheduler tells the group of a schedule, not the schedule. */
function schedulesOf(plan: Plan): readonly Assumption[] {
  return resourcesOf(plan, "aws:scheduler/schedule:Schedule").map((resource) => {
    const { groupName, target } = inputsOf(resource, scheduleInputs);
    return {
      kind: "schedule",
      name: resource.name,
      roleArn: target.roleArn,
      service: "scheduler.amazonaws.com",
      sourceArn: `arn:aws:scheduler:${plan.region}:${plan.account}:schedule-group/${groupName}`,
      refusal: "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    };
  });
}

/** One role may read and write, or two. */
function deliveriesOf(plan: Plan): readonly Assumption[] {
  return deliveryPlansOf(plan).flatMap(({ name, arn, readerRoleArn, writerRoleArn }) =>
    [...new Set([readerRoleArn, writerRoleArn])].map((roleArn) => ({
      ...{ kind: "delivery stream", name, roleArn, service: "firehose.amazonaws.com", sourceArn: arn },
      refusal: `Firehose is unable to assume role ${roleArn}. Please check the role provided.`,
    })),
  );
}

/** AWS takes a replication whose role it cannot assume, and copies nothing: here nobody has to find that out. */
function copiesOf(plan: Plan): readonly Assumption[] {
  return replicationPlansOf(plan).map(({ bucket, roleArn }) => ({
    ...{ kind: "replication of", name: bucket, roleArn, service: "s3.amazonaws.com" },
    sourceArn: `arn:aws:s3:::${bucket}`,
    refusal: `S3 cannot assume the role ${roleArn}, and copies nothing.`,
  }));
}

const roleOfRule = { roleArn: z.string().optional(), eventBusName: z.string().default("default") };
const ruleInputs = z.object({ ...roleOfRule, name: z.string() });
const targetInputs = z.object({ ...roleOfRule, rule: z.string() });

/** The roles of rules and of their targets: functions, queues and topics need none. */
function rulesOf(plan: Plan): readonly Assumption[] {
  const rules = resourcesOf(plan, "aws:cloudwatch/eventRule:EventRule").map((resource) => {
    const { name: rule, ...inputs } = inputsOf(resource, ruleInputs);
    return { ...inputs, rule, kind: "rule", name: resource.name };
  });
  const targets = resourcesOf(plan, "aws:cloudwatch/eventTarget:EventTarget").map((resource) => {
    return { ...inputsOf(resource, targetInputs), kind: "target", name: resource.name };
  });
  const service = "events.amazonaws.com";
  return [...rules, ...targets].flatMap(({ kind, name, rule, roleArn, eventBusName }) => {
    if (roleArn === undefined) return [];
    const refusal = `Provided role '${roleArn}' cannot be assumed by principal '${service}'.`;
    return [{ kind, name, roleArn, service, sourceArn: ruleArnOf(plan, eventBusName, rule), refusal }];
  });
}
