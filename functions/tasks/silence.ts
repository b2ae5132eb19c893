import { Logger } from "@aws-lambda-powertools/logger";
import type { Silence } from "#adapters/acquirers/acquirers.ts";

const logger = new Logger({ serviceName: "acquirers" });

/**
 * A line for the alarm that counts it (stacks/log-metrics.ts), and for whoever wants to know which acquirer and why. Only
 * failures are logged: what went well is counted by AWS, as invocations.
 */
export const onSilence = (silence: Silence): void =>
  logger.warn("an acquirer did not answer", { ...silence });
