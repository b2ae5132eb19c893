import { errorAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import type { InvokeOptions, InvokeResult } from "./service.ts";
import { LambdaServiceError } from "./service-error.ts";

/** The service behind the protocol. */
export interface Invocations {
  invoke(nameOrArn: string, payload: string, options: InvokeOptions): Promise<InvokeResult>;
  /** Accepts an event. @returns its request id. */
  invokeLater(nameOrArn: string, payload: string, options: Pick<InvokeOptions, "trace">): string;
  /** Throws what an invocation would be refused with. */
  check(nameOrArn: string, payload: string): void;
}

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
/** An invocation without a body gets this event. */
const emptyEvent = "{}";

/** Lambda's REST API: `Invoke`, and a clear answer to everything else. */
export async function handleCall(call: AwsCall, invocations: Invocations): Promise<AwsAnswer> {
  const url = new URL(call.path, "http://lambda");
  const name = invocationPath.exec(url.pathname)?.[1];
  if (call.method !== "POST" || name === undefined) {
    return notHere(`Lambda's ${call.action}`);
  }
  if (call.headers["x-amz-client-context"] !== undefined) return notHere("ClientContext");
  const payload = call.body.length === 0 ? emptyEvent : call.body.toString("utf8");
  if (!isJson(payload)) {
    return errorAnswer(
      "InvalidRequestContentException",
      "Could not parse request body into json: Unexpected content",
      400,
      { Type: "User" },
    );
  }
  const qualifier = url.searchParams.get("Qualifier");
  const nameOrArn = decoded(name) + (qualifier === null ? "" : `:${qualifier}`);
  try {
    return await answerOf(call, nameOrArn, payload, invocations);
  } catch (thrown) {
    if (!(thrown instanceof LambdaServiceError)) throw thrown;
    return errorAnswer(thrown.name, thrown.message, thrown.statusCode, {
      Type: thrown.statusCode >= 500 ? "Service" : "User",
      ...(thrown.reason !== undefined && { Reason: thrown.reason }),
    });
  }
}

async function answerOf(
  call: AwsCall,
  nameOrArn: string,
  payload: string,
  invocations: Invocations,
): Promise<AwsAnswer> {
  const traceHeader = call.headers["x-amzn-trace-id"];
  const trace = traceHeader !== undefined ? { trace: traceHeader } : {};
  const type = call.headers["x-amz-invocation-type"] ?? "RequestResponse";
  switch (type) {
    case "RequestResponse": {
      const tail = call.headers["x-amz-log-type"] === "Tail";
      return invocationAnswer(
        await invocations.invoke(nameOrArn, payload, { signal: call.signal, tail, ...trace }),
      );
    }
    case "Event": {
      const requestId = invocations.invokeLater(nameOrArn, payload, trace);
      return { statusCode: 202, headers: { "x-amzn-requestid": requestId }, body: "" };
    }
    case "DryRun":
      invocations.check(nameOrArn, payload);
      return { statusCode: 204, headers: {}, body: "" };
    default:
      return errorAnswer(
        "InvalidParameterValueException",
        `1 validation error detected: Value '${type}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]`,
        400,
        { Type: "User" },
      );
  }
}

/** Lambda answers 200 to a function that failed too: the header says so. */
function invocationAnswer(result: InvokeResult): AwsAnswer {
  return {
    statusCode: 200,
    headers: {
      "content-type": "application/json",
      "x-amz-executed-version": "$LATEST",
      ...(result.functionError !== undefined && { "x-amz-function-error": result.functionError }),
      ...(result.logTail !== undefined && {
        "x-amz-log-result": Buffer.from(result.logTail).toString("base64"),
      }),
    },
    body: result.payload,
  };
}

function notHere(what: string): AwsAnswer {
  return errorAnswer(
    "InvalidParameterValueException",
    `The local Lambda has no ${what}; it runs invocations.`,
    400,
    { Type: "User" },
  );
}

/** A name that is no valid encoding names no function: it goes on as it is, and is not found. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
