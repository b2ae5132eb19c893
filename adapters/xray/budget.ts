import { type Context, createContextKey, TraceFlags, trace } from "@opentelemetry/api";
import { type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace-base";

/** Steps of one name that a trace shows: a file has thousands of batches, and the first ones tell how long one takes. */
const ofOneNameMax = 20;
/** Steps that it shows in all: about a hundred kilobytes, where X-Ray takes five hundred. */
const shownMax = 250;

/** What one trace may show. What is beyond is counted by name. */
export class Budget {
  readonly #shown = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();
  #inAll = 0;

  /** @returns whether one more step of this name is shown */
  take(name: string): boolean {
    const shown = this.#shown.get(name) ?? 0;
    if (shown >= ofOneNameMax || this.#inAll >= shownMax) {
      this.leaveOut(name);
      return false;
    }
    this.#inAll += 1;
    this.#shown.set(name, shown + 1);
    return true;
  }

  /** Names are those of this program's own steps: some dozens. */
  leaveOut(name: string): void {
    this.#leftOut.set(name, (this.#leftOut.get(name) ?? 0) + 1);
  }

  /** How many steps of which name are not shown. */
  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }
}

const key = createContextKey("what the trace may show");

export const withBudget = (context: Context, budget: Budget): Context => context.setValue(key, budget);

/** Undefined outside of a traced work. */
export const budgetIn = (context: Context): Budget | undefined => context.getValue(key) as Budget | undefined;

/** Shows each work, and of its steps as many as its budget has. What is asked outside of works, by pollers above all, is in no trace. */
export const withinBudget: Sampler = {
  shouldSample(context, _traceId, name) {
    const budget = budgetIn(context);
    if (budget === undefined) return { decision: SamplingDecision.NOT_RECORD };
    const parent = trace.getSpanContext(context);
    // A step within one that is not shown would hang in the air.
    const isHidden = parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) === 0;
    if (isHidden) budget.leaveOut(name);
    const isShown = !isHidden && budget.take(name);
    return { decision: isShown ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  },
  toString: () => "WithinBudget",
};
