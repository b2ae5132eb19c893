import { XRayClient, type XRayClientConfig } from "@aws-sdk/client-xray";

/** A trace is worth little waiting: what X-Ray does not take within a second or two is given up. */
const requestTimeoutMs = 1_000;
const connectionTimeoutMs = 500;
/** Calls in all, the first included. */
const attemptsMax = 2;

export const createXRay = (config: XRayClientConfig = {}): XRayClient =>
  new XRayClient({
    ...config,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
