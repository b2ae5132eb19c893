import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { functionArn, functionResource } from "#tests/support/handmade-plan.ts";
import { ends, errorOf, listener, serviceOf, taskRoot } from "#tests/support/lambda-harness.ts";

test("a function gets its event and answers what its handler returned", async () => {
  const { service } = serviceOf([functionResource("Echo", "lambda-functions.echo")]);
  const event = { amount: 1_250, note: "für Zoë 💶" };
  expect(await service.invoke("test-local-Echo", JSON.stringify(event))).toEqual({
    payload: JSON.stringify(event),
  });
});

test("a function is found by its name, its ARN and its partial ARN, and by no other", async () => {
  const { service } = serviceOf([functionResource("Echo", "lambda-functions.echo")]);
  for (const name of ["test-local-Echo", functionArn("Echo"), `${functionArn("Echo")}:$LATEST`]) {
    expect((await service.invoke(name, "1")).payload).toBe("1");
  }
  expect((await service.invoke("123456789012:function:test-local-Echo", "1")).payload).toBe("1");
  for (const name of ["test-local-Other", `${functionArn("Echo")}:7`, "not a name", "Echo"]) {
    expect(await errorOf(service.invoke(name, "1"))).toMatchObject({
      name: "ResourceNotFoundException",
      statusCode: 404,
    });
  }
  expect(
    await errorOf(service.invoke(functionArn("Echo").replace("123456789012", "999999999999"), "1")),
  ).toMatchObject({ name: "ResourceNotFoundException" });
});

test("an environment sees the plan's variables and Lambda's, and none of the host's", async () => {
  process.env["TALLYSTICK_HOST_SECRET"] = "do not leak";
  ends.push(async () => void delete process.env["TALLYSTICK_HOST_SECRET"]);
  const { service } = serviceOf([
    functionResource("Inspect", "lambda-functions.inspect", {
      environment: { variables: { PAYMENTS_TABLE: "payments" } },
      loggingConfig: { logFormat: "JSON", applicationLogLevel: "WARN", logGroup: "/aws/lambda/inspect" },
    }),
  ]);
  const { env, context } = JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload);
  const { AWS_LAMBDA_LOG_STREAM_NAME: logStream, _X_AMZN_TRACE_ID: trace, ...rest } = env;
  expect(rest).toEqual({
    PAYMENTS_TABLE: "payments",
    AWS_ACCESS_KEY_ID: "LKIA1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_REGION: "eu-west-1",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    AWS_LAMBDA_FUNCTION_NAME: "test-local-Inspect",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_FORMAT: "JSON",
    AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/inspect",
    AWS_LAMBDA_LOG_LEVEL: "WARN",
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    LAMBDA_TASK_ROOT: taskRoot,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    _HANDLER: "tests/integration/fixtures/lambda-functions.inspect",
  });
  expect(logStream).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  expect(trace).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
  expect(context).toMatchObject({
    functionName: "test-local-Inspect",
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn("Inspect"),
    memoryLimitInMB: "256",
    logGroupName: "/aws/lambda/inspect",
    logStreamName: logStream,
    callbackWaitsForEmptyEventLoop: true,
  });
  expect(context.awsRequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(context.remainingMs).toBeGreaterThan(9_000);
  expect(context.remainingMs).toBeLessThanOrEqual(10_000);
});

test("an invocation keeps the trace root of whoever causes it", async () => {
  const { service } = serviceOf([functionResource("Inspect", "lambda-functions.inspect")]);
  const trace = "Root=1-6543ab12-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1";
  const { env } = JSON.parse((await service.invoke("test-local-Inspect", "{}", { trace })).payload);
  expect(env._X_AMZN_TRACE_ID).toMatch(
    /^Root=1-6543ab12-0123456789abcdef01234567;Parent=[0-9a-f]{16};Sampled=0$/,
  );
});

test("one environment after the other call keeps its module's state", async () => {
  const { service } = serviceOf([functionResource("Inspect", "lambda-functions.inspect")]);
  const counts: number[] = [];
  for (let call = 0; call < 3; call += 1) {
    counts.push(JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload).invocations);
  }
  expect(counts).toEqual([1, 2, 3]);
});

test("eight invocations at once run in eight environments that share no module state", async () => {
  const { service } = serviceOf([functionResource("Meet", "lambda-functions.meet")]);
  const { url } = await listener(8);
  const labels = Array.from({ length: 8 }, (_, index) => `caller ${index}`);
  const answers = await Promise.all(
    labels.map(async (label) =>
      JSON.parse((await service.invoke("test-local-Meet", JSON.stringify({ url, label }))).payload),
    ),
  );
  expect(answers.map(({ label }) => label)).toEqual(labels);
  expect(answers.map(({ invocations }) => invocations)).toEqual(Array(8).fill(1));
  expect(new Set(answers.map(({ logStream }) => logStream)).size).toBe(8);
});

