import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { functionResource } from "#tests/support/handmade-plan.ts";
import { errorOf, listener, serviceOf } from "#tests/support/lambda-harness.ts";

test("a function over its timeout is killed, and what it does later reaches nobody", async () => {
  const { service, lines } = serviceOf([
    functionResource("Late", "lambda-functions.outliveDeadline", { timeout: 1 }),
  ]);
  const { url, requests } = await listener(1);
  await service.warm(["Late"], 1);
  const startedMs = performance.now();
  const result = await service.invoke("test-local-Late", JSON.stringify({ url }));
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  const { errorType, errorMessage } = JSON.parse(result.payload);
  expect({ functionError: result.functionError, errorType }).toEqual({
    functionError: "Unhandled",
    errorType: "Sandbox.Timedout",
  });
  expect(errorMessage).toMatch(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/);
  expect(lines.at(-1)?.line).toMatch(/Task timed out after 1\.00 seconds$/);
  await sleep(1_000);
  expect(requests()).toBe(0);
});

test("a handler that never yields is killed too, and the next invocation gets a new environment", async () => {
  const { service } = serviceOf([functionResource("Spin", "lambda-functions.spin", { timeout: 1 })]);
  await service.warm(["Spin"], 1);
  for (let call = 0; call < 2; call += 1) {
    const { payload } = await service.invoke("test-local-Spin", "{}");
    expect(JSON.parse(payload)).toMatchObject({ errorType: "Sandbox.Timedout" });
  }
});

test("a handler's throw is an unhandled function error with its name, message and trace", async () => {
  const { service, lines } = serviceOf([
    functionResource("Fail", "lambda-functions.fail"),
    functionResource("FailWithText", "lambda-functions.failWithText"),
  ]);
  const result = await service.invoke("test-local-Fail", "{}");
  expect(result.functionError).toBe("Unhandled");
  const { trace, ...error } = JSON.parse(result.payload);
  expect(error).toEqual({ errorType: "AcquirerUnreachable", errorMessage: "the acquirer is unreachable" });
  expect(trace[0]).toMatch(/the acquirer is unreachable/);
  expect(trace[1]).toMatch(/lambda-functions\.ts/);
  expect(lines.some(({ line }) => line.includes("Invoke Error"))).toBe(true);
  expect(await service.invoke("test-local-FailWithText", "{}")).toEqual({
    functionError: "Unhandled",
    payload: JSON.stringify({ errorType: "string", errorMessage: "plain text", trace: [] }),
  });
});

test.each([
  ["missing-module.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'missing-module'"],
  ["lambda-functions.missing", "Runtime.HandlerNotFound", /missing is undefined or not exported$/],
  ["lambda-functions.notAFunction", "Runtime.HandlerNotFound", /notAFunction is not a function$/],
  ["lambda-functions.withCallback", "Runtime.CallbackHandlerDeprecated", /has removed support for callback/],
  ["broken-function.handler", "RangeError", "no table is configured"],
])("the handler %s fails its environment's init with %s", async (handler, errorType, errorMessage) => {
  const { service, lines } = serviceOf([functionResource("Broken", handler)]);
  for (let call = 0; call < 2; call += 1) {
    const result = await service.invoke("test-local-Broken", "{}");
    expect(result.functionError).toBe("Unhandled");
    expect(JSON.parse(result.payload)).toMatchObject({ errorType });
    if (typeof errorMessage === "string") expect(JSON.parse(result.payload)).toMatchObject({ errorMessage });
    else expect(JSON.parse(result.payload).errorMessage).toMatch(errorMessage);
  }
  expect(lines.some(({ line }) => line.includes("Init Error"))).toBe(true);
});

test.each([
  ["exit", { code: 3 }, "Runtime.ExitError", /Runtime exited with error: exit status 3$/],
  ["exit", { code: 0 }, "Runtime.ExitError", /Runtime exited without providing a reason$/],
  ["reject", {}, "Runtime.UnhandledPromiseRejection", /^Error: nobody waits for this$/],
])("a handler that ends its environment with %s %j answers %s", async (name, event, errorType, message) => {
  const { service } = serviceOf([functionResource("End", `lambda-functions.${name}`)]);
  for (let call = 0; call < 2; call += 1) {
    const result = await service.invoke("test-local-End", JSON.stringify(event));
    expect(result.functionError).toBe("Unhandled");
    expect(JSON.parse(result.payload)).toMatchObject({ errorType });
    expect(JSON.parse(result.payload).errorMessage).toMatch(message);
  }
});

