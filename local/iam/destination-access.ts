import { deliveryActionOf } from "../delivery/actions.ts";
import { eventSourceMappingsOf } from "../event-sources/mapping.ts";
import { eventSettingsOf } from "../lambda/events/settings.ts";
import { functionsOf } from "../lambda/function-definition.ts";
import type { Plan } from "../plan/plan.ts";
import type { Permits } from "./source-access.ts";

const serviceNames: Readonly<Record<string, string>> = {
  events: "EventBridge",
  lambda: "Lambda",
  sns: "SNS",
  sqs: "SQS",
};

/**
 * Functions and mappings that Lambda would refuse to make, since their roles may not send to where what failed, or
 * succeeded, is to go; one line each.
 */
export function undeliverableOutcomesIn(plan: Plan, permits: Permits): readonly string[] {
  const functions = functionsOf(plan);
  const settings = eventSettingsOf(plan, functions);
  const outcomes = [
    ...functions.flatMap(({ name, logicalName, roleArn }) => {
      const { deadLetter, onFailure, onSuccess } = settings.get(name) ?? {};
      return [deadLetter, onFailure, onSuccess].map((arn) => ({
        of: `the function ${logicalName}`,
        roleArn,
        arn,
      }));
    }),
    ...eventSourceMappingsOf(plan, functions).map((mapping) => ({
      of: `the event source mapping ${mapping.name}`,
      roleArn: mapping.definition.roleArn,
      arn: mapping.kind === "queue" ? undefined : mapping.onFailure,
    })),
  ];
  return outcomes.flatMap(({ of, roleArn, arn }) => {
    const action = arn && deliveryActionOf(arn);
    if (arn === undefined || action === undefined || permits(roleArn, action, arn)) return [];
    const [service = "", call] = action.split(":");
    return [
      `${of}: The provided execution role does not have permissions to call ${call} on ${serviceNames[service]} (grant ${roleArn} ${action} on ${arn})`,
    ];
  });
}
