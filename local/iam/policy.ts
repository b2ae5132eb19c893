import { z } from "zod";
import type { AccessRequest } from "./access-request.ts";
import { type Condition, conditionOf } from "./condition.ts";
import { arnPatternOf, type Pattern, patternOf } from "./pattern.ts";
import { type PrincipalPattern, principalOf, principalSchema, type Requester } from "./principal.ts";
import { UnsupportedPolicy } from "./unsupported-policy.ts";

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]);
const conditionValue = z.union([z.string(), z.boolean()]).transform(String);
const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z
    .record(z.string(), z.record(z.string(), z.union([conditionValue, z.array(conditionValue)])))
    .optional(),
});
/** Not a union: of one that is not valid, it is said where and why. */
const oneOrList = <T>(schema: z.ZodType<T>) =>
  z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(schema));
// Version 2008 takes variables for text; nobody writes it into a role any more.
const documentSchema = z.strictObject({
  Version: z.literal("2012-10-17"),
  Id: z.string().optional(),
  Statement: oneOrList(statement),
});
const resourceStatement = statement.extend({ Principal: principalSchema });
const resourceDocument = z.strictObject({
  Version: z.enum(["2008-10-17", "2012-10-17"]).default("2008-10-17"),
  Id: z.string().optional(),
  Statement: oneOrList(resourceStatement),
});
/** Whom a role lets act in its name: what it is about is the role itself. */
const trustDocument = resourceDocument.extend({
  Statement: oneOrList(resourceStatement.omit({ Resource: true })),
});

/** One action on one resource that a statement names, with their wildcards as written. */
interface Grant {
  readonly action: string;
  readonly resource: string;
}

/** A statement, ready to be asked. */
export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly grants: readonly Grant[];
  /** In lower case: IAM does not distinguish `dynamodb:getitem`. */
  readonly actions: readonly string[];
  readonly action: Pattern;
  readonly resource: Pattern;
  readonly condition: Condition;
}

/** A statement of a policy that hangs on a resource. */
export interface ResourceStatement extends Statement {
  readonly principal: PrincipalPattern;
}

/**
 * The statements of a role's policy document, JSON text.
 * @throws UnsupportedPolicy when it is none, or says what is not known here: `NotAction`, an operator, a variable.
 */
export function statementsOf(document: string): readonly Statement[] {
  return checked(documentSchema, jsonOf(document)).Statement.map(statementOf);
}

/** The same of a resource's policy, as JSON text or as the object that it is. @throws UnsupportedPolicy too. */
export function resourceStatementsOf(document: unknown): readonly ResourceStatement[] {
  const read = typeof document === "string" ? jsonOf(document) : document;
  return checked(resourceDocument, read).Statement.map((each) => ({
    ...statementOf(each),
    principal: principalOf(each.Principal),
  }));
}

/** The same of a role's trust policy. @throws UnsupportedPolicy too. */
export function trustStatementsOf(document: string): readonly ResourceStatement[] {
  return checked(trustDocument, jsonOf(document)).Statement.map((each) => ({
    ...statementOf({ ...each, Resource: ["*"] }),
    principal: principalOf(each.Principal),
  }));
}

function checked<T>(schema: z.ZodType<T>, document: unknown): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UnsupportedPolicy(`${issue?.path.join(".")}: ${issue?.message}`);
}

function statementOf({ Effect, Action, Resource, Condition }: z.output<typeof statement>): Statement {
  const actions = Action.map((action) => action.toLowerCase());
  return {
    effect: Effect,
    grants: Action.flatMap((action) => Resource.map((resource) => ({ action, resource }))),
    actions,
    action: anyOf(actions.map((action) => patternOf(action))),
    resource: anyOf(Resource.map(arnPatternOf)),
    condition: conditionOf(Condition ?? {}),
  };
}

/** What policies say to a request. */
export type Verdict = "allowed" | "explicitly_denied" | "implicitly_denied";

/** `delegated`: it lets in whom the account's own policies let in. */
export type ResourceVerdict = Verdict | "delegated";

/** What the policy of a resource says to a request of somebody. An explicit deny wins; whom it does not name it does not let in. */
export function evaluateResource(
  statements: readonly ResourceStatement[],
  { action, resource, context }: AccessRequest,
  requester: Requester,
): ResourceVerdict {
  const name = action.toLowerCase();
  let verdict: ResourceVerdict = "implicitly_denied";
  for (const each of statements) {
    const match = each.principal(requester);
    if (match === "none" || !each.action(name) || !each.resource(resource) || !each.condition(context)) {
      continue;
    }
    if (each.effect === "Deny") return "explicitly_denied";
    if (verdict !== "allowed") verdict = match === "named" ? "allowed" : "delegated";
  }
  return verdict;
}

/** The policies of one role. An explicit deny wins over every allow, and what nothing allows is denied. */
export class Policies {
  readonly statements: readonly Statement[];
  /** Statements by the actions that were asked for: a role sees a handful of them, again and again. */
  readonly #byAction = new Map<string, readonly Statement[]>();

  constructor(statements: readonly Statement[]) {
    this.statements = statements;
  }

  evaluate({ action, resource, context }: AccessRequest): Verdict {
    let verdict: Verdict = "implicitly_denied";
    for (const statement of this.#about(action)) {
      if (verdict === "allowed" && statement.effect === "Allow") continue;
      if (!statement.resource(resource) || !statement.condition(context)) continue;
      if (statement.effect === "Deny") return "explicitly_denied";
      verdict = "allowed";
    }
    return verdict;
  }

  #about(action: string): readonly Statement[] {
    const known = this.#byAction.get(action);
    if (known !== undefined) return known;
    const name = action.toLowerCase();
    const found = this.statements.filter((each) => each.action(name));
    // A caller may invent actions: beyond these, they are looked up each time.
    if (this.#byAction.size < rememberedActionsMax) this.#byAction.set(action, found);
    return found;
  }
}

const rememberedActionsMax = 500;

const anyOf = (patterns: readonly Pattern[]): Pattern => {
  return (text) => patterns.some((matches) => matches(text));
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnsupportedPolicy("a document that is not JSON");
  }
}
