import { z } from "zod";
import { inputsOf, resourcesOf } from "../../plan/load.ts";
import type { Plan } from "../../plan/plan.ts";
import { Refusal } from "../../process/refusal.ts";
import { type FunctionDefinition, parseFunctionReference } from "../function-definition.ts";

/** What becomes of the events of one function, as the plan has it. */
export interface EventSettings {
  /** 0 to 2. */
  readonly retriesMax: number;
  /** 60 to 21,600 seconds from acceptance. */
  readonly ageSecondsMax: number;
  /** ARN of a queue, topic, function or event bus. */
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
  /** ARN of the queue or topic that gets the event itself, not a record of its failure. */
  readonly deadLetter: string | undefined;
}

const retriesDefault = 2;
const ageSecondsDefault = 6 * 3_600;

const destination = z.object({ destination: z.string().regex(/^arn:aws:(sqs|sns|lambda|events):/) });
const configInputs = z.object({
  functionName: z.string(),
  qualifier: z.literal("$LATEST").optional(),
  maximumRetryAttempts: z.int().min(0).max(2).default(retriesDefault),
  maximumEventAgeInSeconds: z.int().min(60).max(ageSecondsDefault).default(ageSecondsDefault),
  destinationConfig: z
    .object({ onSuccess: destination.optional(), onFailure: destination.optional() })
    .default({}),
});
const functionInputs = z.object({
  deadLetterConfig: z.object({ targetArn: z.string().regex(/^arn:aws:(sqs|sns):/) }).optional(),
});

/**
 * Settings by the function's name.
 * @throws Refusal when the plan configures events of a function that it does not deploy.
 */
export function eventSettingsOf(
  plan: Plan,
  functions: readonly FunctionDefinition[],
): ReadonlyMap<string, EventSettings> {
  const names = new Set(functions.map(({ name }) => name));
  const configs = new Map<string, z.output<typeof configInputs>>();
  for (const resource of resourcesOf(
    plan,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
  )) {
    const inputs = inputsOf(resource, configInputs);
    const name = parseFunctionReference(inputs.functionName)?.name;
    if (name === undefined || !names.has(name)) {
      throw new Refusal(
        `the plan's ${resource.name} is about ${inputs.functionName}, which the plan does not deploy`,
      );
    }
    configs.set(name, inputs);
  }
  return new Map(
    resourcesOf(plan, "aws:lambda/function:Function").map((resource) => {
      const { name } = inputsOf(resource, z.object({ name: z.string() }));
      const config = configs.get(name);
      return [
        name,
        {
          retriesMax: config?.maximumRetryAttempts ?? retriesDefault,
          ageSecondsMax: config?.maximumEventAgeInSeconds ?? ageSecondsDefault,
          onSuccess: config?.destinationConfig.onSuccess?.destination,
          onFailure: config?.destinationConfig.onFailure?.destination,
          deadLetter: inputsOf(resource, functionInputs).deadLetterConfig?.targetArn,
        },
      ];
    }),
  );
}
