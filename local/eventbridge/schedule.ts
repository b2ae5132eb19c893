import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { parseSchedule, type ScheduleExpression } from "./expression.ts";
import { deliverySettings, refusing, type Target, targetOf } from "./rule.ts";

/** A schedule of EventBridge Scheduler. */
export interface Schedule {
  readonly arn: string;
  readonly expression: ScheduleExpression;
  /** Epoch milliseconds. */
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly target: Target;
}

const scheduleInputs = z.object({
  name: z.string(),
  groupName: z.string().default("default"),
  scheduleExpression: z.string(),
  scheduleExpressionTimezone: z.string().default("UTC"),
  state: z.string().default("ENABLED"),
  startDate: z.iso.datetime().optional(),
  endDate: z.iso.datetime().optional(),
  target: deliverySettings.extend({
    roleArn: z.string("EventBridge Scheduler acts in a role's name, and the target has none"),
    input: z.string().optional(),
    sqsParameters: z.object({ messageGroupId: z.string().optional() }).optional(),
  }),
});
const scheduleOutputs = z.object({ arn: z.string().optional() });

/** The schedules of the plan that are enabled. @throws Refusal when EventBridge Scheduler would refuse one. */
export function schedulesOf(plan: Plan): readonly Schedule[] {
  return resourcesOf(plan, "aws:scheduler/schedule:Schedule").flatMap((resource) => {
    const inputs = inputsOf(resource, scheduleInputs);
    if (inputs.state !== "ENABLED") return [];
    const path = `${inputs.groupName}/${inputs.name}`;
    const { arn = `arn:aws:scheduler:${plan.region}:${plan.account}:schedule/${path}` } = outputsOf(
      resource,
      scheduleOutputs,
    );
    const { target, startDate, endDate } = inputs;
    return [
      {
        arn,
        expression: refusing(resource, () =>
          parseSchedule(inputs.scheduleExpression, inputs.scheduleExpressionTimezone),
        ),
        startMs: startDate === undefined ? undefined : Date.parse(startDate),
        endMs: endDate === undefined ? undefined : Date.parse(endDate),
        target: targetOf(
          { ...target, inputPath: undefined, inputTransformer: undefined },
          target.sqsParameters?.messageGroupId,
        ),
      },
    ];
  });
}
