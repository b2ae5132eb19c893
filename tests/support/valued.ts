import type { Result } from "#core/kernel/result.ts";

/** What came out of what a test expects to be well. @throws Error that says why it was not. */
export function valued<Value>(result: Result<Value, unknown>): Value {
  if (result.ok) return result.value;
  throw new Error(typeof result.error === "string" ? result.error : JSON.stringify(result.error));
}
