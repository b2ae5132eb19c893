import { errorNames, type Failure, StateFailure, shownFailure } from "./errors.ts";
import type { TaskAnswer } from "./journal.ts";
import type { Json } from "./json.ts";
import type { TaskSnapshot } from "./replay.ts";
import type { Visit } from "./visit.ts";

/** Limits of one attempt, in seconds. Only a callback sends heartbeats; for other tasks they are recorded. */
export interface TaskLimits {
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
}

export type TaskReply = { readonly output: Json } | { readonly failure: Failure };

/** A task whose arguments are read: what its events call it, and the call itself. */
export interface PreparedTask {
  readonly part: { readonly resourceType: string; readonly resource: string };
  /** Never rejects. */
  readonly call: () => Promise<TaskReply>;
}

/** One attempt at a task. `earlier` is how far it had come before a restart. */
export interface TaskAttempt {
  readonly parameters: Json;
  readonly limits: TaskLimits;
  readonly earlier: TaskSnapshot | undefined;
}

export const timedOut: Failure = { error: errorNames.timeout, cause: undefined };
/** AWS shows a missed heartbeat as `States.Timeout`, and documents the other name for retriers and catchers. */
const heartbeatMissed: Failure = { ...timedOut, alias: errorNames.heartbeatTimeout };

/** What `…Scheduled` events say of the limits. */
export function eventLimits({ timeoutSeconds, heartbeatSeconds }: TaskLimits): {
  timeoutInSeconds?: number;
  heartbeatInSeconds?: number;
} {
  return {
    ...(timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatInSeconds: heartbeatSeconds }),
  };
}

export function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** Calls a service and returns its result. A call that a restart cut off is made again, with its whole time. */
export async function requestResponse(
  visit: Visit,
  { part, call }: PreparedTask,
  attempt: TaskAttempt,
): Promise<Json> {
  schedule(visit, part, attempt, undefined);
  const timeoutMs = milliseconds(attempt.limits.timeoutSeconds);
  const reply = await visit.frame.cancellation.wait(call(), visit.run.clock, timeoutMs);
  return finish(visit, part, reply ?? { failure: timedOut });
}

/** Calls a service with a token, and returns what the token's holder sends back. */
export async function waitForTaskToken(
  visit: Visit,
  { part, call }: PreparedTask,
  attempt: TaskAttempt,
): Promise<Json> {
  const { callbacks, clock } = visit.run;
  const token = visit.taskToken;
  if (callbacks === undefined || token === undefined)
    throw new Error("a callback needs a desk for its token");
  const { earlier, limits } = attempt;
  const timeoutMs = milliseconds(limits.timeoutSeconds) ?? Number.POSITIVE_INFINITY;
  const deadline = (earlier?.scheduledAt ?? clock.now()) + timeoutMs;
  const leftMs = (): number | undefined =>
    deadline === Infinity ? undefined : Math.max(0, deadline - clock.now());
  schedule(visit, part, attempt, token);
  if (earlier?.answer !== undefined) return finish(visit, part, replyOf(earlier.answer));
  // Before the call: the answer may overtake its result.
  const waiting = callbacks.open(token, (answer) => visit.note({ kind: "answer", answer }));
  try {
    if (earlier?.submitted !== true) {
      const reply = await visit.frame.cancellation.wait(call(), clock, leftMs());
      if (reply === undefined || "failure" in reply)
        return finish(visit, part, reply ?? { failure: timedOut });
      visit.record("TaskSubmitted", () => ({ ...part, output: reply.output }));
      visit.wake();
    }
    let beats = 0;
    let heartAt = clock.now();
    waiting.onHeartbeat(() => {
      beats += 1;
      heartAt = clock.now();
    });
    const heartbeatMs = milliseconds(limits.heartbeatSeconds) ?? Number.POSITIVE_INFINITY;
    // Bounded by the heartbeats that arrive and by the execution's own time.
    for (;;) {
      const known = beats;
      const until = Math.min(deadline, heartAt + heartbeatMs);
      const waitMs = until === Infinity ? undefined : Math.max(0, until - clock.now());
      const answer = await visit.frame.cancellation.wait(waiting.answer, clock, waitMs);
      if (answer !== undefined) return finish(visit, part, replyOf(answer));
      if (clock.now() >= deadline) return finish(visit, part, { failure: timedOut });
      if (beats === known) return finish(visit, part, { failure: heartbeatMissed });
    }
  } finally {
    waiting.close();
  }
}

function schedule(
  visit: Visit,
  part: PreparedTask["part"],
  { parameters, limits, earlier }: TaskAttempt,
  token: string | undefined,
): void {
  if (earlier === undefined) {
    const region = visit.run.identity.stateMachineArn.split(":")[3] ?? "";
    visit.record(
      "TaskScheduled",
      () => ({ ...part, region, parameters, ...eventLimits(limits) }),
      token === undefined ? undefined : { kind: "token", token },
    );
  }
  if (earlier?.started !== true) visit.record("TaskStarted", () => part);
}

function finish(visit: Visit, part: PreparedTask["part"], reply: TaskReply): Json {
  if ("output" in reply) {
    visit.record("TaskSucceeded", () => ({ ...part, output: reply.output }));
    visit.wake();
    return reply.output;
  }
  const { failure } = reply;
  const type = failure === timedOut || failure === heartbeatMissed ? "TaskTimedOut" : "TaskFailed";
  visit.record(type, () => ({ ...part, ...shownFailure(failure) }));
  throw new StateFailure(failure);
}

function replyOf(answer: TaskAnswer): TaskReply {
  return answer.kind === "success" ? { output: answer.output } : { failure: answer.failure };
}
