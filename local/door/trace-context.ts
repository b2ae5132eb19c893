import { AsyncLocalStorage } from "node:async_hooks";

const traces = new AsyncLocalStorage<string>();

/**
 * Runs an engine's answer under the trace header of its call. What the engine does because of the call, also later
 * and also in the background, keeps it: an execution that one request started invokes its tasks under that trace.
 */
export function underTrace<T>(header: string | undefined, run: () => T): T {
  return header === undefined ? run() : traces.run(header, run);
}

/** The `X-Amzn-Trace-Id` of the call that caused what runs now. */
export const currentTrace = (): string | undefined => traces.getStore();
