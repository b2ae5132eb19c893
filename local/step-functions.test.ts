import { expect, test } from "vitest";
import { machineResource, planOf } from "#tests/support/handmade-plan.ts";
import { Guard } from "./iam/guard.ts";
import { LambdaService } from "./lambda/service.ts";
import { stepFunctionsOf } from "./step-functions.ts";

async function start(name: string, state: object = { Type: "Succeed" }): Promise<void> {
  const plan = planOf([machineResource(name, { Done: state })]);
  const lambda = new LambdaService({
    ...{ plan, taskRoot: "/", environmentOf: () => ({}), log: () => undefined },
  });
  await stepFunctionsOf(plan, lambda, new Guard(plan), {}).close();
}

test("a plan's state machine starts", async () => {
  await expect(start("n".repeat(80))).resolves.toBeUndefined();
});

test.each<[string, string, object | undefined, string]>([
  [
    "whose name has 81 characters",
    "n".repeat(81),
    undefined,
    "has inputs.name that the local cloud cannot run",
  ],
  ["whose name has a character that AWS forbids", "a b", undefined, "has inputs.name that the local cloud"],
  ["that Step Functions would not take", "odd", { Type: "Nap" }, "the plan's state machine odd is not valid"],
])("a state machine %s stops the start", async (_title, name, state, message) => {
  await expect(start(name, state)).rejects.toThrow(message);
});
