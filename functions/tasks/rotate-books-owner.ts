import { setTimeout as sleep } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { RDSClient } from "@aws-sdk/client-rds";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { requiredVariable } from "#functions/environment.ts";
import { Rotation, rotationStep } from "./rotating.ts";

const attemptsMax = 6;
const rotation = new Rotation({
  secrets: new SecretsManagerClient({ maxAttempts: attemptsMax }),
  rds: new RDSClient({ maxAttempts: attemptsMax }),
  cluster: requiredVariable("BOOKS_CLUSTER"),
  pause: (ms) => sleep(ms),
});
const logger = new Logger({ serviceName: "rotation" });

/** Secrets Manager calls it four times for each new password of the books' owner. */
export const handler = middy<unknown, void>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown, context: Context): Promise<void> => {
    const step = rotationStep.parse(event);
    await rotation.take(step, () => context.getRemainingTimeInMillis());
    logger.info("a step of the rotation was taken", { step: step.Step, version: step.ClientRequestToken });
  },
);
