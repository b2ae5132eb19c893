import { InvalidPattern, isObject } from "../event-patterns/matchers.ts";
import { compilePattern } from "../event-patterns/pattern.ts";
import { Refusal } from "../process/refusal.ts";
import type { FilterScope } from "./topic-plan.ts";

/** SNS's own limits. Source: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
const keysMax = 5;
const combinationsMax = 150;
const numberMax = 1e9;

/** What SNS knows of EventBridge's operators. */
const operators = ["prefix", "suffix", "equals-ignore-case", "exists", "numeric", "anything-but", "cidr"];

/** Says whether a publication passes: its attributes, or its body. */
export type FilterPolicy = (view: unknown) => boolean;

/**
 * Compiles a subscription's filter policy. Its language is EventBridge's with less in it: fewer operators, five keys,
 * smaller numbers, and nothing nested over attributes.
 * `text`: JSON text of an object.
 * @throws Refusal when SNS would refuse it.
 */
export function compileFilterPolicy(text: string, scope: FilterScope): FilterPolicy {
  try {
    const matches = compilePattern(text);
    check(JSON.parse(text), scope);
    return matches;
  } catch (thrown) {
    if (!(thrown instanceof InvalidPattern)) throw thrown;
    throw new Refusal(
      `the plan filters an SNS subscription by ${text}, which SNS refuses: ${thrown.message}`,
      {
        cause: thrown,
      },
    );
  }
}

/** One list of a policy: where it stands, and what is in it. */
interface Leaf {
  readonly key: string;
  /** 1 at the top. */
  readonly level: number;
  readonly values: readonly unknown[];
}

function check(policy: unknown, scope: FilterScope): void {
  const alternatives = alternativesIn(policy, 1);
  const leaves = alternatives.flat();
  if (new Set(leaves.map(({ key }) => key)).size > keysMax) {
    throw new InvalidPattern(`a filter policy has ${keysMax} keys at most`);
  }
  if (scope === "MessageAttributes" && leaves.some(({ level }) => level > 1)) {
    throw new InvalidPattern("a filter policy over attributes is not nested");
  }
  const combinations = alternatives.reduce((sum, each) => sum + combinationsOf(each, scope), 0);
  if (combinations > combinationsMax) {
    throw new InvalidPattern(`a filter policy has ${combinationsMax} combinations of values at most`);
  }
  for (const value of leaves.flatMap(({ values }) => values)) checkValue(value);
}

/** The lists of each alternative: `$or` multiplies the alternatives of what stands beside it. */
function alternativesIn(policy: unknown, level: number, path = ""): readonly (readonly Leaf[])[] {
  let alternatives: readonly (readonly Leaf[])[] = [[]];
  for (const [key, value] of Object.entries(isObject(policy) ? policy : {})) {
    const added =
      key === "$or" && Array.isArray(value)
        ? value.flatMap((each) => alternativesIn(each, level, path))
        : Array.isArray(value)
          ? [[{ key: `${path}${key}`, level, values: value }]]
          : alternativesIn(value, level + 1, `${path}${key}.`);
    alternatives = alternatives.flatMap((known) => added.map((more) => [...known, ...more]));
  }
  return alternatives;
}

/** In a body, a list counts once for each level that it lies deep. */
const combinationsOf = (leaves: readonly Leaf[], scope: FilterScope): number =>
  leaves.reduce(
    (product, { level, values }) => product * values.length * (scope === "MessageBody" ? level : 1),
    1,
  );

function checkValue(value: unknown): void {
  if (typeof value === "number") checkNumber(value);
  if (!isObject(value)) return;
  for (const [operator, operand] of Object.entries(value)) {
    if (!operators.includes(operator)) throw new InvalidPattern(`unrecognized match type ${operator}`);
    if (operator === "anything-but" && isObject(operand) && !("prefix" in operand)) {
      throw new InvalidPattern("anything-but takes texts, numbers or a prefix");
    }
    for (const each of Array.isArray(operand) ? operand : [operand]) {
      if (typeof each === "number") checkNumber(each);
    }
  }
}

function checkNumber(value: number): void {
  if (Math.abs(value) > numberMax) {
    throw new InvalidPattern(`numbers of a filter policy are between -${numberMax} and ${numberMax}`);
  }
}