test("a module that does not load in time is killed, its invocation is told, and the next one tries anew", async () => {
  const { service } = serviceOf([functionResource("Slow", "slow-function.handler")], { initMsMax: 500 });
  for (let call = 0; call < 2; call += 1) {
    const startedMs = performance.now();
    const { functionError, payload } = await service.invoke("test-local-Slow", "{}");
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect([functionError, JSON.parse(payload)]).toEqual([
      "Unhandled",
      {
        errorType: "Sandbox.Timedout",
        errorMessage: "RequestId: init Error: Task timed out after 0.50 seconds",
      },
    ]);
  }
});

test("a handler that takes all its memory ends its own environment only", async () => {
  const { service } = serviceOf([
    functionResource("Fill", "lambda-functions.fillMemory", { memorySize: 128, timeout: 30 }),
    functionResource("Echo", "lambda-functions.echo"),
  ]);
  const { payload } = await service.invoke("test-local-Fill", "{}");
  expect(JSON.parse(payload)).toMatchObject({ errorType: "Runtime.OutOfMemory" });
  expect((await service.invoke("test-local-Echo", "1")).payload).toBe("1");
});

test("a payload or an answer over 6 MiB is refused as Lambda refuses it", async () => {
  const { service } = serviceOf([
    functionResource("Echo", "lambda-functions.echo"),
    functionResource("AnswerTooMuch", "lambda-functions.answerTooMuch"),
    functionResource("AnswerBigInt", "lambda-functions.answerBigInt"),
  ]);
  const most = JSON.stringify("x".repeat(6 * 1024 * 1024 - 2));
  expect((await service.invoke("test-local-Echo", most)).payload.length).toBe(6 * 1024 * 1024);
  expect(await errorOf(service.invoke("test-local-Echo", `${most} `))).toMatchObject({
    name: "RequestEntityTooLargeException",
    statusCode: 413,
    message:
      "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
  });
  expect(JSON.parse((await service.invoke("test-local-AnswerTooMuch", "{}")).payload)).toEqual({
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
  });
  expect(JSON.parse((await service.invoke("test-local-AnswerBigInt", "{}")).payload)).toMatchObject({
    errorMessage: "Unable to stringify response body",
  });
});

test("a line written just before the environment exits is not lost", async () => {
  const { service, lines } = serviceOf([functionResource("Exit", "lambda-functions.exit")]);
  await service.invoke("test-local-Exit", JSON.stringify({ code: 1 }));
  expect(lines.map(({ line }) => line)).toContain("leaving");
});

test("a caller that leaves gets its signal's reason, and the function runs to its end", async () => {
  const { service } = serviceOf([functionResource("Meet", "lambda-functions.meet")]);
  const { url, requests } = await listener(2);
  const caller = new AbortController();
  const left = service.invoke("test-local-Meet", JSON.stringify({ url, label: "left" }), {
    signal: caller.signal,
  });
  while (requests() < 1) await sleep(10);
  caller.abort(new Error("the client hung up"));
  expect(await errorOf(left)).toMatchObject({ message: "the client hung up" });
  const stayed = await service.invoke("test-local-Meet", JSON.stringify({ url, label: "stayed" }));
  expect(JSON.parse(stayed.payload)).toMatchObject({ label: "stayed" });
});

test("a stopped service ends what runs and starts nothing more", async () => {
  const { service } = serviceOf([functionResource("Meet", "lambda-functions.meet")]);
  const { url, requests } = await listener(9);
  const running = service.invoke("test-local-Meet", JSON.stringify({ url, label: "running" }));
  while (requests() < 1) await sleep(10);
  const starting = service.invoke("test-local-Meet", JSON.stringify({ url, label: "starting" }));
  const startingFailed = errorOf(starting);
  await service.stop();
  expect(JSON.parse((await running).payload)).toMatchObject({ errorType: "Runtime.ExitError" });
  expect(await startingFailed).toMatchObject({ name: "ServiceException" });
  expect(await errorOf(service.invoke("test-local-Meet", "{}"))).toMatchObject({ name: "ServiceException" });
});
