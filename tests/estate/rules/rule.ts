import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";

/** What a rule has against one resource, or against a plan that lacks one. */
export interface Finding {
  readonly rule: string;
  /** Logical name of the resource; undefined when what is wrong is that there is none. */
  readonly resource: string | undefined;
  /** File of `stacks/` that declares it. */
  readonly file: string | undefined;
  /** What is wrong, and what to set. */
  readonly message: string;
}

/** What must hold of a plan, and which control it shows. */
export interface Rule {
  readonly name: string;
  /**
   * `PCI 3.7.4`: requirement of PCI DSS 4.0.1. `EKS.1`: control of AWS Security Hub, most of them of its Foundational
   * Security Best Practices; AWS evaluates the same on the deployed estate.
   */
  readonly shows: readonly [string, ...string[]];
  /** The requirement in our words. */
  readonly says: string;
  /** Holds for stages that keep data only (staging, production): why a disposable stage does without. */
  readonly notDisposableBecause?: string;
  readonly check: Check;
}

export type Check = (plan: PlanView) => readonly Complaint[];

interface Complaint {
  readonly resource: PlanResource | undefined;
  readonly message: string;
}

/** What one resource is told; false when there is nothing. */
type Told = string | false | undefined;

/** Asks each resource of the types for what is wrong with it, `T` being what the rule reads of its inputs. */
export const each =
  <T>(
    types: string | readonly string[],
    ask: (inputs: T, resource: PlanResource, plan: PlanView) => Told,
  ): Check =>
  (plan) =>
    [types].flat().flatMap((type) =>
      plan.ofType<T>(type).flatMap((resource) => {
        const message = ask(resource.inputs, resource, plan);
        return message ? [{ resource, message }] : [];
      }),
    );

/** Complains when the plan has a resource of the first type and none of the second. */
export const needs =
  (having: string, wanted: string, message: string): Check =>
  (plan) =>
    plan.ofType(having).length > 0 && plan.ofType(wanted).length === 0
      ? [{ resource: undefined, message }]
      : [];

/** All that several checks complain of. */
export const all =
  (...checks: readonly Check[]): Check =>
  (plan) =>
    checks.flatMap((check) => check(plan));

const disposableStages: readonly string[] = ["local", "dev"];

/** All that a list of rules has against a plan, rule by rule. */
export function evaluate(
  rules: readonly Pick<Rule, "name" | "notDisposableBecause" | "check">[],
  plan: PlanView,
): Finding[] {
  return rules
    .filter(({ notDisposableBecause }) => !(notDisposableBecause && disposableStages.includes(plan.stage)))
    .flatMap(({ name, check }) =>
      check(plan).map(({ resource, message }) => ({
        rule: name,
        resource: resource?.name,
        file: resource?.declared_in,
        message,
      })),
    );
}

/** A finding as a person reads it: what, where, and what to do. */
export function explainFinding({ rule, resource, file, message }: Finding): string {
  return `${rule}: ${resource ?? "(the plan)"} (${file ?? "stacks/"}): ${message}`;
}
