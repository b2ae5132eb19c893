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
    const names = namesIn("STANDBY_CONSUMERS");
    const schedules = namesIn("STANDBY_SCHEDULES");
    let mappings = 0;
    for (const name of names) mappings += await enableMappings(name);
    for (const rule of schedules) await rules.send(new EnableRuleCommand({ Name: rule }));
    return { mappings, rules: schedules.length };
  },
);

async function enableMappings(functionName: string): Promise<number> {
  const { EventSourceMappings: mappings = [] } = await functions.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  for (const { UUID: id } of mappings)
    await functions.send(new UpdateEventSourceMappingCommand({ UUID: id, Enabled: true }));
  return mappings.length;
}

const namesIn = (variable: string): readonly string[] =>
  JSON.parse(optionalVariable(variable) ?? "[]") as readonly string[];
