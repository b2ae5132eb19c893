import { SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Meter } from "#local/door/meter.ts";
import { serviceMeters } from "#local/meter/service-meters.ts";
import { executionMeter } from "#local/meter/states.ts";
import { systemClock } from "#local/stepfunctions/clock.ts";
import { StepFunctionsService } from "#local/stepfunctions/service.ts";
import { until } from "#tests/support/event-harness.ts";

const arnOf = (name: string) => `arn:aws:states:eu-west-1:123456789012:stateMachine:${name}`;
const trace = "1-00000001-000000000000000000000001";
const meter = new Meter();
let door: Door;
let service: StepFunctionsService;
let client: SFNClient;

beforeAll(async () => {
  const credentials = new CredentialRegistry();
  const log = new CallLog(100);
  door = await openDoor({ credentials, log, meter, serviceMeters, warn: () => undefined, port: 0 });
  service = new StepFunctionsService({
    clock: systemClock,
    invoker: { invoke: () => Promise.reject(new Error("no function is called here")) },
    onBilled: executionMeter(meter),
  });
  const definition = JSON.stringify({
    QueryLanguage: "JSONata",
    StartAt: "First",
    States: { First: { Type: "Pass", Next: "Last" }, Last: { Type: "Succeed" } },
  });
  for (const type of ["EXPRESS", "STANDARD"] as const) {
    const roleArn = "arn:aws:iam::123456789012:role/machine";
    service.createStateMachine({ name: type, arn: arnOf(type), type, definition, roleArn });
  }
  door.serve(service);
  client = new SFNClient({
    endpoint: door.url,
    region: "eu-west-1",
    credentials: credentials.issue("PaymentsApi", undefined),
    disableHostPrefix: true,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-amzn-trace-id"] = `Root=${trace}`;
      return next(args);
    },
    { step: "build" },
  );
});
afterAll(async () => {
  client.destroy();
  await service.close();
  await door.stop();
});
beforeEach(() => meter.reset());

/** What the trace's request used, as `action unit`, with the quantities. */
const used = () =>
  Object.fromEntries(
    meter
      .ofTrace(trace)
      .filter(({ unit, caller }) => !unit.startsWith("bytes") && caller === "PaymentsApi")
      .map(({ action, unit, resource, quantity }) => [`${action} ${unit} ${resource}`, quantity]),
  );

test("transitions of a Standard execution are added to who started it, and to the request's trace", async () => {
  await client.send(new StartExecutionCommand({ stateMachineArn: arnOf("STANDARD") }));
  await until(() => Object.values(used()).includes(2), "two transitions");
  expect(used()).toEqual({ [`StartExecution transitions ${arnOf("STANDARD")}`]: 2 });
});

test("an asynchronous Express execution is one request, and 64 MB for 100 ms begun", async () => {
  await client.send(new StartExecutionCommand({ stateMachineArn: arnOf("EXPRESS") }));
  await until(() => Object.keys(used()).length === 2, "a request and its time");
  expect(used()).toEqual({
    [`StartExecution requests ${arnOf("EXPRESS")}`]: 1,
    [`StartExecution mb_ms ${arnOf("EXPRESS")}`]: 6_400,
  });
});

test("a synchronous one is metered once, by its answer", async () => {
  await client.send(new StartSyncExecutionCommand({ stateMachineArn: arnOf("EXPRESS") }));
  expect(used()).toEqual({
    [`StartSyncExecution requests ${arnOf("EXPRESS")}`]: 1,
    [`StartSyncExecution mb_ms ${arnOf("EXPRESS")}`]: 6_400,
  });
});
