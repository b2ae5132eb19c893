import { type Cancellation, Cancelled } from "./cancellation.ts";
import { StateFailure } from "./errors.ts";
import type { Json } from "./json.ts";
import type { GroupSnapshot, ScopeSnapshot } from "./replay.ts";
import type { Frame, Visit } from "./visit.ts";

/** The branches of a Parallel or the iterations of a Map. */
export interface Group {
  readonly size: number;
  /** How many run at a time, at least 1. */
  readonly concurrency: number;
  /** How far it had come before a restart. */
  readonly earlier: GroupSnapshot | undefined;
  /** Starts one of them, or goes on with `earlier`. `previousEventId` is what made room for it: the group's start, or another's last event. */
  readonly start: (
    index: number,
    previousEventId: number,
    cancellation: Cancellation,
    earlier: ScopeSnapshot | undefined,
  ) => Frame;
  /** Records that one succeeded; returns the event that the group's next event follows. */
  readonly succeeded: (index: number, frame: Frame) => number;
  readonly failed: (index: number, frame: Frame) => void;
  readonly aborted: (index: number, frame: Frame) => void;
}

/**
 * Runs a group and returns the outputs in order. The first failure cancels the others and is thrown; the function
 * settles only when all of them have stopped.
 */
export async function runGroup(visit: Visit, group: Group): Promise<readonly Json[]> {
  const { child: cancellation, release } = visit.frame.cancellation.child();
  const running = new RunningGroup(visit, group, cancellation);
  const slots = Math.min(group.concurrency, group.size);
  try {
    await Promise.all(Array.from({ length: slots }, () => running.runSlot()));
  } finally {
    release();
  }
  return running.finish();
}

class RunningGroup {
  readonly #visit: Visit;
  readonly #group: Group;
  readonly #cancellation: Cancellation;
  readonly #outputs: Json[];
  readonly #frames = new Map<number, Frame>();
  readonly #startedEventId: number;
  /** Last events of those that succeeded, until another one starts in their place. */
  readonly #room: number[];
  /** Indexes that are left, those first that had started before a restart. */
  readonly #waiting: Iterator<number>;
  #failure: StateFailure | undefined;

  constructor(visit: Visit, group: Group, cancellation: Cancellation) {
    this.#visit = visit;
    this.#group = group;
    this.#cancellation = cancellation;
    this.#outputs = new Array(group.size);
    this.#startedEventId = group.earlier?.startedEventId ?? visit.frame.lastEventId;
    this.#room = [...(group.earlier?.room ?? [])];
    for (const [index, { closed, input }] of group.earlier?.children ?? [])
      if (closed) this.#outputs[index] = input;
    this.#waiting = waiting(group);
  }

  /** Runs one after another until none is left or the group is cancelled. */
  async runSlot(): Promise<void> {
    while (!this.#cancellation.cancelled) {
      const { value: index, done } = this.#waiting.next();
      if (done === true) return;
      try {
        const earlier = this.#group.earlier?.children.get(index);
        const previousEventId =
          earlier === undefined ? (this.#room.shift() ?? this.#startedEventId) : earlier.lastEventId;
        const frame = this.#group.start(index, previousEventId, this.#cancellation, earlier);
        this.#frames.set(index, frame);
        this.#outputs[index] = await this.#visit.run.runScope(frame);
        this.#frames.delete(index);
        this.#visit.frame.lastEventId = this.#group.succeeded(index, frame);
        this.#room.push(frame.lastEventId);
      } catch (thrown) {
        this.#stop(index, thrown);
      }
    }
  }

  finish(): readonly Json[] {
    this.#visit.frame.cancellation.throwIfCancelled();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#outputs;
  }

  #stop(index: number, thrown: unknown): void {
    if (thrown instanceof Cancelled) return;
    if (!(thrown instanceof StateFailure)) throw thrown;
    this.#failure = thrown;
    const failed = this.#frames.get(index);
    this.#frames.delete(index);
    try {
      this.#visit.run.trace.together(() => {
        this.#visit.note({ kind: "failed", failure: thrown.failure });
        if (failed !== undefined) {
          this.#visit.frame.lastEventId = failed.lastEventId;
          this.#group.failed(index, failed);
        }
        for (const [other, frame] of this.#frames) this.#abort(other, frame);
      });
    } catch (limit) {
      // The history has no room for these events; the execution is about to fail for that.
      if (!(limit instanceof StateFailure)) throw limit;
      this.#failure = limit;
    } finally {
      this.#cancellation.cancel();
    }
  }

  #abort(index: number, frame: Frame): void {
    const type = frame.graph.states.get(frame.stateName)?.type;
    if (type !== undefined) {
      const { trace } = this.#visit.run;
      const event = `${type}StateAborted` as const;
      frame.lastEventId = trace.record(event, frame.lastEventId, () => ({}), frame.path);
    }
    this.#group.aborted(index, frame);
  }
}

function* waiting({ size, earlier }: Group): Generator<number, undefined> {
  const children: ReadonlyMap<number, ScopeSnapshot> = earlier?.children ?? new Map();
  for (const [index, { closed }] of children) if (!closed) yield index;
  for (let index = 0; index < size; index += 1) if (!children.has(index)) yield index;
  return undefined;
}
