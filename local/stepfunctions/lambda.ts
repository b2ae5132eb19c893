import { errorNames, type Failure, StateFailure } from "./errors.ts";
import type { LambdaInvocation, LambdaOutcome } from "./invoker.ts";
import { exceedsBytes, isJsonObject, type Json, payloadBytesMax } from "./json.ts";
import { eventLimits, milliseconds, type PreparedTask, type TaskAttempt, timedOut } from "./task-attempt.ts";
import { dataLimitExceeded, type Visit } from "./visit.ts";

type Answer = Extract<LambdaOutcome, { readonly kind: "function_error" | "returned" }>;

/** `arn:aws:states:::lambda:invoke`: the arguments are those of Lambda's Invoke, the result is its response. */
export function prepareLambdaInvoke(visit: Visit, callback: boolean, parameters: Json): PreparedTask {
  const invocation = readArguments(visit, parameters);
  return {
    part: { resourceType: "lambda", resource: callback ? "invoke.waitForTaskToken" : "invoke" },
    async call() {
      const result = settle(await call(visit, invocation), "lambda");
      return "failure" in result ? result : { output: invokeResponse(visit, result.answer, result.value) };
    },
  };
}

/** A function's ARN as the resource: the arguments are its event, and the result is what it returns. */
export async function callFunction(
  visit: Visit,
  functionArn: string,
  { parameters: input, limits, earlier }: TaskAttempt,
): Promise<Json> {
  const invocation = { functionName: functionArn, qualifier: undefined, payload: JSON.stringify(input) };
  if (earlier === undefined) {
    visit.record("LambdaFunctionScheduled", () => ({ resource: functionArn, input, ...eventLimits(limits) }));
  }
  if (earlier?.started !== true) visit.record("LambdaFunctionStarted", () => ({}));
  const timeoutMs = milliseconds(limits.timeoutSeconds);
  const { cancellation } = visit.frame;
  const outcome = await cancellation.wait(call(visit, invocation), visit.run.clock, timeoutMs);
  if (outcome === undefined) {
    visit.record("LambdaFunctionTimedOut", () => timedOut);
    throw new StateFailure(timedOut);
  }
  const result = settle(outcome, functionArn);
  if ("failure" in result) {
    visit.record("LambdaFunctionFailed", () => result.failure);
    throw new StateFailure(result.failure);
  }
  visit.record("LambdaFunctionSucceeded", () => ({ output: result.value }));
  visit.wake();
  return result.value;
}

type Target = Pick<LambdaInvocation, "functionName" | "payload" | "qualifier">;

function readArguments(visit: Visit, parameters: Json): Target {
  const members = isJsonObject(parameters) ? parameters : {};
  const { FunctionName: functionName, Payload: payload, Qualifier: qualifier } = members;
  if (typeof functionName !== "string") {
    throw visit.failure(errorNames.runtime, "The field 'FunctionName' is required but was missing");
  }
  if (qualifier !== undefined && typeof qualifier !== "string") {
    throw visit.failure(errorNames.runtime, "The value for the field 'Qualifier' must be a STRING");
  }
  const event = payload ?? (Object.hasOwn(members, "Payload") ? null : {});
  if (exceedsBytes(event, payloadBytesMax)) throw dataLimitExceeded(visit.state.name);
  return { functionName, qualifier, payload: JSON.stringify(event) };
}

/** A function that nobody waits for any more runs on. */
function call(visit: Visit, target: Target): Promise<LambdaOutcome> {
  const { identity, invoker } = visit.run;
  const work = invoker.invoke({
    ...target,
    roleArn: identity.roleArn,
    executionArn: identity.executionArn,
    stateName: visit.state.name,
    retryCount: visit.retryCount,
  });
  // Lambda's client reports a call that could not be made in this way.
  return work.catch((error: unknown) => ({
    kind: "refused",
    error: "SdkClientException",
    cause: error instanceof Error ? error.message : String(error),
  }));
}

type Settled = { readonly answer: Answer; readonly value: Json } | { readonly failure: Failure };

function settle(outcome: LambdaOutcome, source: string): Settled {
  if (outcome.kind === "refused") {
    return { failure: { error: `Lambda.${outcome.error}`, cause: outcome.cause } };
  }
  if (Buffer.byteLength(outcome.payload) > payloadBytesMax) {
    return { failure: dataLimitExceeded(source).failure };
  }
  const value: Json = JSON.parse(outcome.payload);
  if (outcome.kind === "returned") return { answer: outcome, value };
  const error = isJsonObject(value) ? value["errorType"] : undefined;
  return { failure: { error: typeof error === "string" ? error : "Lambda.Unknown", cause: outcome.payload } };
}

/** The response of Lambda's Invoke as Step Functions shows it, with the HTTP headers that its client kept. */
function invokeResponse(visit: Visit, answer: Answer, payload: Json): Json {
  const now = visit.run.clock.now();
  const { executedVersion, requestId } = answer;
  const length = String(Buffer.byteLength(answer.payload));
  const date = new Date(now).toUTCString();
  const traceSeconds = Math.floor(now / 1_000).toString(16);
  const traceId = `Root=1-${traceSeconds}-${requestId.replaceAll("-", "").slice(0, 24)};Sampled=0`;
  return {
    ExecutedVersion: executedVersion,
    Payload: payload,
    SdkHttpMetadata: {
      AllHttpHeaders: {
        "X-Amz-Executed-Version": [executedVersion],
        "x-amzn-Remapped-Content-Length": ["0"],
        Connection: ["keep-alive"],
        "x-amzn-RequestId": [requestId],
        "Content-Length": [length],
        Date: [date],
        "X-Amzn-Trace-Id": [traceId],
        "Content-Type": ["application/json"],
      },
      HttpHeaders: {
        Connection: "keep-alive",
        "Content-Length": length,
        "Content-Type": "application/json",
        Date: date,
        "X-Amz-Executed-Version": executedVersion,
        "x-amzn-Remapped-Content-Length": "0",
        "x-amzn-RequestId": requestId,
        "X-Amzn-Trace-Id": traceId,
      },
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: requestId },
    StatusCode: 200,
  };
}
