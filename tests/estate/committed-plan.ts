import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plan, PlanResource } from "#local/plan/plan.ts";

export const projectRoot = resolve(import.meta.dirname, "../..");
export const committedLock = join(projectRoot, "stacks/estate.local.lock.json");

// The rules are checked on the committed plan: render.test.ts proves that it is what the estate renders to.
const { resources } = JSON.parse(readFileSync(committedLock, "utf8")) as Plan;

/** Resources of one type, `T` being what the test reads of their inputs. */
export function ofType<T>(type: string): readonly (PlanResource & { readonly inputs: T })[] {
  return resources.filter((resource) => resource.type === type) as (PlanResource & { readonly inputs: T })[];
}

/** One resource by its logical name. */
export function resource<T>(name: string): PlanResource & { readonly inputs: T } {
  const found = resources.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the plan has no ${name}`);
  return found as PlanResource & { readonly inputs: T };
}

export interface FunctionInputs {
  readonly name: string;
  readonly role: string;
  readonly runtime: string;
  readonly architectures: readonly string[];
  readonly memorySize: number;
  readonly timeout: number;
  readonly environment: { readonly variables: Readonly<Record<string, string>> };
  readonly tracingConfig?: { readonly mode: string };
  readonly loggingConfig: { readonly logGroup: string };
}

export const functions = ofType<FunctionInputs>("aws:lambda/function:Function");

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface RoleInputs {
  readonly name: string;
  readonly assumeRolePolicy: {
    readonly Statement: readonly { readonly Principal: unknown; readonly Action: string }[];
  };
  readonly inlinePolicies: readonly { readonly policy: { readonly Statement: readonly Statement[] } }[];
  readonly managedPolicyArns?: readonly string[];
}

export const roles = ofType<RoleInputs>("aws:iam/role:Role");

export function statementsOf(role: { readonly inputs: RoleInputs }): readonly Statement[] {
  return role.inputs.inlinePolicies.flatMap(({ policy }) => policy.Statement);
}

export function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
