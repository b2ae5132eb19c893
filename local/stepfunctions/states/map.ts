import { EvaluationError } from "../errors.ts";
import { runGroup } from "../group.ts";
import type { Json } from "../json.ts";
import { type MapState, secondsMax } from "../machine.ts";
import { visitWithRecovery } from "../recovery.ts";
import type { AttemptSnapshot, GroupSnapshot } from "../replay.ts";
import { Variables } from "../variables.ts";
import { type Frame, restoreFrame, type Visit } from "../visit.ts";

/** Iterations that AWS runs at a time in an inline map that sets no MaxConcurrency, or 0. */
const concurrencyMax = 40;

/** Runs the processor for each item; the result lists the outputs in the items' order. */
export function visitMap(visit: Visit, state: MapState): Promise<string | undefined> {
  return visitWithRecovery(visit, state, (earlier) => attemptIterations(visit, state, earlier));
}

type Started = Extract<GroupSnapshot["start"], { readonly kind: "map" }>;

async function attemptIterations(
  visit: Visit,
  state: MapState,
  earlier: AttemptSnapshot | undefined,
): Promise<Json> {
  if (earlier?.kind === "done") return earlier.result;
  const group = earlier?.kind === "group" && earlier.start.kind === "map" ? earlier : undefined;
  const { items, inputs, concurrency } =
    group?.start.kind === "map" ? group.start : await startIterations(visit, state);
  const { trace } = visit.run;
  const { name, processor } = state;
  const { path } = visit.frame;
  const outputs = await runGroup(visit, {
    size: items.length,
    concurrency,
    earlier: group,
    start: (index, previousEventId, cancellation, snapshot) => {
      const frame: Frame = {
        path: `${path}/${index}`,
        graph: processor,
        variables: new Variables(visit.variables),
        cancellation,
        mapItem: { index, value: items[index] as Json },
        stateName: processor.startAt,
        input: inputs[index] as Json,
        lastEventId: previousEventId,
      };
      if (snapshot !== undefined) return restoreFrame(frame, snapshot);
      frame.lastEventId = trace.record("MapIterationStarted", previousEventId, () => ({ name, index }), path);
      return frame;
    },
    succeeded: (index, { lastEventId }) =>
      trace.record("MapIterationSucceeded", lastEventId, () => ({ name, index }), path),
    failed: (index, { lastEventId }) =>
      trace.record("MapIterationFailed", lastEventId, () => ({ name, index }), path),
    aborted: (index, { lastEventId }) =>
      trace.record("MapIterationAborted", lastEventId, () => ({ name, index }), path),
  });
  // What follows the state follows its last iteration, and not this event.
  trace.record("MapStateSucceeded", visit.frame.lastEventId, () => ({}), path);
  visit.wake();
  return outputs;
}

async function startIterations(visit: Visit, state: MapState): Promise<Started> {
  const items = await readItems(visit, state);
  const concurrency = await readLimits(visit, state);
  const inputs = await selectInputs(visit, state, items);
  const started: Started = { kind: "map", items, inputs, concurrency };
  visit.record("MapStateStarted", () => ({ length: items.length }), started);
  return started;
}

async function readItems(visit: Visit, state: MapState): Promise<readonly Json[]> {
  const items = state.items === undefined ? visit.input : await state.items.evaluate(visit);
  if (Array.isArray(items)) return items;
  throw (
    state.items?.expression?.unexpectedType("array", items) ??
    new EvaluationError(`Map state input must be an array but was: ${JSON.stringify(items)}`, undefined)
  );
}

async function readLimits(visit: Visit, state: MapState): Promise<number> {
  for (const { field, limit } of state.tolerances) {
    await visit.number(limit, field, 0, field === "ToleratedFailureCount" ? secondsMax : 100);
  }
  if (state.maxConcurrency === undefined) return concurrencyMax;
  const asked = await visit.number(state.maxConcurrency, "MaxConcurrency", 0, secondsMax);
  return asked === 0 ? concurrencyMax : Math.min(asked, concurrencyMax);
}

async function selectInputs(visit: Visit, state: MapState, items: readonly Json[]): Promise<readonly Json[]> {
  if (state.itemSelector === undefined) return items;
  const inputs: Json[] = [];
  try {
    for (const [index, value] of items.entries()) {
      visit.selectedItem = { index, value };
      const input = await state.itemSelector.evaluate(visit);
      visit.checkSize(input);
      inputs.push(input);
    }
  } finally {
    visit.selectedItem = undefined;
  }
  return inputs;
}