test("invocations that find their environment busy for a moment wait for it, and start no other", async () => {
  const { service } = serviceOf([functionResource("Inspect", "lambda-functions.inspect")]);
  await service.warm(["Inspect"], 1);
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () =>
      JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload),
    ),
  );
  expect(answers.map(({ invocations }) => invocations)).toEqual([1, 2, 3, 4, 5]);
});

test("invocations beyond the environments of this machine wait for one", async () => {
  const { service } = serviceOf([functionResource("Inspect", "lambda-functions.inspect")], {
    environmentsPerFunctionMax: 1,
  });
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () =>
      JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload),
    ),
  );
  expect(answers.map(({ invocations }) => invocations)).toEqual([1, 2, 3, 4, 5]);
});

test("a function over its reserved concurrency is throttled", async () => {
  const { service } = serviceOf([
    functionResource("Meet", "lambda-functions.meet", { reservedConcurrentExecutions: 1 }),
    functionResource("Off", "lambda-functions.echo", { reservedConcurrentExecutions: 0 }),
  ]);
  const { url, requests } = await listener(2);
  const first = service.invoke("test-local-Meet", JSON.stringify({ url, label: "first" }));
  expect(await errorOf(service.invoke("test-local-Meet", "{}"))).toMatchObject({
    name: "TooManyRequestsException",
    statusCode: 429,
    reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
  });
  expect(await errorOf(service.invoke("test-local-Off", "1"))).toMatchObject({
    name: "TooManyRequestsException",
  });
  while (requests() < 1) await sleep(10);
  await fetch(url);
  expect(await first).not.toHaveProperty("functionError");
});

test("an account over its concurrency throttles every function", async () => {
  const { service } = serviceOf(
    [functionResource("Meet", "lambda-functions.meet"), functionResource("Echo", "lambda-functions.echo")],
    { accountConcurrencyMax: 1 },
  );
  const { url, requests } = await listener(2);
  const first = service.invoke("test-local-Meet", JSON.stringify({ url, label: "first" }));
  expect(await errorOf(service.invoke("test-local-Echo", "1"))).toMatchObject({
    name: "TooManyRequestsException",
    reason: "ConcurrentInvocationLimitExceeded",
  });
  while (requests() < 1) await sleep(10);
  await fetch(url);
  await first;
  expect((await service.invoke("test-local-Echo", "1")).payload).toBe("1");
});

test("every line that a function writes reaches the log with its function and request", async () => {
  const { service, lines } = serviceOf([functionResource("Log", "lambda-functions.log")]);
  const { payload, logTail } = await service.invoke("test-local-Log", "{}", { tail: true });
  expect(payload).toBe("null");
  expect(lines.map(({ line }) => line)).toEqual([
    "informed { amount: 12 }",
    '{"level":"INFO","message":"from a logger"}',
    "failed",
    "twice",
    "unfinished",
  ]);
  expect(new Set(lines.map(({ functionName }) => functionName))).toEqual(new Set(["Log"]));
  expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(1);
  expect(lines[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(logTail).toBe(`${lines.map(({ line }) => line).join("\n")}\n`);
});

test("warmed environments answer without a start, and idle ones are reaped", async () => {
  const { service } = serviceOf([functionResource("Inspect", "lambda-functions.inspect")], {
    idleMsMax: 1_000,
  });
  expect(await service.warm([functionArn("Inspect")], 2)).toEqual([]);
  const first = JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload);
  expect(first.invocations).toBe(1);
  const second = JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload);
  expect(second.invocations).toBe(2);
  await sleep(1_500);
  const third = JSON.parse((await service.invoke("test-local-Inspect", "{}")).payload);
  expect(third.invocations).toBe(1);
});

test("compiled code is kept between starts where a directory is given", async () => {
  const compileCacheDirectory = await mkdtemp(join(tmpdir(), "tallystick-compiled-"));
  ends.push(() => rm(compileCacheDirectory, { recursive: true }));
  const { service } = serviceOf([functionResource("Echo", "lambda-functions.echo")], {
    compileCacheDirectory,
  });
  expect((await service.invoke("test-local-Echo", "1")).payload).toBe("1");
  await service.stop();
  const kept = await readdir(compileCacheDirectory, { recursive: true });
  expect(kept.length).toBeGreaterThan(1);
});

test("warming tells which handlers cannot be loaded", async () => {
  const { service } = serviceOf([
    functionResource("Broken", "broken-function.handler"),
    functionResource("Echo", "lambda-functions.echo"),
  ]);
  const failures = await service.warm(["Broken", "Echo"], 2);
  expect(failures.map(({ functionName }) => functionName)).toEqual(["Broken"]);
  expect(JSON.parse(failures[0]?.payload ?? "")).toMatchObject({ errorType: "RangeError" });
});
