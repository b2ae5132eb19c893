import type { Json } from "../json.ts";
import { callFunction, prepareLambdaInvoke } from "../lambda.ts";
import { secondsMax, type TaskState } from "../machine.ts";
import { visitWithRecovery } from "../recovery.ts";
import type { AttemptSnapshot } from "../replay.ts";
import { prepareServiceCall } from "../service-task.ts";
import { requestResponse, type TaskAttempt, waitForTaskToken } from "../task-attempt.ts";
import type { Visit } from "../visit.ts";

export function visitTask(visit: Visit, state: TaskState): Promise<string | undefined> {
  return visitWithRecovery(visit, state, (earlier) => attemptTask(visit, state, earlier));
}

export async function attemptTask(
  visit: Visit,
  state: TaskState,
  snapshot: AttemptSnapshot | undefined,
): Promise<Json> {
  if (snapshot?.kind === "done") return snapshot.result;
  const { resource } = state;
  const earlier = snapshot?.kind === "task" ? snapshot : undefined;
  if (resource.kind === "lambda_function") {
    return callFunction(visit, resource.functionArn, await readAttempt(visit, state, earlier));
  }
  const { callback } = resource;
  if (callback) visit.taskToken = earlier?.token ?? newToken(visit);
  const attempt = await readAttempt(visit, state, earlier);
  const task =
    resource.kind === "lambda_invoke"
      ? prepareLambdaInvoke(visit, callback, attempt.parameters)
      : prepareServiceCall(visit, resource.integration, callback, attempt.parameters);
  return callback ? waitForTaskToken(visit, task, attempt) : requestResponse(visit, task, attempt);
}

function newToken({ run }: Visit): string {
  if (run.callbacks === undefined) throw new Error("a callback needs a desk for its token");
  return run.callbacks.newToken(run.identity.executionArn);
}

/** What was scheduled before a restart is called with the same arguments, whatever its expressions would give now. */
async function readAttempt(
  visit: Visit,
  state: TaskState,
  earlier: TaskAttempt["earlier"],
): Promise<TaskAttempt> {
  if (earlier !== undefined) return { parameters: earlier.parameters, limits: earlier, earlier };
  const parameters = state.arguments === undefined ? visit.input : await state.arguments.evaluate(visit);
  if (parameters !== visit.input) visit.checkSize(parameters);
  const limits = {
    timeoutSeconds: await readSeconds(visit, state, "TimeoutSeconds"),
    heartbeatSeconds: await readSeconds(visit, state, "HeartbeatSeconds"),
  };
  return { parameters, limits, earlier };
}

async function readSeconds(
  visit: Visit,
  state: TaskState,
  field: "HeartbeatSeconds" | "TimeoutSeconds",
): Promise<number | undefined> {
  const template = field === "TimeoutSeconds" ? state.timeoutSeconds : state.heartbeatSeconds;
  return template === undefined ? undefined : visit.number(template, field, 1, secondsMax);
}
