import { InvalidPattern, isObject, type Leaf, type Matcher, matcherOf } from "./matchers.ts";

/** Says whether an event matches. */
export type EventPattern = (event: unknown) => boolean;

/** Keys nested deeper than this are refused: every pattern is walked by recursion. */
const depthMax = 100;

/**
 * Compiles a pattern of EventBridge, which event source mappings and Pipes use too.
 * `text`: JSON text of an object.
 * @throws InvalidPattern when AWS would refuse it.
 */
export function compilePattern(text: string): EventPattern {
  return compileObject(parsed(text), 0);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new InvalidPattern("an event pattern is JSON", { cause: thrown });
  }
}

function compileObject(pattern: unknown, depth: number): EventPattern {
  if (!isObject(pattern)) throw new InvalidPattern("an event pattern is an object, and its leaves are lists");
  if (depth > depthMax) throw new InvalidPattern(`an event pattern has ${depthMax} levels at most`);
  const entries = Object.entries(pattern);
  if (entries.length === 0 && depth > 0) throw new InvalidPattern("an object of a pattern is not empty");
  const tests = entries.map(([key, value]) => compileEntry(key, value, depth));
  return (event) => tests.every((test) => test(event));
}

function compileEntry(key: string, value: unknown, depth: number): EventPattern {
  if (key === "$or" && Array.isArray(value)) {
    if (value.length < 2) throw new InvalidPattern("$or holds two patterns at least");
    const alternatives = value.map((each) => compileObject(each, depth + 1));
    return (event) => alternatives.some((alternative) => alternative(event));
  }
  if (Array.isArray(value)) {
    if (value.length === 0) throw new InvalidPattern(`the list of ${key} is empty`);
    const matchers = value.map(matcherOf);
    return (event) => members(event, key).some((member) => matchesLeaf(matchers, member));
  }
  const inner = compileObject(value, depth + 1);
  return (event) => members(event, key).some((member) => inner(member));
}

/** The member of an object, or that of each object of a list: EventBridge looks through lists. */
function members(event: unknown, key: string): readonly unknown[] {
  if (Array.isArray(event)) {
    const found = event.flatMap((each) => members(each, key)).filter((member) => member !== undefined);
    return found.length > 0 ? found : [undefined];
  }
  return [isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined];
}

/** A list matches when one of its elements does. `exists` is about leaves: an object is none. */
function matchesLeaf(matchers: readonly Matcher[], member: unknown): boolean {
  if (Array.isArray(member)) {
    const leaves = member.length === 0 ? [undefined] : member.map(leafOf);
    return leaves.some((leaf) => matchers.some((matches) => matches(leaf)));
  }
  return matchers.some((matches) => matches(leafOf(member)));
}

function leafOf(member: unknown): Leaf {
  return typeof member === "object" && member !== null ? undefined : (member as Leaf);
}
