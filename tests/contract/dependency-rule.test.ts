import { cruise, type ICruiseResult } from "dependency-cruiser";
import { expect, it } from "vitest";
import { forbidden, options } from "../../dependency-rule.config.ts";

const root = new URL("../..", import.meta.url).pathname;

async function applyRule(baseDir: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...folders], {
    ...options,
    baseDir,
    validate: true,
    ruleSet: { forbidden },
  });
  if (typeof output === "string") throw new Error(output);
  return output;
}

const violationsOf = (result: ICruiseResult): string[] =>
  result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).toSorted();

it("reports every import of the fixture that breaks the rule", async () => {
  const fixture = `${root}tests/contract/fixtures/dependency-rule`;
  expect(violationsOf(await applyRule(fixture, ["core", "local"]))).toEqual([
    "core-imports-only-its-own: core/reaches-out.ts -> adapters/adapter.ts",
    "core-imports-only-its-own: core/reaches-out.ts -> stacks/data.ts",
    "core-is-pure: core/reaches-out.ts -> fs",
    "local-imports-only-its-own: local/system.ts -> functions/handler.ts",
    "nobody-imports-stacks: core/reaches-out.ts -> stacks/data.ts",
  ]);
});

it("holds in the house, whose modules and imports the cruiser sees", async () => {
  const result = await applyRule(root, [
    "core",
    "adapters",
    "workflows",
    "functions",
    "local",
    "cli",
    "tests",
    "bench",
  ]);
  const payments = result.modules.find((module) => module.source === "functions/api/payments.ts");
  expect(result.modules.length).toBeGreaterThan(150);
  expect(payments?.dependencies.map((dependency) => dependency.resolved)).toContain(
    "adapters/dynamodb/payment-store.ts",
  );
  expect(violationsOf(result)).toEqual([]);
});
