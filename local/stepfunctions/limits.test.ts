import { describe, expect, test } from "vitest";
import { InvalidDefinition } from "./compile/diagnostics.ts";
import { run, task } from "./testing/run.ts";
import { machineArn, returned, testService } from "./testing/service.ts";

const bytesMax = 262_144;
/** An expression for a text whose JSON has so many bytes. */
const text = (bytes: number): string => `{% $pad('', ${bytes - 2}, 'x') %}`;
const end = { Type: "Succeed", Output: "ended" };
const scope = (name: string) => ({
  StartAt: name,
  States: { [name]: { Type: "Pass", Output: 1, End: true } },
});

describe("a payload has 256 KB, and a byte more fails the state that makes it", () => {
  const overhead = '{"FunctionName":"f","Payload":}'.length;
  test.each<[string, (bytes: number) => object]>([
    ["in a state's output", (bytes) => ({ Type: "Pass", Output: text(bytes) })],
    [
      "in the variables of one Assign",
      (bytes) => ({ Type: "Pass", Assign: { v: text(bytes - '{"v":}'.length) } }),
    ],
    [
      "in the variables of one Assign together",
      (bytes) => ({
        Type: "Pass",
        Assign: { v: text(100_000), w: text(bytes - 100_000 - '{"v":,"w":}'.length) },
      }),
    ],
    [
      "in a Task's arguments",
      (bytes) => ({ ...task("f"), Arguments: { FunctionName: "f", Payload: text(bytes - overhead) } }),
    ],
    [
      "in a Parallel's arguments",
      (bytes) => ({ Type: "Parallel", Arguments: text(bytes), Branches: [scope("In")], Output: 1 }),
    ],
    [
      "in what a Map selects for an iteration",
      (bytes) => ({ Type: "Map", Items: [1], ItemSelector: text(bytes), ItemProcessor: scope("In") }),
    ],
  ])("%s", async (_title, state) => {
    const outcomeOf = async (bytes: number) => {
      const states = { Big: { ...state(bytes), Next: "End" }, End: end };
      return (await run(states, { functions: { f: () => ({ returns: 1 }) } })).outcome;
    };
    expect(await outcomeOf(bytesMax)).toEqual({ status: "SUCCEEDED", output: "ended" });
    expect(await outcomeOf(bytesMax + 1)).toMatchObject({
      status: "FAILED",
      error: "States.DataLimitExceeded",
    });
  });

  test("in what comes back with a token, which is refused to its sender", async () => {
    let token = "";
    const state = {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: "f", Payload: "{% $states.context.Task.Token %}" },
      End: true,
    };
    const {
      start,
      clock,
      call,
      refused,
      describe: read,
    } = testService(
      { Wait: state },
      {
        invoke: async ({ payload }) => {
          token = JSON.parse(payload);
          return returned({});
        },
      },
    );
    await start("run");
    await clock.advance(1);
    const send = (bytes: number) => ({ taskToken: token, output: JSON.stringify("x".repeat(bytes - 2)) });
    expect((await refused("SendTaskSuccess", send(bytesMax + 1))).code).toBe("ValidationException");
    expect((await read("run"))["status"]).toBe("RUNNING");
    await call("SendTaskSuccess", send(bytesMax));
    await clock.advance(1);
    expect((await read("run"))["status"]).toBe("SUCCEEDED");
  });

  test("in an execution's input, which is refused to its starter", async () => {
    const { call, refused } = testService({ End: end });
    const start = (bytes: number) => ({
      stateMachineArn: machineArn,
      input: JSON.stringify("x".repeat(bytes - 2)),
    });
    expect((await refused("StartExecution", start(bytesMax + 1))).code).toBe("ValidationException");
    expect(await call("StartExecution", start(bytesMax))).toHaveProperty("executionArn");
  });
});

describe("an execution's name", () => {
  const start = (name: string) => ({ stateMachineArn: machineArn, name });

  test("has 80 characters, of any script", async () => {
    const { call, refused } = testService({ End: end });
    for (const name of ["n".repeat(80), "Zahlung-7_ä.支付"]) {
      expect(await call("StartExecution", start(name))).toHaveProperty("executionArn");
    }
    expect((await refused("StartExecution", start("n".repeat(81)))).code).toBe("ValidationException");
    expect((await refused("StartExecution", start(""))).code).toBe("ValidationException");
  });

  test.each([...' <>{}[]?*"#%\\^|~`$&,;:/\u0000\u001f\u007f\u009f'])("has no %j", async (character) => {
    const { refused } = testService({ End: end });
    const name = `a${character}b`;
    expect(await refused("StartExecution", start(name))).toEqual({
      code: "InvalidName",
      message: `Invalid Name: '${name}'`,
    });
  });
});

describe("a definition", () => {
  const definitionOf = (bytes: number): string => {
    const machine = { Comment: "", QueryLanguage: "JSONata", StartAt: "End", States: { End: end } };
    return JSON.stringify({ ...machine, Comment: "x".repeat(bytes - JSON.stringify(machine).length) });
  };
  const megabyte = 1_048_576;

  test("has 1 MB", () => {
    const { service } = testService({ End: end });
    const create = (name: string, bytes: number) =>
      service.createStateMachine({
        ...{ name, arn: `${machineArn}-${name}`, type: "STANDARD", definition: definitionOf(bytes) },
        roleArn: "arn:aws:iam::111111111111:role/machine",
      });
    create("largest", megabyte);
    expect(() => create("larger", megabyte + 1)).toThrow(InvalidDefinition);
  });

  test("has no more when it is only validated", async () => {
    const { call, refused } = testService({ End: end });
    const validate = (bytes: number) => ({ definition: definitionOf(bytes) });
    expect(await call("ValidateStateMachineDefinition", validate(megabyte))).toMatchObject({ result: "OK" });
    expect((await refused("ValidateStateMachineDefinition", validate(megabyte + 1))).code).toBe(
      "ValidationException",
    );
  });

  test("has state names of 80 characters", async () => {
    const { call } = testService({ End: end });
    const validate = (length: number) => {
      const name = "s".repeat(length);
      const machine = { QueryLanguage: "JSONata", StartAt: name, States: { [name]: end } };
      return call("ValidateStateMachineDefinition", { definition: JSON.stringify(machine) });
    };
    expect(await validate(80)).toMatchObject({ result: "OK" });
    expect(await validate(81)).toMatchObject({ result: "FAIL" });
  });
});
