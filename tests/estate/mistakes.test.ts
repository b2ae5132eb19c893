import { describe, expect, it } from "vitest";
import type { PlanResource } from "#local/plan/plan.ts";
import { committed, lockedStages, production } from "./committed-plan.ts";
import { PlanView } from "./plan-view.ts";
import { sortFindings } from "./rules/exceptions.ts";
import { evaluate, explainFinding } from "./rules/rule.ts";
import { rules } from "./rules/rules.ts";
import { wiring } from "./wiring/wiring.ts";

const base = { format: 1, app: "tallystick", sst: "", source_hash: "" } as const;

/** Production with some resource changed, or left out. */
function productionWith(name: string, change: (inputs: Inputs) => Inputs | undefined): PlanView {
  let found = false;
  const resources = production.resources.flatMap((resource): PlanResource[] => {
    if (resource.name !== name) return [resource];
    found = true;
    const inputs = change(structuredClone(resource.inputs) as Inputs);
    return inputs === undefined ? [] : [{ ...resource, inputs }];
  });
  if (!found) throw new Error(`production has no ${name}`);
  const { stage, account, region } = production;
  return new PlanView({ ...base, stage, account, region, resources });
}

// biome-ignore lint/suspicious/noExplicitAny: mistakes are made at any depth of any resource.
type Inputs = Record<string, any>;

const wrongIn = (plan: PlanView): string[] =>
  [...sortFindings(evaluate(rules, plan), plan.stage).unexpected, ...evaluate(wiring, plan)].map(
    explainFinding,
  );

const withoutKey = (inputs: Inputs, key: string): Inputs => {
  const { [key]: _, ...rest } = inputs;
  return rest;
};

const firstStatement = (role: Inputs): Inputs => role["inlinePolicies"][0].policy.Statement[0];

