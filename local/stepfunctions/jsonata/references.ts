import type { AstNode } from "./ast.ts";

/** What an expression reads from outside itself. */
export interface References {
  /** Names of the variables that it may read: its own parameters and functions' names too. */
  readonly variables: ReadonlySet<string>;
  /** Fields of `$states` that it names. */
  readonly statesFields: ReadonlySet<string>;
  /** It reads `$states` as a whole, so any field of it. */
  readonly wholeStates: boolean;
  /** It can loop: jsonata repeats without end only through a function that calls itself. */
  readonly definesFunction: boolean;
  /** Why AWS refuses the expression, one text for each reason. */
  readonly refusals: readonly string[];
}

interface Findings {
  readonly variables: Set<string>;
  readonly statesFields: Set<string>;
  readonly refusals: Set<string>;
  wholeStates: boolean;
  definesFunction: boolean;
}

/**
 * Collects what an expression refers to. An expression of a state machine has no context item, so AWS refuses a name,
 * `$` or `$$` that would read one; inside a path, a predicate or a grouping they are legal.
 */
export function findReferences(root: AstNode): References {
  const findings: Findings = {
    variables: new Set(),
    statesFields: new Set(),
    refusals: new Set(),
    wholeStates: false,
    definesFunction: false,
  };
  visit(root, true, findings);
  return { ...findings, refusals: [...findings.refusals] };
}

function visit(node: AstNode, atTop: boolean, findings: Findings): void {
  if (node.type === "path") {
    visitPath(node.steps ?? [], atTop, findings);
  } else {
    visitLeaf(node, atTop, findings);
    if (node.type === "lambda") findings.definesFunction = true;
    const inTransform = node.type === "transform";
    for (const child of operands(node)) visit(child, atTop && !inTransform, findings);
  }
  for (const { expr } of [...(node.predicate ?? []), ...(node.stages ?? [])]) {
    if (expr !== undefined) visit(expr, false, findings);
  }
  for (const child of (node.group?.lhs ?? []).flat()) visit(child, false, findings);
  for (const term of node.terms ?? []) visit(term.expression, false, findings);
}

function visitPath(steps: readonly AstNode[], atTop: boolean, findings: Findings): void {
  const [first, second] = steps;
  const field = first?.type === "variable" && first.value === "states" ? second : undefined;
  if (field?.type === "name") {
    findings.variables.add("states");
    findings.statesFields.add(String(field.value));
    for (const stage of first?.stages ?? []) if (stage.expr !== undefined) visit(stage.expr, false, findings);
  } else if (first !== undefined) {
    visit(first, atTop, findings);
  }
  for (const step of steps.slice(1)) visit(step, false, findings);
}

function visitLeaf(node: AstNode, atTop: boolean, findings: Findings): void {
  if (node.type === "variable") {
    const name = String(node.value);
    if (name === "$") findings.refusals.add("Reference to '$$' is not supported.");
    else if (name === "") {
      if (atTop) findings.refusals.add("Reference to '$' at the top level is not supported.");
    } else {
      findings.variables.add(name);
      if (name === "states") findings.wholeStates = true;
    }
  } else if (atTop && (node.type === "name" || node.type === "wildcard" || node.type === "descendant")) {
    findings.refusals.add(`Reference to '${String(node.value)}' at the top level is not supported.`);
  }
}

function operands(node: AstNode): readonly AstNode[] {
  const children: (AstNode | undefined)[] = [
    ...(isPairs(node.lhs) ? node.lhs.flat() : [node.lhs]),
    node.rhs,
    node.procedure,
    node.expression,
    node.condition,
    node.then,
    node.else,
    node.body,
    node.pattern,
    node.update,
    node.delete,
    ...(node.expressions ?? []),
    // A lambda's arguments are its parameters' names, not references.
    ...(node.type === "lambda" ? [] : (node.arguments ?? [])),
  ];
  return children.filter((child) => child !== undefined);
}

function isPairs(lhs: AstNode["lhs"]): lhs is readonly (readonly AstNode[])[] {
  return Array.isArray(lhs);
}
