import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { InvalidDefinition } from "./compile/diagnostics.ts";
import { StepFunctionsService } from "./service.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const arnOf = (name: string) => `arn:aws:states:eu-central-1:111111111111:stateMachine:${name}`;
const roleArn = "arn:aws:iam::111111111111:role/saga";

const definition = JSON.stringify({
  QueryLanguage: "JSONata",
  StartAt: "Choose",
  States: {
    Choose: {
      Type: "Choice",
      Choices: [
        { Condition: "{% $exists($states.input.wait) %}", Next: "Wait" },
        { Condition: "{% $exists($states.input.fail) %}", Next: "Fail" },
      ],
      Default: "Done",
    },
    Wait: { Type: "Wait", Seconds: "{% $states.input.wait %}", Next: "Done" },
    Fail: { Type: "Fail", Error: "{% $states.input.fail %}", Cause: "as asked" },
    Done: { Type: "Succeed", Output: { got: "{% $states.input %}" } },
  },
});

let clock: VirtualClock;
let service: StepFunctionsService;
let server: Server;
let client: SFNClient;

// One server stands for the door: the SDK's own client checks that the answers are what it understands.
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await service.handle({
      service: "states",
      action: String(request.headers["x-amz-target"]).split(".")[1] ?? "",
      caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
      method: request.method ?? "",
      path: request.url ?? "",
      headers: {},
      body: Buffer.concat(chunks),
      signal: new AbortController().signal,
    });
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  client = new SFNClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "eu-central-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    disableHostPrefix: true,
    maxAttempts: 1,
  });
});

afterAll(() => {
  client.destroy();
  server.close();
});

beforeEach(() => {
  clock = new VirtualClock();
  let ids = 0;
  service = new StepFunctionsService({
    clock,
    invoker: { invoke: () => Promise.reject(new Error("no function is called here")) },
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
  });
  for (const type of ["EXPRESS", "STANDARD"] as const) {
    service.createStateMachine({ name: type, arn: arnOf(type), type, definition, roleArn });
  }
});

async function errorOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
    return [];
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : ["not an error"];
  }
}

describe("StartSyncExecution", () => {
  const sync = (input: object) => {
    const command = new StartSyncExecutionCommand({ stateMachineArn: arnOf("EXPRESS"), ...input });
    return clock.settleWhileServed(client.send(command));
  };

  test("answers with the output, the dates and the bill", async () => {
    const answer = await sync({ name: "run", input: '{"wait": 1.0}', traceHeader: "Root=1" });
    expect(answer).toMatchObject({
      executionArn: "arn:aws:states:eu-central-1:111111111111:express:EXPRESS:run:id-2",
      stateMachineArn: arnOf("EXPRESS"),
      name: "run",
      status: "SUCCEEDED",
      input: '{"wait": 1.0}',
      inputDetails: { included: true },
      output: '{"got":{"wait":1}}',
      outputDetails: { included: true },
      startDate: new Date("2026-01-01T00:00:00Z"),
      stopDate: new Date("2026-01-01T00:00:01Z"),
      traceHeader: "Root=1",
      billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: 1_000 },
    });
  });

  test("is answered with 200 when the execution fails", async () => {
    expect(await sync({ input: '{"fail": "Refused"}' })).toMatchObject({
      status: "FAILED",
      error: "Refused",
      cause: "as asked",
      billingDetails: { billedDurationInMilliseconds: 100 },
    });
  });

  test("is answered after five minutes at the latest", async () => {
    const answer = await sync({ input: '{"wait": 600}' });
    expect(answer.status).toBe("TIMED_OUT");
    expect(answer.error).toBeUndefined();
    expect(answer.stopDate).toEqual(new Date("2026-01-01T00:05:00Z"));
  });

  test("leaves the data out when only metadata is asked for", async () => {
    const answer = await sync({ includedData: "METADATA_ONLY" });
    expect(answer.outputDetails).toEqual({ included: false });
    expect(answer.output).toBeUndefined();
  });

  test("takes {} for no input", async () => {
    expect((await sync({})).output).toBe('{"got":{}}');
  });
});

