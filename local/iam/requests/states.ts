import { inputOf, textIn } from "../../door/call-input.ts";
import type { AccessReader } from "./reader.ts";

/** Members that name what a call is about, the most precise first. */
const subjects = ["executionArn", "stateMachineArn", "activityArn", "resourceArn"];

/** Step Functions: the state machine, the execution, or any state machine where a call names none. */
export const statesRequests: AccessReader = (call, { region, account }) => {
  const input = inputOf(call);
  if (input === undefined) return undefined;
  const named = subjects.map((member) => textIn(input, member)).find((arn) => arn !== undefined);
  return [
    {
      action: `states:${call.action}`,
      resource: named ?? `arn:aws:states:${region}:${account}:stateMachine:*`,
      context: () => undefined,
    },
  ];
};
