import { expect, test } from "vitest";
import type { Plan } from "#local/plan/plan.ts";
import { committedPlan, without } from "#tests/support/committed-plan.ts";
import { trusting } from "#tests/support/handmade-plan.ts";
import { startTestSystem } from "#tests/support/local-system.ts";

/** The estate's plan, with this trust policy on a role. */
function trustingOnly(roleName: string, service: string): Plan {
  const plan = committedPlan();
  const assumeRolePolicy = JSON.stringify(trusting(service));
  const resources = plan.resources.map((each) =>
    each.name === roleName ? { ...each, inputs: { ...each.inputs, assumeRolePolicy } } : each,
  );
  return { ...plan, resources };
}

test.each([
  [
    trustingOnly("PostTaskRole", "states"),
    "the function PostTaskFunction: The role defined for the function cannot be",
  ],
  [
    trustingOnly("PaymentSagaRole", "lambda"),
    "the state machine PaymentSaga: Neither the global service principal states",
  ],
  [
    without(committedPlan(), "CheckRole", "sqs:ReceiveMessage", "-checks"),
    "the event source mapping CheckSource: The provided execution role does not have permissions to call ReceiveMessage on SQS",
  ],
  [
    without(committedPlan(), "RelayRole", "dynamodb:ListStreams", ".000"),
    "the event source mapping RelaySource: Cannot access stream",
  ],
])("a plan that AWS would not deploy does not start: %#", async (plan, words) => {
  await expect(startTestSystem({ plan, iamLog: undefined })).rejects.toThrow(
    `AWS would not deploy the plan: ${words}`,
  );
});
