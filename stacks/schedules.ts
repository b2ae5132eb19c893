import { type FunctionName, functions } from "./functions.ts";
import { createFunction } from "./lambda.ts";
import { physicalName } from "./naming.ts";
import { isPassive } from "./pair.ts";
import type { Parts } from "./parts.ts";

/** The functions that time invokes. */
export function createSchedules(parts: Parts): void {
  for (const name of Object.keys(functions) as FunctionName[]) {
    const { every } = functions[name];
    if (every !== undefined) createSchedule(name, every, parts);
  }
}

/** @param scheduleExpression `rate(1 day)`, or a cron expression of EventBridge. */
export function createSchedule(name: FunctionName, scheduleExpression: string, parts: Parts): void {
  const fn = createFunction(name, parts);
  const { settings } = parts;
  const rule = new aws.cloudwatch.EventRule(`${name}Schedule`, {
    name: physicalName(name),
    scheduleExpression,
    ...(settings.pair !== undefined && { state: isPassive(settings) ? "DISABLED" : "ENABLED" }),
  });
  new aws.lambda.Permission(`${name}SchedulePermission`, {
    action: "lambda:InvokeFunction",
    function: fn.name,
    principal: "events.amazonaws.com",
    sourceArn: rule.arn,
  });
  new aws.cloudwatch.EventTarget(`${name}ScheduleTarget`, { rule: rule.name, arn: fn.arn });
}
