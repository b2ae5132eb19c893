import { describe, expect, test } from "vitest";
import type { MachineType } from "../machine.ts";
import { compileMachine } from "./compile.ts";
import { InvalidDefinition } from "./diagnostics.ts";
import { checkSchema } from "./schema.ts";

const pass = { Type: "Pass", End: true };
const lambda = "arn:aws:states:::lambda:invoke";

function machine(state: object): object {
  return { QueryLanguage: "JSONata", StartAt: "S", States: { S: { End: true, ...state } } };
}

function refusals(definition: unknown, type: MachineType = "STANDARD"): readonly string[] {
  try {
    compileMachine(definition, type);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidDefinition)) throw error;
    return error.diagnostics.map(({ code, message, location }) => `${code} ${location} ${message}`);
  }
}

const schema = "SCHEMA_VALIDATION_FAILED";
const unsupported = "UNSUPPORTED_LOCALLY";

describe("definitions that AWS refuses are refused in its words", () => {
  test.each<[string, unknown, MachineType, string]>([
    ["nothing at all", {}, "STANDARD", `${schema} / These fields are required: [States, StartAt]`],
    [
      "no start",
      { States: { S: pass }, QueryLanguage: "JSONata" },
      "EXPRESS",
      `${schema} / These fields are required: [StartAt]`,
    ],
    [
      "JSONPath under JSONata",
      machine({ ...pass, QueryLanguage: "JSONPath" }),
      "EXPRESS",
      `${schema} /States/S 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine`,
    ],
    [
      "a callback in an Express machine",
      machine({ Type: "Task", Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken" }),
      "EXPRESS",
      `${schema} /States/S/Resource Express state machine does not support '.waitForTaskToken' service integration `,
    ],
    [
      "a job in an Express machine",
      machine({ Type: "Task", Resource: "arn:aws:states:::states:startExecution.sync" }),
      "EXPRESS",
      `${schema} /States/S/Resource Express state machine does not support '.sync' service integration`,
    ],
    [
      "a date that is none",
      machine({ Type: "Wait", Timestamp: "2016-13-05T21:29:29Z" }),
      "STANDARD",
      `${schema} /States/S/Timestamp String does not match RFC3339 timestamp`,
    ],
    [
      "a field of JSONPath",
      machine({ Type: "Pass", ResultPath: "$.x" }),
      "STANDARD",
      `${schema} /States/S The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage`,
    ],
    [
      "a name without context",
      machine({ Type: "Pass", Output: { v: "{% phone %}" } }),
      "STANDARD",
      "UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output/v Reference to 'phone' at the top level is not supported.",
    ],
    [
      "an error output outside a catcher",
      machine({ Type: "Pass", Output: "{% $states.errorOutput %}" }),
      "STANDARD",
      "UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output Field '$states.errorOutput' does not exist.",
    ],
    [
      "a result before there is one",
      machine({
        Type: "Task",
        Resource: lambda,
        Arguments: { FunctionName: "f", Payload: "{% $states.result %}" },
      }),
      "STANDARD",
      "UNSUPPORTED_JSONATA_EXPRESSION /States/S/Arguments/Payload Field '$states.result' does not exist.",
    ],
    [
      "a call without function",
      machine({ Type: "Task", Resource: lambda, Arguments: { Payload: {} } }),
      "STANDARD",
      `${schema} /States/S/Arguments The field 'FunctionName' is required but was missing`,
    ],
  ])("%s", (_title, definition, type, refusal) => {
    expect(refusals(definition, type)).toEqual([refusal]);
  });

  test("the error's message is the one of CreateStateMachine", () => {
    expect(() => compileMachine({}, "STANDARD")).toThrow(
      "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'",
    );
  });
});

describe("what the engine does not run is refused when the machine is created", () => {
  test.each<[string, object, string]>([
    [
      "a JSONPath machine",
      { StartAt: "S", States: { S: pass } },
      `${unsupported} /States/S The local engine runs JSONata only, and the QueryLanguage of this state is JSONPath`,
    ],
    [
      "another service",
      machine({ Type: "Task", Resource: "arn:aws:states:::glue:startJobRun" }),
      `${unsupported} /States/S/Resource Resource 'arn:aws:states:::glue:startJobRun' is not run by the local engine`,
    ],
    [
      "a distributed map",
      machine({
        Type: "Map",
        ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED" }, StartAt: "I", States: { I: pass } },
      }),
      `${unsupported} /States/S/ItemProcessor/ProcessorConfig Distributed maps are not run by the local engine`,
    ],
    [
      "an asynchronous call",
      machine({ Type: "Task", Resource: lambda, Arguments: { FunctionName: "f", InvocationType: "Event" } }),
      `${unsupported} /States/S/Arguments/InvocationType The local engine calls functions without InvocationType`,
    ],
  ])("%s", (_title, definition, refusal) => {
    expect(refusals(definition)).toEqual([refusal]);
  });
});

test.each<[string, object, string]>([
  [
    "a target that does not exist",
    { Type: "Pass", Next: "Gone", End: undefined },
    "Missing 'Next' target: Gone",
  ],
  ["no way on", { Type: "Pass", End: undefined }, "Exactly one of 'Next' and 'End' is required"],
  ["two ways on", { Type: "Pass", Next: "S" }, "Exactly one of 'Next' and 'End' is required"],
  ["a type that does not exist", { Type: "Loop" }, "Expected the type of a state"],
  ["a field of another type", { Type: "Pass", Retry: [] }, "Field 'Retry' is not supported"],
  [
    "two waits",
    { Type: "Wait", Seconds: 1, Timestamp: "{% $now() %}" },
    "Exactly one of 'Seconds' and 'Timestamp' is required",
  ],
  ["a wait below zero", { Type: "Wait", Seconds: -1 }, "Expected a number from 0 to 99999999"],
  ["a reserved variable", { Type: "Pass", Assign: { states: 1 } }, "Variable name 'states' is reserved"],
  ["a variable that is no name", { Type: "Pass", Assign: { "a-b": 1 } }, "Variable name 'a-b' is not valid"],
  [
    "a catch-all before another retrier",
    {
      Type: "Task",
      Resource: lambda,
      Arguments: { FunctionName: "f" },
      Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["Busy"] }],
    },
    "'States.ALL' must be in the last element",
  ],
  [
    "a heartbeat longer than the task",
    {
      Type: "Task",
      Resource: lambda,
      Arguments: { FunctionName: "f" },
      TimeoutSeconds: 5,
      HeartbeatSeconds: 5,
    },
    "HeartbeatSeconds must be smaller than TimeoutSeconds",
  ],
])("it refuses %s", (_title, state, message) => {
  // An End of undefined is none.
  const found = refusals(JSON.parse(JSON.stringify(machine(state))));
  expect(found.map((refusal) => refusal.split(" ").slice(2).join(" "))).toContain(message);
});

