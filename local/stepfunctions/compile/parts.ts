import type { Json } from "../json.ts";
import { Expression, ExpressionSyntaxError, isExpression } from "../jsonata/expression.ts";
import {
  type CompileExpression,
  compileTemplate,
  constantTemplate,
  type Template,
} from "../jsonata/template.ts";
import {
  type Catcher,
  type Exit,
  type MachineType,
  type Recovery,
  type Retrier,
  secondsMax,
} from "../machine.ts";
import type { Diagnostics, Fields } from "./diagnostics.ts";

/** What the compilation of every state of one graph shares. */
export interface GraphContext {
  readonly diagnostics: Diagnostics;
  readonly machineType: MachineType;
  readonly machineLanguage: string;
  /** Variables that enclosing scopes assign, which this one may only read. */
  readonly outerVariables: ReadonlySet<string>;
  /** One state is tested by itself: what its branches, items or readers would give is mocked. */
  readonly tested?: true;
}

/** Code of what AWS would accept and this engine does not run. */
export const unsupportedCode = "UNSUPPORTED_LOCALLY";

/** Fields of `$states` beside `input` and `context` that exist where an expression stands. */
type StatesField = "errorOutput" | "result";

const variableNameMax = 80;
const variableName = /^[\p{ID_Start}][\p{ID_Continue}]*$/u;

/** Compiles the parts of one state. Locations in failures are relative to the state, in reports to the machine. */
export class StateParts {
  readonly fields: Fields;
  readonly context: GraphContext;

  constructor(fields: Fields, context: GraphContext) {
    this.fields = fields;
    this.context = context;
  }

  unsupported(key: string, message: string): void {
    this.context.diagnostics.report(this.fields.at(key), message, unsupportedCode);
  }

  /** Any JSON in which strings may be expressions; `undefined` if the field is absent. */
  template(key: string, available: readonly StatesField[] = []): Template | undefined {
    return this.#templateOf(this.fields, key, "", available);
  }

  /** A number in a range, or an expression that gives one. */
  number(key: string, min: number, max: number): Template | undefined {
    const value = this.fields.get(key);
    if (typeof value === "string" && isExpression(value)) return this.template(key);
    const literal = this.fields.number(key, min, max);
    return literal === undefined ? undefined : constantTemplate(literal);
  }

  /** A text, or an expression that gives one. */
  string(key: string): Template | undefined {
    return this.fields.string(key) === undefined ? undefined : this.template(key);
  }

  exit(available: readonly StatesField[] = []): Exit {
    this.#requireOneOf("Next", "End");
    return this.exitOf(this.fields, "", available);
  }

  /** Output, Assign and Next of the state itself, or of a rule or catcher in it whose location starts with `prefix`. */
  exitOf(fields: Fields, prefix: string, available: readonly StatesField[] = []): Exit {
    this.#checkVariables(fields);
    return {
      output: this.#templateOf(fields, "Output", prefix, available),
      assign: this.#templateOf(fields, "Assign", prefix, available),
      next: fields.string("Next"),
    };
  }

  condition(rule: Fields, prefix: string): Template {
    const value = rule.get("Condition");
    if (typeof value !== "boolean" && !(typeof value === "string" && isExpression(value))) {
      rule.report("Condition", "Expected a JSONata expression or a boolean");
    }
    return this.#templateOf(rule, "Condition", prefix, []) ?? constantTemplate(false);
  }

  recovery(): Recovery {
    const retriers = this.fields.objects("Retry");
    const catchers = this.fields.objects("Catch");
    this.#checkErrors(retriers);
    this.#checkErrors(catchers);
    return {
      retriers: retriers.map(compileRetrier),
      catchers: catchers.map((fields, index) => this.#catcher(fields, `Catch[${index}]/`)),
    };
  }

  #catcher(fields: Fields, prefix: string): Catcher {
    fields.allow("Assign", "Comment", "ErrorEquals", "Next", "Output");
    fields.require("Next");
    return { errorEquals: fields.strings("ErrorEquals"), exit: this.exitOf(fields, prefix, ["errorOutput"]) };
  }

