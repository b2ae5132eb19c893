import { InvalidCiphertextException, KMSClient, type KMSClientConfig } from "@aws-sdk/client-kms";
import { KeysUnavailable } from "./errors.ts";

/** KMS answers in tens of milliseconds, its first TLS handshake included in a few hundred. */
const requestTimeoutMs = 1_500;
const connectionTimeoutMs = 500;
/** Calls in all, the first included. */
const attemptsMax = 3;

/** One client per process, opened when the module that owns it loads, so that warm invocations find its sockets. */
export function createKms(config: KMSClientConfig = {}): KMSClient {
  return new KMSClient({
    ...config,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without this the SDK only warns when the time has passed.
      throwOnRequestTimeout: true,
    },
  });
}

/**
 * Names everything that can end a call `KeysUnavailable`, but for a ciphertext that is not what the key once sealed:
 * trying that again helps nobody.
 */
export async function reachKeys<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof InvalidCiphertextException) throw error;
    throw new KeysUnavailable(error instanceof Error ? `${error.name}: ${error.message}` : String(error), {
      cause: error,
    });
  }
}
