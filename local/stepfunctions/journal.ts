import type { Failure } from "./errors.ts";
import type { HistoryEvent } from "./history.ts";
import type { Json } from "./json.ts";

/** What a worker said about the task behind a token. */
export type TaskAnswer =
  | { readonly kind: "success"; readonly output: Json }
  | { readonly kind: "failure"; readonly failure: Failure };

/**
 * What an execution needs to go on after a restart, and AWS's history does not tell: where a state leads, what a map
 * had selected, until when something waits.
 */
export type Mark =
  /** With `…StateExited`; `null` ends the scope. */
  | { readonly kind: "exit"; readonly next: string | null }
  /** With `TaskScheduled` of a callback. */
  | { readonly kind: "token"; readonly token: string }
  /** With `MapStateStarted`: items and inputs may come from expressions that would now give something else. */
  | {
      readonly kind: "map";
      readonly items: readonly Json[];
      readonly inputs: readonly Json[];
      readonly concurrency: number;
    }
  /** With `ParallelStateStarted`. */
  | { readonly kind: "parallel"; readonly input: Json; readonly size: number }
  /** Alone. Epoch milliseconds. */
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "retry"; readonly failure: Failure; readonly at: number }
  /** Alone: a branch or an iteration failed, and with it the group. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Alone: the answer is promised to its sender before the execution has taken it. */
  | { readonly kind: "answer"; readonly answer: TaskAnswer };

/** A step of an execution as it is kept: an event of its history, a mark, or both. */
export interface JournalRecord {
  /** The scope's path: `""` is the machine, `"/0/3"` the iteration 3 in the branch 0. */
  readonly scope: string;
  readonly event: HistoryEvent | undefined;
  readonly mark: Mark | undefined;
}
