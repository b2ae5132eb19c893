import { runGroup } from "../group.ts";
import type { Json } from "../json.ts";
import type { ParallelState } from "../machine.ts";
import { visitWithRecovery } from "../recovery.ts";
import { Variables } from "../variables.ts";
import type { Visit } from "../visit.ts";

/** Runs every branch at once with the same input; the result lists their outputs in the branches' order. */
export function visitParallel(visit: Visit, state: ParallelState): Promise<string | undefined> {
  return visitWithRecovery(visit, state, () => attemptBranches(visit, state));
}

async function attemptBranches(visit: Visit, state: ParallelState): Promise<Json> {
  const input = state.arguments === undefined ? visit.input : await state.arguments.evaluate(visit);
  visit.record("ParallelStateStarted", () => ({}));
  const outputs = await runGroup(visit, {
    size: state.branches.length,
    concurrency: Math.max(1, state.branches.length),
    start: (index, previousEventId, cancellation) => {
      const graph = state.branches[index];
      if (graph === undefined) throw new Error(`there is no branch ${index}`);
      return {
        graph,
        variables: new Variables(visit.variables),
        cancellation,
        mapItem: visit.frame.mapItem,
        stateName: graph.startAt,
        input,
        lastEventId: previousEventId,
      };
    },
    succeeded: (_index, frame) => frame.lastEventId,
    failed: () => undefined,
    aborted: () => undefined,
  });
  // What follows the state follows its branches' last event, and not this one.
  visit.run.trace.record("ParallelStateSucceeded", visit.frame.lastEventId, () => ({}));
  visit.wake();
  return outputs;
}
