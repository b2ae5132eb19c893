import type { Json } from "../json.ts";
import { callFunction, invokeLambda } from "../lambda.ts";
import { secondsMax, type TaskState } from "../machine.ts";
import { visitWithRecovery } from "../recovery.ts";
import type { Visit } from "../visit.ts";

export function visitTask(visit: Visit, state: TaskState): Promise<string | undefined> {
  return visitWithRecovery(visit, state, () => attemptTask(visit, state));
}

async function attemptTask(visit: Visit, state: TaskState): Promise<Json> {
  const parameters = state.arguments === undefined ? visit.input : await state.arguments.evaluate(visit);
  const limits = {
    timeoutSeconds: await readSeconds(visit, state, "TimeoutSeconds"),
    heartbeatSeconds: await readSeconds(visit, state, "HeartbeatSeconds"),
  };
  return state.resource.kind === "lambda_invoke"
    ? invokeLambda(visit, parameters, limits)
    : callFunction(visit, state.resource.functionArn, parameters, limits);
}

async function readSeconds(
  visit: Visit,
  state: TaskState,
  field: "HeartbeatSeconds" | "TimeoutSeconds",
): Promise<number | undefined> {
  const template = field === "TimeoutSeconds" ? state.timeoutSeconds : state.heartbeatSeconds;
  return template === undefined ? undefined : visit.number(template, field, 1, secondsMax);
}
