import jsonata from "jsonata";
import { EvaluationError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { AstNode } from "./ast.ts";
import { askJsonata, compileDirect, type Direct } from "./direct.ts";
import { FunctionError, registerFunctions, scopeBinding } from "./functions.ts";
import { findReferences, type References } from "./references.ts";
import { toJson, UnsupportedResult } from "./result.ts";
import type { EvaluationScope } from "./scope.ts";

/** Evaluations inside one another in one expression. AWS stops at 100; jsonata also counts siblings as depth. */
const expressionDepthMax = 1_000;
/** Nodes that one evaluation of an expression with functions of its own may visit; AWS stops it by time. */
const expressionStepsMax = 500_000;

/** A string that is not JSONata. `message` is the parser's. */
export class ExpressionSyntaxError extends Error {
  override readonly name = "ExpressionSyntaxError";
}

/** Whether a string of a definition is an expression rather than a text: it starts with `{%` and ends with `%}`. */
export function isExpression(text: string): boolean {
  return text.length >= 4 && text.startsWith("{%") && text.endsWith("%}");
}

/** A compiled JSONata expression of a state machine's definition. */
export class Expression {
  /** Without `{%` and `%}`. */
  readonly source: string;
  /** The field that holds it, as AWS names it in failures: `Output/items[0]`. */
  readonly location: string;
  readonly references: References;
  readonly #compiled: jsonata.Expression;
  readonly #direct: Direct | undefined;
  readonly #needsContext: boolean;

  /** Throws ExpressionSyntaxError. */
  constructor(text: string, location: string) {
    this.source = text.slice(2, -2).trim();
    this.location = location;
    try {
      this.#compiled = jsonata(this.source, { stack: expressionDepthMax });
    } catch (error) {
      throw new ExpressionSyntaxError(describe(error));
    }
    const root = this.#compiled.ast() as unknown as AstNode;
    this.references = findReferences(root);
    this.#needsContext = this.references.wholeStates || this.references.statesFields.has("context");
    this.#direct = compileDirect(root);
    registerFunctions(this.#compiled);
    if (this.references.definesFunction) limitSteps(this.#compiled);
  }

  /** The value, at once where that is possible. Throws or rejects with EvaluationError. */
  evaluate(scope: EvaluationScope): Json | Promise<Json> {
    const value = this.#direct === undefined ? askJsonata : this.#direct(scope);
    if (value === askJsonata) return this.#ask(scope);
    if (value === undefined) throw this.#returnedNothing();
    return value;
  }

  /** The failure of an expression whose value is not of the type that its field needs. */
  unexpectedType(expected: string, value: Json): EvaluationError {
    const actual = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    return this.#failure(
      `returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${JSON.stringify(value)}`,
    );
  }

  async #ask(scope: EvaluationScope): Promise<Json> {
    let value: unknown;
    try {
      value = await this.#compiled.evaluate(undefined, this.#bindings(scope));
    } catch (error) {
      throw this.#failure(`threw an error during evaluation. ${describe(error)}`);
    }
    if (value === undefined) throw this.#returnedNothing();
    try {
      return toJson(value);
    } catch (error) {
      if (error instanceof UnsupportedResult) throw this.#failure("returned an unsupported result type.");
      throw error;
    }
  }

  #bindings(scope: EvaluationScope): Record<string, unknown> {
    const { input, result, errorOutput } = scope.states;
    const states: Record<string, Json> = { input };
    if (result !== undefined) states["result"] = result;
    if (errorOutput !== undefined) states["errorOutput"] = errorOutput;
    if (this.#needsContext) states["context"] = scope.states.context();
    const bindings: Record<string, unknown> = { [scopeBinding]: scope };
    if (this.references.definesFunction) bindings[stepsBinding] = { taken: 0 };
    for (const name of this.references.variables) {
      const value = scope.variables.get(name);
      if (value !== undefined) bindings[name] = value;
    }
    bindings["states"] = states;
    return bindings;
  }

  #returnedNothing(): EvaluationError {
    return this.#failure("returned nothing (undefined).");
  }

  #failure(problem: string): EvaluationError {
    return new EvaluationError(
      `The JSONata expression '${this.source}' specified for the field '${this.location}' ${problem}`,
      this.location,
    );
  }
}

// jsonata calls what it finds under this symbol at each node. A step costs a turn of the microtask queue, so only
// expressions that can loop pay for it.
const entryHook = Symbol.for("jsonata.__evaluate_entry");

const stepsBinding = "\u0000steps";

function limitSteps(compiled: jsonata.Expression): void {
  const countStep = (_node: unknown, _input: unknown, environment: jsonata.Environment): void => {
    const steps: { taken: number } = environment.lookup(stepsBinding);
    steps.taken += 1;
    if (steps.taken > expressionStepsMax) {
      throw new FunctionError("Expression evaluation took too many steps: check for an infinite loop");
    }
  };
  // The hook's name is a symbol, which jsonata's typings leave out.
  compiled.assign(entryHook as unknown as string, countStep);
}

/** jsonata throws plain objects with a code and a message. */
function describe(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === "string" ? message : String(error);
  return typeof code === "string" ? `${code}: ${text}` : text;
}
