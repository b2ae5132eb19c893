import { DynamoDBClient, DynamoDBServiceException } from "@aws-sdk/client-dynamodb";
import { StoreUnavailable } from "./errors.ts";

/** DynamoDB answers in single-digit milliseconds: a call this late is lost, and a second try is cheaper than waiting. */
const requestTimeoutMs = 1_500;
const connectionTimeoutMs = 500;
/** Calls in all, the first included: three within the deadline of the shortest task. */
const attemptsMax = 3;

/** One client per process, opened when the module that owns it loads, so that warm invocations find its sockets. */
export function createDynamoDb(): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without this the SDK only warns when the time has passed.
      throwOnRequestTimeout: true,
    },
  });
}

/** Lets answers of DynamoDB through, and names everything else that can end a call `StoreUnavailable`. */
export async function reach<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof DynamoDBServiceException && !isOutage(error)) throw error;
    throw new StoreUnavailable(error instanceof Error ? `${error.name}: ${error.message}` : String(error), {
      cause: error,
    });
  }
}

/** The SDK has already retried these as often as it may. */
const outages = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "InternalServerError",
  "ServiceUnavailable",
  "TransactionInProgressException",
]);

const isOutage = (error: DynamoDBServiceException): boolean =>
  outages.has(error.name) || error.$fault === "server";
