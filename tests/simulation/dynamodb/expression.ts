import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type Item = Readonly<Record<string, AttributeValue>>;

/** What an expression's names and values stand for. */
export interface Placeholders {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

type Term =
  | { readonly test: "exists" | "missing"; readonly path: string }
  | { readonly test: "=" | ">=" | "missing or <="; readonly path: string; readonly value: string };

/** The one term that the adapters bracket. */
const fencePattern = /^\(attribute_not_exists\((\w+)\) OR (\w+) <= (:\w+)\)$/;

/** Expressions that the adapters send are few, and are sent again and again. */
const parsed = new Map<string, readonly Term[]>();

/**
 * Evaluates a ConditionExpression of what the adapters use: `attribute_exists`, `attribute_not_exists`, `=`, `>=`
 * and AND, and the fence of epochs, on top-level attributes. As in DynamoDB, a comparison with an attribute that is missing, or of another
 * type, is false.
 * @throws Error for anything else: an expression that this cannot evaluate must not pass for one that holds.
 */
export function holds(expression: string, item: Item | undefined, placeholders: Placeholders): boolean {
  return termsOf(expression).every((term) => {
    const stored = item?.[nameOf(term.path, placeholders)];
    switch (term.test) {
      case "exists":
        return stored !== undefined;
      case "missing":
        return stored === undefined;
      case "=":
        return stored !== undefined && isEqual(stored, valueNamed(term.value, placeholders));
      case ">=":
        return stored !== undefined && isAtLeast(stored, valueNamed(term.value, placeholders));
      case "missing or <=":
        return stored === undefined || isAtLeast(valueNamed(term.value, placeholders), stored);
    }
    return false;
  });
}

const functionPattern = /^attribute_(exists|not_exists)\((#?\w+)\)$/;
const comparisonPattern = /^(#?\w+) (=|>=) (:\w+)$/;

function termsOf(expression: string): readonly Term[] {
  const known = parsed.get(expression);
  if (known !== undefined) return known;
  const terms = expression.split(" AND ").map(termOf);
  parsed.set(expression, terms);
  return terms;
}

function termOf(text: string): Term {
  const [, kind, subject = ""] = functionPattern.exec(text) ?? [];
  if (kind !== undefined) return { test: kind === "exists" ? "exists" : "missing", path: subject };
  const [, missing, bounded, bound = ""] = fencePattern.exec(text) ?? [];
  if (missing !== undefined && missing === bounded)
    return { test: "missing or <=", path: missing, value: bound };
  const [, path = "", operator, value = ""] = comparisonPattern.exec(text) ?? [];
  if (operator === "=" || operator === ">=") return { test: operator, path, value };
  throw new Error(`the simulated DynamoDB does not know the condition "${text}"`);
}

/**
 * Applies an UpdateExpression of the one form that the adapters use: `SET path = :value ADD path :value, …`, sums of
 * numbers.
 * A missing attribute counts as 0, and a missing item as one that has nothing but its key.
 */
export function updated(
  expression: string,
  key: Item,
  item: Item | undefined,
  placeholders: Placeholders,
): Item {
  const [, set = "", to = "", list] = /^SET (\w+) = (:\w+) ADD (.*)$/.exec(expression) ?? [];
  if (list === undefined) throw new Error(`the simulated DynamoDB does not know the update "${expression}"`);
  const after: Record<string, AttributeValue> = {
    ...key,
    ...item,
    [set]: valueNamed(to, placeholders),
  };
  for (const part of list.split(", ")) {
    const [path = "", value = ""] = part.split(" ");
    const name = nameOf(path, placeholders);
    const sum = numberOf(after[name] ?? { N: "0" }) + numberOf(valueNamed(value, placeholders));
    after[name] = { N: String(sum) };
  }
  return after;
}

function nameOf(path: string, { ExpressionAttributeNames: names }: Placeholders): string {
  if (!path.startsWith("#")) return path;
  const name = names?.[path];
  if (name === undefined) throw new Error(`${path} is not among the expression's names`);
  return name;
}

function valueNamed(
  placeholder: string,
  { ExpressionAttributeValues: values }: Placeholders,
): AttributeValue {
  const value = values?.[placeholder];
  if (value === undefined) throw new Error(`${placeholder} is not among the expression's values`);
  return value;
}

function isEqual(a: AttributeValue, b: AttributeValue): boolean {
  if (a.N !== undefined && b.N !== undefined) return numberOf(a) === numberOf(b);
  return a.S !== undefined && a.S === b.S;
}

const isAtLeast = (a: AttributeValue, b: AttributeValue): boolean =>
  a.N !== undefined && b.N !== undefined && numberOf(a) >= numberOf(b);

/** Integers of any size, exactly: counters and rooms have no fractions. */
function numberOf(value: AttributeValue): bigint {
  if (value.N === undefined) throw new Error(`${JSON.stringify(value)} is not a number`);
  return BigInt(value.N);
}