test("an inner scope cannot assign a variable of an outer one, and scopes side by side can share a name", () => {
  const branch = (name: string, assign: object) => ({
    StartAt: name,
    States: { [name]: { ...pass, Assign: assign } },
  });
  const parallel = (assign: object, ...inner: object[]) =>
    machine({
      Type: "Parallel",
      Assign: assign,
      Branches: inner.map((names, index) => branch(`B${index}`, names)),
    });
  expect(refusals(parallel({ total: 1 }, { mine: 1 }, { mine: 2 }))).toEqual([]);
  expect(refusals(parallel({ total: 1 }, { total: 2 }))).toEqual([
    `${schema} /States/S/Branches[0]/States/B0/Assign/total Variable 'total' is assigned in an outer scope, so this scope can only read it`,
  ]);
});

test("every reason is reported at once", () => {
  const definition = machine({ Type: "Pass", Output: ["{% a %}", "{% 1 + %}"] });
  expect(refusals(definition).map((refusal) => refusal.split(" ").slice(0, 2).join(" "))).toEqual([
    "UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output[0]",
    "INVALID_JSONATA_EXPRESSION /States/S/Output[1]",
  ]);
});

describe("asl-validator has its say", () => {
  // AWS accepts all of these and asl-validator 4 alone refuses them.
  test("but not where it is wrong", () => {
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "Output",
      States: {
        Output: { Type: "Pass", Output: 0, Assign: { list: [1, "x", {}, [2]] }, Next: "Choose" },
        Choose: {
          Type: "Choice",
          Choices: [{ Condition: true, Output: "text", Next: "Done" }],
          Default: "Done",
        },
        Done: { Type: "Succeed", Output: [] },
      },
    };
    expect(() => checkSchema(definition)).not.toThrow();
    expect(refusals(definition)).toEqual([]);
  });

  test("on a state that nothing leads to", () => {
    const definition = JSON.parse(JSON.stringify(machine(pass)));
    definition.States.Lost = pass;
    expect(refusals(definition)).toEqual([]);
    expect(() => checkSchema(definition)).toThrow(InvalidDefinition);
  });
});