test.each<[string, object, string, string]>([
  [
    "a Standard machine",
    { stateMachineArn: arnOf("STANDARD") },
    "StateMachineTypeNotSupported",
    "This operation is not supported by this type of state machine",
  ],
  [
    "no machine of that name",
    { stateMachineArn: arnOf("other") },
    "StateMachineDoesNotExist",
    `State Machine Does Not Exist: '${arnOf("other")}'`,
  ],
  ["no ARN", { stateMachineArn: "saga" }, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: saga'"],
  [
    "an ARN of another kind",
    { stateMachineArn: "arn:aws:states:eu-central-1:111111111111:execution:EXPRESS:x" },
    "InvalidArn",
    "Invalid Arn: 'Resource type not valid in this context: execution'",
  ],
  [
    "input that is no JSON",
    { input: "{" },
    "InvalidExecutionInput",
    "Invalid State Machine Execution Input: '",
  ],
  ["a name with a space", { name: "a b" }, "InvalidName", "Invalid Name: 'a b'"],
  [
    "a name of 81 characters",
    { name: "n".repeat(81) },
    "ValidationException",
    "1 validation error detected: ",
  ],
  [
    "more than 256 KB of input",
    { input: `"${"x".repeat(262_143)}"` },
    "ValidationException",
    "1 validation error detected: Value at 'input'",
  ],
])("StartSyncExecution refuses %s", async (_title, input, name, message) => {
  const command = new StartSyncExecutionCommand({ stateMachineArn: arnOf("EXPRESS"), ...input });
  const [errorName, errorMessage] = await errorOf(client.send(command));
  expect(errorName).toBe(name);
  expect(errorMessage).toContain(message);
});

describe("StartExecution", () => {
  const standard = { stateMachineArn: arnOf("STANDARD"), name: "run" };
  const executionArn = "arn:aws:states:eu-central-1:111111111111:execution:STANDARD:run";

  test("runs a Standard machine in the background, and DescribeExecution follows it", async () => {
    const started = await client.send(new StartExecutionCommand({ ...standard, input: '{"wait":5}' }));
    expect(started).toMatchObject({ executionArn, startDate: new Date("2026-01-01T00:00:00Z") });
    const running = await client.send(new DescribeExecutionCommand({ executionArn }));
    expect(running).toMatchObject({ status: "RUNNING", input: '{"wait":5}', name: "run" });
    expect(running.stopDate).toBeUndefined();
    await clock.advance(5_000);
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: "SUCCEEDED",
      output: '{"got":{"wait":5}}',
      stopDate: new Date("2026-01-01T00:00:05Z"),
    });
  });

  test("is idempotent for the same name and input while it runs, and refuses the name otherwise", async () => {
    const start = (input: string) => client.send(new StartExecutionCommand({ ...standard, input }));
    const exists = ["ExecutionAlreadyExists", `Execution Already Exists: '${executionArn}'`];
    await start('{"wait":5}');
    await clock.advance(1_000);
    expect((await start('{"wait":5}')).startDate).toEqual(new Date("2026-01-01T00:00:00Z"));
    expect(await errorOf(start('{"wait":6}'))).toEqual(exists);
    await clock.advance(5_000);
    expect(await errorOf(start('{"wait":5}'))).toEqual(exists);
  });

  test("starts an Express machine under the same name as often as asked, and keeps no record", async () => {
    const start = () =>
      client.send(new StartExecutionCommand({ ...standard, stateMachineArn: arnOf("EXPRESS") }));
    const [first, second] = [await start(), await start()];
    expect(first.executionArn).not.toBe(second.executionArn);
    const describeFirst = client.send(new DescribeExecutionCommand({ executionArn: first.executionArn }));
    expect(await errorOf(describeFirst)).toEqual([
      "InvalidArn",
      "Invalid Arn: 'Resource type not valid in this context: express'",
    ]);
  });

  test("StopExecution aborts it", async () => {
    await client.send(new StartExecutionCommand({ ...standard, input: '{"wait":5}' }));
    const stopped = await client.send(
      new StopExecutionCommand({ executionArn, error: "Operator", cause: "enough" }),
    );
    expect(stopped.stopDate).toEqual(new Date("2026-01-01T00:00:00Z"));
    expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: "ABORTED",
      error: "Operator",
      cause: "enough",
    });
  });

  test("an execution that nobody started is unknown", async () => {
    expect(await errorOf(client.send(new DescribeExecutionCommand({ executionArn })))).toEqual([
      "ExecutionDoesNotExist",
      `Execution Does Not Exist: '${executionArn}'`,
    ]);
  });
});

test("state machines are listed and described as they were created", async () => {
  const { stateMachines } = await client.send(new ListStateMachinesCommand({}));
  expect(stateMachines?.map(({ name, type }) => [name, type])).toEqual([
    ["EXPRESS", "EXPRESS"],
    ["STANDARD", "STANDARD"],
  ]);
  const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn: arnOf("EXPRESS") }));
  expect(described).toMatchObject({ definition, roleArn, status: "ACTIVE", type: "EXPRESS" });
});

test("an action that it does not know is answered as AWS answers it", async () => {
  const { statusCode, body } = await service.handle({
    service: "states",
    action: "MakeCoffee",
    caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
    method: "POST",
    path: "/",
    headers: {},
    body: Buffer.from("{}"),
    signal: new AbortController().signal,
  });
  expect([statusCode, JSON.parse(String(body))]).toEqual([
    400,
    { __type: "UnknownOperationException", message: "Unknown operation: MakeCoffee" },
  ]);
});

test("an execution goes on when its caller hangs up", async () => {
  const hangUp = new AbortController();
  const body = Buffer.from(JSON.stringify({ stateMachineArn: arnOf("EXPRESS"), input: '{"wait":5}' }));
  const answer = service.handle({
    service: "states",
    action: "StartSyncExecution",
    caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
    method: "POST",
    path: "/",
    headers: {},
    body,
    signal: hangUp.signal,
  });
  hangUp.abort();
  expect(JSON.parse(String((await clock.settle(answer)).body))).toMatchObject({ status: "SUCCEEDED" });
});

test("closing leaves Standard executions where they stand, and nothing ticks any more", async () => {
  const stateMachineArn = arnOf("STANDARD");
  await client.send(new StartExecutionCommand({ stateMachineArn, input: '{"wait":5}' }));
  expect(clock.pendingTimers).toBe(2);
  await service.close();
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  ["text that is no JSON", "{", "INVALID_JSON_DESCRIPTION: "],
  [
    "a machine that the compiler refuses",
    '{"StartAt":"S"}',
    "SCHEMA_VALIDATION_FAILED: These fields are required: [States]",
  ],
])("a definition is refused: %s", (_title, text, reason) => {
  const input = { name: "new", arn: arnOf("new"), type: "EXPRESS" as const, definition: text, roleArn };
  expect(() => service.createStateMachine(input)).toThrow(InvalidDefinition);
  expect(() => service.createStateMachine(input)).toThrow(`Invalid State Machine Definition: '${reason}`);
});
