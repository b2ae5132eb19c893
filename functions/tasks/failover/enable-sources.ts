import { EnableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import middy from "@middy/core";
import { optionalVariable } from "#functions/environment.ts";
import { type Enabled, stepInput } from "#workflows/failover/contract.ts";

const attemptsMax = 6;

const functions = new LambdaClient({ maxAttempts: attemptsMax });
const rules = new EventBridgeClient({ maxAttempts: attemptsMax });

/**
 * Enables what invokes the functions of a region that stood by: queues and streams by their mappings, time by its rules.
 * Where they were never disabled, there is nothing to do. What is enabled stays so.
 */
export const handler = middy<unknown, Enabled>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown): Promise<Enabled> => {
    stepInput.parse(event);
    const names = namesIn(optionalVariable("STANDBY_CONSUMERS"));
    const schedules = namesIn(optionalVariable("STANDBY_SCHEDULES"));
    let mappings = 0;
    for (const name of names) mappings += await enableMappings(name);
    for (const rule of schedules) await rules.send(new EnableRuleCommand({ Name: rule }));
    return { mappings, rules: schedules.length };
  },
);

/** States of a mapping that reads, or is about to. */
const awake: readonly (string | undefined)[] = ["Enabled", "Enabling"];

async function enableMappings(functionName: string): Promise<number> {
  const { EventSourceMappings: mappings = [] } = await functions.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  // One that is being changed takes no other change: to ask again for what is on its way would fail a second call.
  const asleep = mappings.filter(({ State: state }) => !awake.includes(state));
  for (const { UUID: id } of asleep)
    await functions.send(new UpdateEventSourceMappingCommand({ UUID: id, Enabled: true }));
  return mappings.length;
}

/** Left out where there is no other region. */
const namesIn = (list = "[]"): readonly string[] => JSON.parse(list) as readonly string[];
