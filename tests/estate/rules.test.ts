import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PlanResource } from "#local/plan/plan.ts";
import { production, projectRoot } from "./committed-plan.ts";
import { PlanView } from "./plan-view.ts";
import { sortFindings } from "./rules/exceptions.ts";
import { evaluate, explainFinding } from "./rules/rule.ts";
import { rules } from "./rules/rules.ts";
import { accessViolations } from "./rules/violations/access.ts";
import { accountViolations } from "./rules/violations/accounts.ts";
import { encryptionViolations } from "./rules/violations/encryption.ts";
import { operationsViolations } from "./rules/violations/operations.ts";
import { resilienceViolations } from "./rules/violations/resilience.ts";
import { secretViolations } from "./rules/violations/secrets.ts";
import type { Example } from "./rules/violations/violation.ts";

const violations = [
  ...encryptionViolations,
  ...accessViolations,
  ...secretViolations,
  ...operationsViolations,
  ...resilienceViolations,
  ...accountViolations,
];

const planOf = (examples: readonly Example[]): PlanView =>
  new PlanView({
    ...{ format: 1, app: "tallystick", stage: "production", region: "eu-west-1", account: "123456789012" },
    ...{ sst: "", source_hash: "" },
    resources: examples.map(
      (example, index): PlanResource => ({
        ...example,
        urn: `urn:${index}`,
        name: `Example${index}`,
        declared_in: "stacks/example.ts",
        outputs: { id: "it", arn: "arn:it" },
      }),
    ),
  });

const broken = (name: string, examples: readonly Example[]): string[] =>
  evaluate(rules, planOf(examples))
    .filter(({ rule }) => rule === name)
    .map(explainFinding);

describe("the policy rules", () => {
  it("are many, each with a name of its own and a plan that violates it", () => {
    const names = rules.map(({ name }) => name);
    expect(rules.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
    expect([...new Set(violations.map(({ rule }) => rule))].toSorted()).toEqual(names.toSorted());
  });

  it.each(rules)("$name says which control it shows", ({ shows }) => {
    for (const control of shows) expect(control).toMatch(/^(PCI \d+(\.\d+)+|[A-Z]\w+\.\d+)$/);
  });

  it.each(violations)(
    "$rule finds the plan that breaks it, and names the file",
    ({ rule, broken: examples }) => {
      const found = broken(rule, examples);
      expect(found).not.toEqual([]);
      for (const line of found) expect(line).toMatch(/stacks\//);
    },
  );

  it.each(violations)("$rule has nothing against the plan that keeps it", ({ rule, kept }) => {
    expect(broken(rule, kept)).toEqual([]);
  });

  it("leave the production plan with nothing but known findings, each of which still occurs", () => {
    const { unexpected, unused } = sortFindings(evaluate(rules, production), "production");
    expect(unexpected.map(explainFinding)).toEqual([]);
    expect(unused, "take these out of tests/estate/rules/exceptions.ts").toEqual([]);
  });
});

describe("the examples of the rules", () => {
  const providers = join(projectRoot, ".sst/platform/node_modules/@pulumi");
  /** Where a type of AWS's or Kubernetes' provider is declared; a type of Kubernetes has a file of its own in its group. */
  function declared(type: string): string {
    const [, provider = "", path = "", kind = ""] = /^(aws|kubernetes):(.+):(.+)$/.exec(type) ?? [];
    const own = provider === "aws" ? [] : [kind.charAt(0).toLowerCase() + kind.slice(1)];
    return join(provider, path, ...own);
  }

  /** A rule that reads a name that the provider does not have would pass on every plan. */
  it.each(violations)("$rule names types and inputs that the provider has", ({ broken: a, kept: b }) => {
    for (const { type, inputs } of [...a, ...b]) {
      const file = join(providers, `${declared(type)}.d.ts`);
      expect(existsSync(file), type).toBe(true);
      const own = readFileSync(file, "utf8");
      const nested = readFileSync(join(providers, type.split(":")[0] ?? "", "types/input.d.ts"), "utf8");
      for (const name of Object.keys(inputs))
        expect(own, `${type} ${name}`).toMatch(new RegExp(`^    ${name}\\??: `, "m"));
      for (const name of namesWithin(Object.values(inputs)))
        expect(nested, name).toMatch(new RegExp(`^ +${name}\\??: `, "m"));
    }
  });
});

/** Names of AWS's documents begin with a capital; those of tags and dimensions are anybody's. */
function namesWithin(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(namesWithin);
  return Object.entries(value).flatMap(([name, each]) =>
    /^[a-z]\w*$/.test(name) ? [name, ...namesWithin(each)] : [],
  );
}
