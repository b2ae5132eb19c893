import { expect, test } from "vitest";
import type { AwsCall } from "../door/engine.ts";
import type { InvokeOptions, InvokeResult } from "./service.ts";
import { functionNotFound, throttled } from "./service-error.ts";
import { handleCall } from "./wire.ts";

const path = "/2015-03-31/functions/pay/invocations";

/** A call as the door hands it on. */
function callOf(settings: Partial<AwsCall> & { readonly text?: string } = {}): AwsCall {
  const { text = "{}", ...rest } = settings;
  return {
    service: "lambda",
    action: "Invoke",
    caller: { accessKeyId: "LKIA1", roleArn: undefined, name: "operator" },
    method: "POST",
    path,
    headers: {},
    body: Buffer.from(text),
    signal: new AbortController().signal,
    ...rest,
  };
}

/** Keeps what it was invoked with. */
function recorder(result: InvokeResult | Error) {
  const invocations: { name: string; payload: string; options: InvokeOptions }[] = [];
  const invoke = async (name: string, payload: string, options: InvokeOptions) => {
    invocations.push({ name, payload, options });
    if (result instanceof Error) throw result;
    return result;
  };
  const refuse = () => {
    if (result instanceof Error) throw result;
  };
  const events: { name: string; payload: string; trace: string | undefined }[] = [];
  const service = {
    invoke,
    invokeLater: (name: string, payload: string, { trace }: Pick<InvokeOptions, "trace">) => {
      refuse();
      events.push({ name, payload, trace });
      return "request-1";
    },
    check: refuse,
  };
  return { service, invocations, events };
}

test("an invocation is answered 200 with the function's payload", async () => {
  const { service, invocations } = recorder({ payload: '{"id":"pay_1"}' });
  const call = callOf({ text: '{"amount":1}', headers: { "x-amzn-trace-id": "Root=1-2-3" } });
  expect(await handleCall(call, service)).toEqual({
    statusCode: 200,
    headers: { "content-type": "application/json", "x-amz-executed-version": "$LATEST" },
    body: '{"id":"pay_1"}',
  });
  expect(invocations).toEqual([
    {
      name: "pay",
      payload: '{"amount":1}',
      options: { signal: call.signal, tail: false, trace: "Root=1-2-3" },
    },
  ]);
});

test("a function that failed is answered 200 too: a header says so, and another carries its log", async () => {
  const { service } = recorder({
    payload: '{"errorType":"E"}',
    functionError: "Unhandled",
    logTail: "line\n",
  });
  expect(await handleCall(callOf({ headers: { "x-amz-log-type": "Tail" } }), service)).toMatchObject({
    statusCode: 200,
    headers: { "x-amz-function-error": "Unhandled", "x-amz-log-result": "bGluZQo=" },
  });
});

test.each([
  [
    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Apay/invocations",
    "arn:aws:lambda:eu-west-1:1:function:pay",
  ],
  [`${path}?Qualifier=live`, "pay:live"],
  [`${path}?Qualifier=%24LATEST`, "pay:$LATEST"],
  ["/2015-03-31/functions/bad%zz/invocations", "bad%zz"],
])("the path %s names %s", async (target, name) => {
  const { service, invocations } = recorder({ payload: "null" });
  await handleCall(callOf({ path: target }), service);
  expect(invocations[0]?.name).toBe(name);
});

test("an invocation without a body gets an empty event", async () => {
  const { service, invocations } = recorder({ payload: "null" });
  await handleCall(callOf({ text: "" }), service);
  expect(invocations[0]?.payload).toBe("{}");
});

test.each([
  ["text that is no JSON", { text: "{" }, "InvalidRequestContentException"],
  ["an unknown type", { headers: { "x-amz-invocation-type": "Later" } }, "InvalidParameterValueException"],
  ["a client context", { headers: { "x-amz-client-context": "e30=" } }, "InvalidParameterValueException"],
  [
    "another action",
    { method: "GET", path: "/2015-03-31/functions/pay", action: "GetFunction" },
    "InvalidParameterValueException",
  ],
])("%s is refused before any function runs", async (_what, settings, name) => {
  const { service, invocations } = recorder({ payload: "null" });
  expect(await handleCall(callOf(settings), service)).toMatchObject({
    statusCode: 400,
    headers: { "x-amzn-errortype": name },
  });
  expect(invocations).toEqual([]);
});

test("what Lambda itself refuses is answered with AWS's exception and its reason", async () => {
  const missing = await handleCall(callOf(), recorder(functionNotFound("arn:pay")).service);
  expect(missing).toMatchObject({
    statusCode: 404,
    headers: { "x-amzn-errortype": "ResourceNotFoundException" },
  });
  const busy = await handleCall(callOf(), recorder(throttled("ConcurrentInvocationLimitExceeded")).service);
  expect(busy).toMatchObject({
    statusCode: 429,
    headers: { "x-amzn-errortype": "TooManyRequestsException" },
  });
  expect(JSON.parse(String(busy.body))).toMatchObject({
    Type: "User",
    Reason: "ConcurrentInvocationLimitExceeded",
    message: "Rate Exceeded.",
  });
});

test("an error that is not Lambda's is the door's to answer", async () => {
  await expect(handleCall(callOf(), recorder(new Error("bug")).service)).rejects.toThrow("bug");
});

test("an event is accepted with 202 and its request id, and nobody waits for the function", async () => {
  const { service, invocations, events } = recorder({ payload: "null" });
  const headers = { "x-amz-invocation-type": "Event", "x-amzn-trace-id": "Root=1-2-3" };
  expect(await handleCall(callOf({ text: '{"amount":1}', headers }), service)).toEqual({
    statusCode: 202,
    headers: { "x-amzn-requestid": "request-1" },
    body: "",
  });
  expect(events).toEqual([{ name: "pay", payload: '{"amount":1}', trace: "Root=1-2-3" }]);
  expect(invocations).toEqual([]);
});

test("a dry run is answered 204 and runs nothing", async () => {
  const headers = { "x-amz-invocation-type": "DryRun" };
  const { service, invocations } = recorder({ payload: "null" });
  expect(await handleCall(callOf({ headers }), service)).toMatchObject({ statusCode: 204, body: "" });
  expect(invocations).toEqual([]);
  const missing = await handleCall(callOf({ headers }), recorder(functionNotFound("arn:pay")).service);
  expect(missing).toMatchObject({ statusCode: 404 });
});
