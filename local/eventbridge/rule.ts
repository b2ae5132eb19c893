import { z } from "zod";
import { InvalidPattern } from "../event-patterns/matchers.ts";
import { compilePattern, type EventPattern } from "../event-patterns/pattern.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { parseSchedule, type ScheduleExpression } from "./expression.ts";
import { InvalidExpression } from "./expression-error.ts";
import { type InputSettings, inputSettings } from "./input.ts";

/** Whom an event goes to. */
export interface Target extends InputSettings {
  readonly arn: string;
  /** Undefined for targets that a policy of their own opens: functions, queues, topics. */
  readonly roleArn: string | undefined;
  readonly retriesMax: number;
  readonly ageSecondsMax: number;
  readonly deadLetter: string | undefined;
  readonly messageGroupId: string | undefined;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly pattern: EventPattern | undefined;
  readonly schedule: ScheduleExpression | undefined;
  readonly targets: readonly Target[];
}

const retriesDefault = 185;
const ageSecondsDefault = 86_400;

export const deliverySettings = z.object({
  arn: z.string().regex(/^arn:aws:(lambda|sqs|sns|states|events):/, "nothing here delivers to such a target"),
  roleArn: z.string().optional(),
  retryPolicy: z
    .object({
      maximumRetryAttempts: z.int().min(0).max(retriesDefault).default(retriesDefault),
      maximumEventAgeInSeconds: z.int().min(60).max(ageSecondsDefault).default(ageSecondsDefault),
    })
    .default({ maximumRetryAttempts: retriesDefault, maximumEventAgeInSeconds: ageSecondsDefault }),
  deadLetterConfig: z.object({ arn: z.string().startsWith("arn:aws:sqs:").optional() }).optional(),
});
const targetInputs = deliverySettings.extend({
  ...inputSettings.shape,
  rule: z.string(),
  eventBusName: z.string().default("default"),
  sqsTarget: z.object({ messageGroupId: z.string().optional() }).optional(),
});
const ruleInputs = z.object({
  name: z.string(),
  eventBusName: z.string().default("default"),
  eventPattern: z.string().optional(),
  scheduleExpression: z.string().optional(),
  state: z.string().default("ENABLED"),
  isEnabled: z.boolean().default(true),
});
const ruleOutputs = z.object({ arn: z.string().optional() });

/** A bus by its name: rules and callers may say its ARN. */
export const busNameOf = (nameOrArn: string): string =>
  nameOrArn.replace(/^arn:aws:events:.*:event-bus\//, "");

export function ruleArnOf({ region, account }: Plan, busNameOrArn: string, name: string): string {
  const bus = busNameOf(busNameOrArn);
  return `arn:aws:events:${region}:${account}:rule/${bus === "default" ? "" : `${bus}/`}${name}`;
}

/** Names of the buses that the plan has, `default` among them. */
export function busNamesOf(plan: Plan): ReadonlySet<string> {
  const named = resourcesOf(plan, "aws:cloudwatch/eventBus:EventBus").map(
    (resource) => inputsOf(resource, z.object({ name: z.string() })).name,
  );
  return new Set(["default", ...named]);
}

/**
 * The rules of the plan that are enabled, with their targets.
 * @throws Refusal when EventBridge would refuse one, or a target is of a kind that nothing here delivers to.
 */
export function rulesOf(plan: Plan): readonly Rule[] {
  const targets = resourcesOf(plan, "aws:cloudwatch/eventTarget:EventTarget").map((resource) => {
    const inputs = inputsOf(resource, targetInputs);
    const bus = busNameOf(inputs.eventBusName);
    if (inputs.arn.startsWith("arn:aws:states:") && inputs.roleArn === undefined) {
      throw new Refusal(
        `the plan's ${resource.type} ${resource.name} is not valid: RoleArn is required for target ${inputs.arn}.`,
      );
    }
    return { key: `${bus}/${inputs.rule}`, target: targetOf(inputs, inputs.sqsTarget?.messageGroupId) };
  });
  return resourcesOf(plan, "aws:cloudwatch/eventRule:EventRule").flatMap((resource) => {
    const inputs = inputsOf(resource, ruleInputs);
    if (!inputs.state.startsWith("ENABLED") || !inputs.isEnabled) return [];
    const busName = busNameOf(inputs.eventBusName);
    const { arn = ruleArnOf(plan, busName, inputs.name) } = outputsOf(resource, ruleOutputs);
    return [
      {
        name: inputs.name,
        arn,
        busName,
        ...refusing(resource, () => ({
          pattern: inputs.eventPattern === undefined ? undefined : compilePattern(inputs.eventPattern),
          schedule:
            inputs.scheduleExpression === undefined ? undefined : parseSchedule(inputs.scheduleExpression),
        })),
        targets: targets.filter(({ key }) => key === `${busName}/${inputs.name}`).map(({ target }) => target),
      },
    ];
  });
}

export function targetOf(
  inputs: z.output<typeof deliverySettings> & InputSettings,
  messageGroupId: string | undefined,
): Target {
  const { arn, roleArn, retryPolicy, deadLetterConfig, input, inputPath, inputTransformer } = inputs;
  return {
    arn,
    roleArn,
    retriesMax: retryPolicy.maximumRetryAttempts,
    ageSecondsMax: retryPolicy.maximumEventAgeInSeconds,
    deadLetter: deadLetterConfig?.arn,
    messageGroupId,
    input,
    inputPath,
    inputTransformer,
  };
}

/** What the patterns and expressions of a resource come to. @throws Refusal that names the resource. */
export function refusing<T>({ type, name }: PlanResource, parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof InvalidPattern || thrown instanceof InvalidExpression)) throw thrown;
    throw new Refusal(`the plan's ${type} ${name} is not valid: ${thrown.message}`, { cause: thrown });
  }
}