  #checkErrors(list: readonly Fields[]): void {
    for (const [index, fields] of list.entries()) {
      const errors = fields.strings("ErrorEquals");
      if (errors.length === 0) fields.report("ErrorEquals", "At least one error name is required");
      if (!errors.includes("States.ALL")) continue;
      if (errors.length > 1)
        fields.report("ErrorEquals", "'States.ALL' must be the only element of ErrorEquals");
      if (index < list.length - 1) fields.report("ErrorEquals", "'States.ALL' must be in the last element");
    }
  }

  #requireOneOf(first: string, second: string): void {
    const given = [first, second].filter((key) => this.fields.get(key) !== undefined);
    if (given.length !== 1) {
      this.context.diagnostics.report(
        this.fields.location,
        `Exactly one of '${first}' and '${second}' is required`,
      );
    }
    if (this.fields.get("End") === false) this.fields.report("End", "Expected true");
  }

  #checkVariables(fields: Fields): void {
    const assign = fields.object("Assign");
    for (const name of assign?.keys() ?? []) {
      if (name === "states") assign?.report(name, "Variable name 'states' is reserved");
      else if (name.length > variableNameMax || !variableName.test(name)) {
        assign?.report(name, `Variable name '${name}' is not valid`);
      } else if (this.context.outerVariables.has(name)) {
        assign?.report(
          name,
          `Variable '${name}' is assigned in an outer scope, so this scope can only read it`,
        );
      }
    }
  }

  #templateOf(
    fields: Fields,
    key: string,
    prefix: string,
    available: readonly StatesField[],
  ): Template | undefined {
    const value = fields.get(key);
    return value === undefined
      ? undefined
      : compileTemplate(value as Json, `${prefix}${key}`, this.#compiler(available));
  }

  #compiler(available: readonly StatesField[]): CompileExpression {
    return (text, location) => {
      const at = this.fields.at(location);
      try {
        const expression = new Expression(text, location);
        this.#checkReferences(expression, at, available);
        return expression;
      } catch (error) {
        if (!(error instanceof ExpressionSyntaxError)) throw error;
        this.context.diagnostics.report(at, error.message, "INVALID_JSONATA_EXPRESSION");
        return undefined;
      }
    };
  }

  #checkReferences(expression: Expression, at: string, available: readonly StatesField[]): void {
    const code = "UNSUPPORTED_JSONATA_EXPRESSION";
    for (const refusal of expression.references.refusals) {
      this.context.diagnostics.report(at, refusal, code);
    }
    for (const field of expression.references.statesFields) {
      if (field === "input" || field === "context") continue;
      if (available.some((one) => one === field)) continue;
      this.context.diagnostics.report(at, `Field '$states.${field}' does not exist.`, code);
    }
  }
}

function compileRetrier(fields: Fields): Retrier {
  fields.allow(
    "BackoffRate",
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "JitterStrategy",
    "MaxAttempts",
    "MaxDelaySeconds",
  );
  const jitter = fields.string("JitterStrategy") ?? "NONE";
  if (jitter !== "FULL" && jitter !== "NONE") {
    fields.report("JitterStrategy", "Value should be one of the following: [FULL, NONE]");
  }
  return {
    errorEquals: fields.strings("ErrorEquals"),
    intervalSeconds: fields.number("IntervalSeconds", 1, secondsMax) ?? 1,
    maxAttempts: fields.number("MaxAttempts", 0, secondsMax) ?? 3,
    backoffRate: fields.number("BackoffRate", 1) ?? 2,
    maxDelaySeconds: fields.number("MaxDelaySeconds", 1, 31_622_400),
    jitter: jitter === "FULL" ? "FULL" : "NONE",
  };
}
