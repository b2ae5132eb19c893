import { runGroup } from "../group.ts";
import type { Json } from "../json.ts";
import type { ParallelState } from "../machine.ts";
import { visitWithRecovery } from "../recovery.ts";
import type { AttemptSnapshot } from "../replay.ts";
import { Variables } from "../variables.ts";
import { type Frame, restoreFrame, type Visit } from "../visit.ts";

/** Runs every branch at once with the same input; the result lists their outputs in the branches' order. */
export function visitParallel(visit: Visit, state: ParallelState): Promise<string | undefined> {
  return visitWithRecovery(visit, state, (earlier) => attemptBranches(visit, state, earlier));
}

async function attemptBranches(
  visit: Visit,
  state: ParallelState,
  earlier: AttemptSnapshot | undefined,
): Promise<Json> {
  if (earlier?.kind === "done") return earlier.result;
  const group = earlier?.kind === "group" && earlier.start.kind === "parallel" ? earlier : undefined;
  const input = group?.start.kind === "parallel" ? group.start.input : await startBranches(visit, state);
  const outputs = await runGroup(visit, {
    size: state.branches.length,
    concurrency: Math.max(1, state.branches.length),
    earlier: group,
    start: (index, previousEventId, cancellation, snapshot) => {
      const graph = state.branches[index];
      if (graph === undefined) throw new Error(`there is no branch ${index}`);
      const frame: Frame = {
        path: `${visit.frame.path}/${index}`,
        graph,
        variables: new Variables(visit.variables),
        cancellation,
        mapItem: visit.frame.mapItem,
        stateName: graph.startAt,
        input,
        lastEventId: previousEventId,
      };
      return snapshot === undefined ? frame : restoreFrame(frame, snapshot);
    },
    succeeded: (_index, frame) => frame.lastEventId,
    failed: () => undefined,
    aborted: () => undefined,
  });
  // What follows the state follows its branches' last event, and not this one.
  const { path, lastEventId } = visit.frame;
  visit.run.trace.record("ParallelStateSucceeded", lastEventId, () => ({}), path);
  visit.wake();
  return outputs;
}

async function startBranches(visit: Visit, state: ParallelState): Promise<Json> {
  const input = state.arguments === undefined ? visit.input : await state.arguments.evaluate(visit);
  if (input !== visit.input) visit.checkSize(input);
  visit.record("ParallelStateStarted", () => ({}), { kind: "parallel", input, size: state.branches.length });
  return input;
}
