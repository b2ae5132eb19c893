import { errorNames, type Failure } from "./errors.ts";
import { type Integration, refusalOf, shownOutput, wireParameters } from "./integrations.ts";
import { isJsonObject, type Json, jsonBytes, payloadBytesMax } from "./json.ts";
import type { ServiceOutcome } from "./service-invoker.ts";
import type { PreparedTask, TaskReply } from "./task-attempt.ts";
import { dataLimitExceeded, type Visit } from "./visit.ts";

/** A call of an AWS API. Throws StateFailure when the arguments are none that could be sent. */
export function prepareServiceCall(
  visit: Visit,
  integration: Integration,
  callback: boolean,
  parameters: Json,
): PreparedTask {
  if (!isJsonObject(parameters)) {
    throw visit.failure(errorNames.runtime, "The Parameters of a service integration must be an object");
  }
  const { identity, services } = visit.run;
  const { resourceType, resource } = integration;
  const input = wireParameters(integration, parameters, [identity.executionArn, identity.stateMachineArn]);
  return {
    part: { resourceType, resource: callback ? `${resource}.waitForTaskToken` : resource },
    async call() {
      try {
        if (services === undefined) throw new Error("This engine calls no services but Lambda");
        const outcome = await services.call({
          service: integration.service,
          action: integration.action,
          parameters: input,
          roleArn: identity.roleArn,
          executionArn: identity.executionArn,
          stateName: visit.state.name,
          retryCount: visit.retryCount,
        });
        return replyOf(visit, integration, outcome);
      } catch (thrown) {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        return { failure: { error: `${integration.naming.prefix}.SdkClientException`, cause } };
      }
    },
  };
}

function replyOf(visit: Visit, integration: Integration, outcome: ServiceOutcome): TaskReply {
  if (outcome.kind === "refused") return { failure: refusalOf(integration, outcome) };
  const result = shownOutput(integration, outcome.output);
  const failed = failedEntries(integration, result);
  if (failed !== undefined) return { failure: failed };
  const output = integration.naming.bare
    ? result
    : { ...result, ...httpMetadata(outcome, visit.run.clock.now()) };
  if (jsonBytes(output) > payloadBytesMax) {
    return { failure: dataLimitExceeded(integration.resourceType).failure };
  }
  return { output };
}

/** PutEvents succeeds when all its entries fail; the optimized integration does not. */
function failedEntries({ resourceType, resource }: Integration, result: Json): Failure | undefined {
  if (resourceType !== "events" || resource !== "putEvents" || !isJsonObject(result)) return undefined;
  const { FailedEntryCount: count } = result;
  if (typeof count !== "number" || count === 0) return undefined;
  return { error: "EventBridge.FailedEntry", cause: JSON.stringify(result) };
}

function httpMetadata(
  {
    requestId,
    contentLength,
    contentType,
    statusCode,
  }: Extract<ServiceOutcome, { readonly kind: "answered" }>,
  now: number,
): { readonly [key: string]: Json } {
  const headers = {
    Connection: "keep-alive",
    "Content-Length": String(contentLength),
    "Content-Type": contentType,
    Date: new Date(now).toUTCString(),
    "x-amzn-RequestId": requestId,
  };
  return {
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      HttpHeaders: headers,
      HttpStatusCode: statusCode,
    },
    SdkResponseMetadata: { RequestId: requestId },
  };
}
