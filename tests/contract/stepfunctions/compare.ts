import { isJsonObject, type Json } from "#local/stepfunctions/json.ts";

/** Where `actual` first differs from `expected`, or `undefined`. */
export function difference(actual: unknown, expected: Json, at: string): string | undefined {
  if (expected === "<any>") return actual === undefined ? `${at}: missing` : undefined;
  if (typeof expected === "string" && expected.includes("<any>")) {
    const parts = expected.split("<any>").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const matches = typeof actual === "string" && new RegExp(`^${parts.join(".*")}$`, "s").test(actual);
    return matches ? undefined : `${at}: ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (actual.length !== expected.length) return `${at}: ${actual.length} for ${expected.length} elements`;
    return first(expected.keys(), (index) => difference(actual[index], expected[index], `${at}[${index}]`));
  }
  if (isJsonObject(expected) && isJsonObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return first(keys, (key) => {
      const wanted = expected[key];
      return wanted === undefined
        ? `${at}.${key}: not expected`
        : difference(actual[key], wanted, `${at}.${key}`);
    });
  }
  return Object.is(actual, expected)
    ? undefined
    : `${at}: ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`;
}

function first<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
