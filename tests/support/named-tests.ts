import { parseSync } from "@swc/core";

/** Between the titles that lead to a test, where a page names it. */
export const separator = " › ";

/** Every test of a file by the titles that lead to it. `test.each` has its template's text, `…` is what is filled in. */
export function testsIn(source: string): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (node: unknown, outer: readonly string[]): void => {
    if (!isNode(node)) return;
    const kind = node["type"] === "CallExpression" ? rootName(node["callee"]) : undefined;
    const title = kind === undefined ? undefined : titleOf(node["arguments"]);
    const path = title === undefined ? outer : [...outer, title];
    if (title !== undefined && kind !== undefined && tests.has(kind)) found.add(path.join(separator));
    for (const each of Object.values(node)) walk(each, path);
  };
  walk(parseSync(source, { syntax: "typescript" }).body, []);
  return found;
}

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Vitest's own words, and those of the contract suites (tests/support/contract.ts). */
const suites: ReadonlySet<string> = new Set(["describe", "group"]);
const tests: ReadonlySet<string> = new Set(["it", "test", "behaviour", "ours"]);

/** One of these words, also behind `.each(…)` and the like. */
function rootName(callee: unknown): string | undefined {
  if (!isNode(callee)) return undefined;
  if (callee["type"] === "Identifier") {
    const name = String(callee["value"]);
    return suites.has(name) || tests.has(name) ? name : undefined;
  }
  return rootName(callee["object"] ?? callee["callee"] ?? callee["tag"]);
}

/** The first argument, when it is a text. */
function titleOf(args: unknown): string | undefined {
  const [first] = Array.isArray(args) ? args : [];
  const argument = isNode(first) ? first["expression"] : undefined;
  if (!isNode(argument)) return undefined;
  if (argument["type"] === "StringLiteral") return String(argument["value"]);
  if (argument["type"] !== "TemplateLiteral") return undefined;
  const quasis = argument["quasis"] as readonly { readonly cooked: string }[];
  return quasis.map(({ cooked }) => cooked).join("…");
}
