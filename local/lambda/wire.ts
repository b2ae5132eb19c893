import { errorAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import type { InvokeOptions, InvokeResult } from "./service.ts";
import { LambdaServiceError } from "./service-error.ts";

type Invoke = (nameOrArn: string, payload: string, options: InvokeOptions) => Promise<InvokeResult>;

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
/** An invocation without a body gets this event. */
const emptyEvent = "{}";

/** Lambda's REST API: `Invoke`, and a clear answer to everything else. */
export async function handleCall(call: AwsCall, invoke: Invoke): Promise<AwsAnswer> {
  const url = new URL(call.path, "http://lambda");
  const name = invocationPath.exec(url.pathname)?.[1];
  if (call.method !== "POST" || name === undefined) {
    return notHere(`Lambda's ${call.action}`);
  }
  const type = call.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type === "Event") {
    // Accepting it means two retries and a destination, which do not exist here: better refused than lost.
    return notHere("asynchronous invocation (InvocationType Event)");
  }
  if (type !== "RequestResponse") return notHere(`InvocationType ${type}`);
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
  const tail = call.headers["x-amz-log-type"] === "Tail";
  const qualifier = url.searchParams.get("Qualifier");
  const trace = call.headers["x-amzn-trace-id"];
  try {
    const result = await invoke(decoded(name) + (qualifier === null ? "" : `:${qualifier}`), payload, {
      signal: call.signal,
      tail,
      ...(trace !== undefined && { trace }),
    });
    return invocationAnswer(result);
  } catch (thrown) {
    if (!(thrown instanceof LambdaServiceError)) throw thrown;
    return errorAnswer(thrown.name, thrown.message, thrown.statusCode, {
      Type: thrown.statusCode >= 500 ? "Service" : "User",
      ...(thrown.reason !== undefined && { Reason: thrown.reason }),
    });
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
    `The local Lambda has no ${what}; it runs RequestResponse invocations.`,
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
