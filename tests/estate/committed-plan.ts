import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { PlanView, type Resource } from "./plan-view.ts";

export const projectRoot = resolve(import.meta.dirname, "../..");

/** Stages whose plan is committed. */
export const lockedStages = ["local", "production", "production-standby"] as const;
export type LockedStage = (typeof lockedStages)[number];
export const lockOf = (stage: LockedStage): string => join(projectRoot, `stacks/estate.${stage}.lock.json`);

// The rules are checked on committed plans: render.test.ts proves that they are what the estate renders to.
export const committed = (stage: LockedStage): PlanView =>
  new PlanView(read(stage), ...(stage === "production-standby" ? [production] : []));

const read = (stage: LockedStage): Plan => JSON.parse(readFileSync(lockOf(stage), "utf8")) as Plan;

const local = committed("local");
export const production: PlanView = committed("production");

/** Resources of the laptop's plan of one type, `T` being what the test reads of their inputs. */
export const ofType = <T>(type: string): readonly Resource<T>[] => local.ofType<T>(type);

/** One resource of the laptop's plan by its logical name. */
export const resource = <T>(name: string): Resource<T> => local.resource<T>(name);

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
