import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Endpoints } from "#local/endpoints.ts";
import { awsClient } from "./local-system.ts";

/** Runs a function that time would run, now. @throws when it fails. */
export async function invoke(endpoints: Endpoints, name: string): Promise<void> {
  const client = new LambdaClient(awsClient(endpoints));
  try {
    const { FunctionError: failure, Payload: payload } = await client.send(
      new InvokeCommand({ FunctionName: `tallystick-local-${name}`, Payload: "{}" }),
    );
    if (failure !== undefined)
      throw new Error(`${name}: ${failure} ${Buffer.from(payload ?? []).toString()}`);
  } finally {
    client.destroy();
  }
}