const mistakes: readonly {
  readonly mistake: string;
  readonly resource: string;
  readonly change: (inputs: Inputs) => Inputs | undefined;
  readonly says: RegExp;
}[] = [
  {
    mistake: "a wildcard in a grant",
    resource: "PostTaskRole",
    change: (role) => {
      firstStatement(role)["Action"] = "dynamodb:*";
      return role;
    },
    says: /^no-wildcard-actions: PostTaskRole \(stacks\/functions\.ts\)/,
  },
  {
    mistake: "a queue without dead letters",
    resource: "ChecksQueue",
    change: (queue) => withoutKey(queue, "redrivePolicy"),
    says: /^queue-gives-up: ChecksQueue \(stacks\/messaging\.ts\)/,
  },
  {
    mistake: "a description that EC2 does not take",
    resource: "ClusterFromBuilds",
    change: (rule) => ({ ...rule, description: "The pipeline's build" }),
    says: /^texts-fit: ClusterFromBuilds \(stacks\/cluster\.ts\): description is "The pipeline's build", and AWS takes/,
  },
  {
    mistake: "a name that X-Ray finds too long",
    resource: "FailedTraces",
    change: (group) => ({ ...group, groupName: "tallystick-production-standby-failed" }),
    says: /^texts-fit: FailedTraces \(stacks\/tracing\.ts\): groupName is/,
  },
  {
    mistake: "dead letters that are not there",
    resource: "DeadLettersQueue",
    change: () => undefined,
    says: /^arns-exist: ChecksQueue \(stacks\/messaging\.ts\): names .*dead-letters/,
  },
  {
    mistake: "a grant that is missing",
    resource: "PostTaskRole",
    change: (role) => {
      role["inlinePolicies"][0].policy.Statement.shift();
      return role;
    },
    says: /^told-is-granted: PostTaskFunction \(stacks\/functions\.ts\)/,
  },
  {
    mistake: "a grant that nothing uses",
    resource: "FallbackApiRole",
    change: (role) => {
      const table = production.resource("LedgerTable").outputs?.["arn"];
      role["inlinePolicies"][0].policy.Statement.push({
        Effect: "Allow",
        Action: "dynamodb:PutItem",
        Resource: table,
      });
      return role;
    },
    says: /^granted-is-told: FallbackApiFunction \(stacks\/functions\.ts\)/,
  },
  {
    mistake: "a variable that is not set",
    resource: "PostTaskFunction",
    change: (fn) => {
      delete fn["environment"].variables.LEDGER_TABLE;
      return fn;
    },
    says: /^variables-set: PostTaskFunction .*LEDGER_TABLE/,
  },
  {
    mistake: "a variable that nothing reads",
    resource: "PostTaskFunction",
    change: (fn) => {
      fn["environment"].variables.COLOUR = "green";
      return fn;
    },
    says: /^variables-read: PostTaskFunction .*COLOUR/,
  },
  {
    mistake: "a route that leads nowhere",
    resource: "ApiRouteLedgerRoute",
    change: (route) => ({ ...route, target: "integrations/gone" }),
    says: /^names-exist: ApiRouteLedgerRoute \(stacks\/api\.ts\): target is integrations\/gone/,
  },
  {
    mistake: "a route without its authorizer",
    resource: "ApiRouteLedgerRoute",
    change: (route) => ({ ...route, authorizationType: "NONE" }),
    says: /^routes-authorized: ApiRouteLedgerRoute \(stacks\/api\.ts\)/,
  },
  {
    mistake: "a public bucket",
    resource: "InboundBucketPublicAccess",
    change: (block) => ({ ...block, blockPublicPolicy: false }),
    says: /^bucket-not-public: InboundBucket \(stacks\/storage\.ts\): .*blockPublicPolicy/,
  },
  {
    mistake: "a function that outlives its state",
    resource: "PostTaskFunction",
    change: (fn) => ({ ...fn, timeout: 600 }),
    says: /^states-outlast-functions: PaymentSaga \(stacks\/processing\.ts\)/,
  },
  {
    mistake: "a function that outlives API Gateway",
    resource: "PaymentsApiFunction",
    change: (fn) => ({ ...fn, timeout: 30 }),
    says: /^api-reaches-functions: .*PaymentsApiFunction/,
  },
  {
    mistake: "a message that is seen again too soon",
    resource: "ChecksQueue",
    change: (queue) => ({ ...queue, visibilityTimeoutSeconds: 10 }),
    says: /^messages-stay-hidden: CheckSource \(stacks\/consumers\.ts\)/,
  },
  {
    mistake: "a state that leads nowhere",
    resource: "PaymentSaga",
    change: (saga) => {
      saga["definition"].StartAt = "Gone";
      return saga;
    },
    says: /^machines-are-valid: PaymentSaga \(stacks\/processing\.ts\)/,
  },
  {
    mistake: "a machine whose role invokes one function less",
    resource: "RecoverTaskFunction",
    change: () => undefined,
    says: /^arns-exist: RecoverySaga \(stacks\/processing\.ts\)/,
  },
  {
    mistake: "an owner's password that no secret keeps",
    resource: "Books",
    change: (cluster) => ({ ...cluster, masterPassword: "another" }),
    says: /^owner-password-kept: Books \(stacks\/books\.ts\)/,
  },
  {
    mistake: "a rotation that may not call its function",
    resource: "RotateBooksOwnerPermission",
    change: () => undefined,
    says: /^rotations-reach-functions: BooksOwnerRotation \(stacks\/books-rotation\.ts\)/,
  },
  {
    mistake: "a log that forgets",
    resource: "PaymentSagaLogGroup",
    change: (group) => ({ ...group, retentionInDays: 30 }),
    says: /^logs-kept-a-year: PaymentSagaLogGroup \(stacks\/processing\.ts\)/,
  },
  {
    mistake: "a table without backups",
    resource: "LedgerTable",
    change: (table) => withoutKey(table, "pointInTimeRecovery"),
    says: /^table-backed-up: LedgerTable \(stacks\/data\.ts\)/,
  },
];

describe("a mistake in the estate", () => {
  it.each(mistakes)("$mistake is found, with the file that it is in", ({ resource, change, says }) => {
    const found = wrongIn(productionWith(resource, change));
    expect(
      found.filter((line) => says.test(line)),
      found.join("\n"),
    ).not.toEqual([]);
  });

  it.each(lockedStages)("is in none of the wiring of %s", (stage) => {
    expect(evaluate(wiring, committed(stage)).map(explainFinding)).toEqual([]);
  });
});
