import { SNSClient } from "@aws-sdk/client-sns";

const requestTimeoutMs = 3_000;
const connectionTimeoutMs = 1_000;

/** @param maxAttempts calls in all, the first included: 1 for whoever must not publish twice. */
export const createSns = (maxAttempts: number): SNSClient =>
  new SNSClient({
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
