import type { Json } from "../json.ts";

/** The reserved variable `$states` of the state that is running. */
export interface StatesVariable {
  readonly input: Json;
  readonly result: Json | undefined;
  readonly errorOutput: Json | undefined;
  /** Built when an expression asks for it. */
  context(): Json;
}

/** What an expression can reach. */
export interface EvaluationScope {
  readonly states: StatesVariable;
  readonly variables: { get(name: string): Json | undefined };
  /** Epoch milliseconds, for `$now` and `$millis`. */
  now(): number;
  /** At least 0 and below 1, for `$random`, `$shuffle` and `$uuid`. */
  random(): number;
}
