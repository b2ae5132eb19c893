import type { EventPattern } from "../event-patterns/pattern.ts";

/** True when there is no filter, or one of them matches. */
export function passes(filters: readonly EventPattern[], view: () => unknown): boolean {
  if (filters.length === 0) return true;
  const event = view();
  return filters.some((matches) => matches(event));
}

/**
 * The body of a message or the data of a record as a filter sees it: an object when it is the JSON of one, else its
 * text. A pattern for the one never matches the other, so that Lambda drops it.
 */
export function filterable(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : text;
  } catch {
    return text;
  }
}
