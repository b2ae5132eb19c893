import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { InvalidDefinition } from "#local/stepfunctions/compile/diagnostics.ts";
import { isJsonObject, type Json, type JsonObject } from "#local/stepfunctions/json.ts";
import { StepFunctionsService } from "#local/stepfunctions/service.ts";
import { VirtualClock } from "#local/stepfunctions/testing/virtual-clock.ts";
import { difference } from "./compare.ts";
import { jsonPath, knownDifferences } from "./known-differences.ts";

/** A call of TestState, and what AWS answered. JSON texts are parsed. */
interface TestedState {
  readonly id: string;
  readonly features: readonly string[];
  readonly definition: JsonObject;
  readonly input: Json;
  readonly request: JsonObject;
  readonly expected: JsonObject;
}

/** A call that AWS refused, or a validation. */
interface Refused {
  readonly id: string;
  readonly api: "CreateStateMachine" | "TestState" | "ValidateStateMachineDefinition";
  readonly definition: JsonObject;
  readonly request?: JsonObject;
  readonly expected: JsonObject;
}

const read = <T>(file: string): readonly T[] =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
const tested = read<TestedState>("./test-state.json");
const refused = read<Refused>("./invalid.json");

const account = "arn:aws:states:us-east-1:111111111111:stateMachine";
const roleArn = "arn:aws:iam::111111111111:role/tester";

function newService(): StepFunctionsService {
  const service = new StepFunctionsService({
    clock: new VirtualClock(),
    invoker: { invoke: () => Promise.reject(new Error("every call is mocked")) },
  });
  const definition = JSON.stringify({
    QueryLanguage: "JSONata",
    StartAt: "A",
    States: { A: { Type: "Succeed" } },
  });
  service.createStateMachine({ name: "any", arn: `${account}:any`, type: "STANDARD", definition, roleArn });
  return service;
}

async function call(action: string, parameters: object): Promise<JsonObject> {
  const { body } = await newService().handle({
    ...{ service: "states", action, method: "POST", path: "/", headers: {} },
    caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
    body: Buffer.from(JSON.stringify(parameters)),
    signal: new AbortController().signal,
  });
  const { __type: error, ...answer } = JSON.parse(String(body));
  return error === undefined ? answer : { error, ...answer };
}

const text = (value: Json | undefined): Json | undefined =>
  value === undefined || typeof value === "string" ? value : JSON.stringify(value);
const textIn = (value: Json | undefined, key: string): Json | undefined =>
  isJsonObject(value) && value[key] !== undefined ? { ...value, [key]: text(value[key]) ?? null } : value;

/** TestState with its JSON members as texts, as the API wants them. */
function testState(
  definition: JsonObject,
  input: Json | undefined,
  request: JsonObject,
): Promise<JsonObject> {
  return call("TestState", {
    ...request,
    definition: JSON.stringify(definition),
    input: input === undefined ? undefined : JSON.stringify(input),
    mock: textIn(request["mock"], "result"),
    context: text(request["context"]),
    variables: text(request["variables"]),
    stateConfiguration: textIn(request["stateConfiguration"], "mapItemReaderData"),
  });
}

const dataMembers = ["afterArguments", "input", "variables"];

/** The answer with its JSON texts parsed, as the recordings have them. */
function parsed(answer: JsonObject): JsonObject {
  const { inspectionData, output } = answer;
  return {
    ...answer,
    ...(typeof output === "string" ? { output: JSON.parse(output) } : {}),
    ...(isJsonObject(inspectionData)
      ? {
          inspectionData: Object.fromEntries(
            Object.entries(inspectionData).map(([key, value]) => [
              key,
              dataMembers.includes(key) ? JSON.parse(String(value)) : value,
            ]),
          ),
        }
      : {}),
  };
}

/** `RoleArn: null` in a recorded context says that the call named no role. */
function namesRole({ definition, expected }: TestedState): boolean {
  return !JSON.stringify([definition, expected]).includes('"RoleArn":null');
}

async function answerTo({ api, definition, request = {} }: Refused): Promise<JsonObject> {
  const type = request["type"] === "EXPRESS" ? "EXPRESS" : "STANDARD";
  switch (api) {
    case "TestState": {
      const { input, ...others } = request;
      const role = others["roleArn"] ?? (JSON.stringify(others).includes("mock") ? roleArn : undefined);
      return testState(definition, input, role === undefined ? others : { ...others, roleArn: role });
    }
    case "ValidateStateMachineDefinition":
      return call(api, { definition: JSON.stringify(definition), type });
    case "CreateStateMachine":
      try {
        const machine = { name: "new", arn: `${account}:new`, type, roleArn } as const;
        newService().createStateMachine({ ...machine, definition: JSON.stringify(definition) });
        return {};
      } catch (thrown) {
        if (!(thrown instanceof InvalidDefinition)) throw thrown;
        return { error: thrown.name, message: thrown.message };
      }
  }
}

/** Matches by feature, for the report. */
const tallies = new Map<string, { matched: number; total: number }>();

function judge(id: string, features: readonly string[], answer: JsonObject, expected: JsonObject): void {
  const found = difference(answer, expected, "answer");
  for (const feature of features) {
    const tally = tallies.get(feature) ?? { matched: 0, total: 0 };
    tally.total += 1;
    if (found === undefined) tally.matched += 1;
    tallies.set(feature, tally);
  }
  const reason = knownDifferences.get(id);
  if (reason === undefined) expect(found).toBeUndefined();
  else expect(found, "it matches now: take it out of the known differences").toBeDefined();
  if (reason === jsonPath) expect(JSON.stringify(answer)).toContain("The local engine runs JSONata only");
}

describe("TestState answers as AWS did", () => {
  test.each(tested.map((one) => [one.id, one] as const))("%s", async (id, one) => {
    const request = namesRole(one) ? { ...one.request, roleArn } : one.request;
    const answer = parsed(await testState(one.definition, one.input, request));
    judge(id, ["test_state", ...one.features], answer, one.expected);
  });
});

describe("what AWS refuses or validates is answered as AWS did", () => {
  test.each(refused.map((one) => [one.id, one] as const))("%s", async (id, one) => {
    judge(id, ["invalid", `invalid:${one.api}`], await answerTo(one), one.expected);
  });
});

test("every known difference names a recording", () => {
  const ids = new Set([...tested, ...refused].map(({ id }) => id));
  expect([...knownDifferences.keys()].filter((id) => !ids.has(id))).toEqual([]);
  expect([tested.length, refused.length]).toEqual([77, 45]);
});

afterAll(() => {
  const lines = [...tallies].sort(([a], [b]) => a.localeCompare(b));
  const report = lines.map(([feature, { matched, total }]) => `${feature} ${matched}/${total}`);
  console.info(`Step Functions, tested states and refusals: ${report.join(", ")}`);
  const reasons = Map.groupBy(knownDifferences.values(), (reason) => reason);
  for (const [reason, all] of reasons) console.info(`not matched: ${all.length}, ${reason}`);
});
