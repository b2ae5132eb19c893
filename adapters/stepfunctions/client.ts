import { SFNClient } from "@aws-sdk/client-sfn";

/** A connection that is not there by then will not come; the wait for an answer itself is bounded by the caller. */
const connectionTimeoutMs = 500;

export function createStepFunctions(): SFNClient {
  return new SFNClient({
    // A second StartSyncExecution would be a second saga: the first may have started before its reply was lost.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connectionTimeoutMs },
    // `sync-states.…` cannot be resolved behind a custom endpoint.
    disableHostPrefix: process.env["AWS_ENDPOINT_URL"] !== undefined,
  });
}
