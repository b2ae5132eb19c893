import { randomUUID } from "node:crypto";
import { z } from "zod";
import { currentTrace } from "./door/trace-context.ts";
import { messageOf } from "./iam/denial.ts";
import type { Guard } from "./iam/guard.ts";
import type { LambdaService } from "./lambda/service.ts";
import { LambdaServiceError } from "./lambda/service-error.ts";
import { inputsOf, outputsOf, resourcesOf } from "./plan/load.ts";
import type { Plan } from "./plan/plan.ts";
import { Refusal } from "./process/refusal.ts";
import { systemClock } from "./stepfunctions/clock.ts";
import { InvalidDefinition } from "./stepfunctions/compile/diagnostics.ts";
import type { LambdaInvocation, LambdaOutcome } from "./stepfunctions/invoker.ts";
import { type StepFunctionsPorts, StepFunctionsService } from "./stepfunctions/service.ts";
import { UnreadableStore } from "./stepfunctions/store.ts";

const machineInputs = z.object({
  name: z.string(),
  type: z.enum(["EXPRESS", "STANDARD"]).default("STANDARD"),
  definition: z.string(),
  roleArn: z.string(),
});
const machineOutputs = z.object({ arn: z.string().startsWith("arn:aws:states:") });

/**
 * Step Functions with the plan's state machines, their tasks run by the plan's functions that each one's role may invoke.
 * @throws Refusal when a definition is not one that Step Functions would take, or the store is damaged.
 */
export function stepFunctionsOf(
  plan: Plan,
  lambda: LambdaService,
  guard: Guard,
  ports: Pick<StepFunctionsPorts, "onBilled" | "onStatusChange" | "services" | "storeFile">,
): StepFunctionsService {
  const service = openService({
    clock: systemClock,
    invoker: { invoke: (invocation) => invokeTask(lambda, guard, invocation) },
    ...ports,
  });
  for (const resource of resourcesOf(plan, "aws:sfn/stateMachine:StateMachine")) {
    const { arn } = outputsOf(resource, machineOutputs);
    try {
      service.createStateMachine({ ...inputsOf(resource, machineInputs), arn });
    } catch (thrown) {
      if (!(thrown instanceof InvalidDefinition)) throw thrown;
      throw new Refusal(`the plan's state machine ${resource.name} is not valid: ${thrown.message}`, {
        cause: thrown,
      });
    }
  }
  return service;
}

function openService(ports: StepFunctionsPorts): StepFunctionsService {
  try {
    return new StepFunctionsService(ports);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableStore)) throw thrown;
    throw new Refusal(`${ports.storeFile} is damaged: wipe all local state with "npm start -- --fresh"`, {
      cause: thrown,
    });
  }
}

async function invokeTask(
  lambda: LambdaService,
  guard: Guard,
  { functionName, qualifier, payload, roleArn }: LambdaInvocation,
): Promise<LambdaOutcome> {
  const name = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
  const trace = currentTrace();
  const requestId = randomUUID();
  const denial = guard.refuseInvocation({ roleArn }, name);
  if (denial !== undefined) {
    const cause = `${messageOf(denial)} (Service: Lambda, Status Code: 403, Request ID: ${requestId})`;
    return { kind: "refused", error: "AWSLambdaException", cause };
  }
  try {
    const result = await lambda.invoke(name, payload, { requestId, ...(trace !== undefined && { trace }) });
    return {
      kind: result.functionError === undefined ? "returned" : "function_error",
      payload: result.payload,
      executedVersion: "$LATEST",
      requestId,
    };
  } catch (thrown) {
    if (!(thrown instanceof LambdaServiceError)) throw thrown;
    return { kind: "refused", error: thrown.name, cause: thrown.message };
  }
}
