import { types } from "node:util";

/** Lambda's own limit of a synchronous payload, request or response: 6 MiB. */
export const payloadBytesMax = 6 * 1024 * 1024;
/** Lambda's limit of an event, the payload of an asynchronous invocation: 1 MiB. */
export const eventBytesMax = 1024 * 1024;
/** What Lambda allows above `payloadBytesMax` for the envelope of a response. */
const responseEnvelopeBytes = 100;
export const responseBytesMax: number = payloadBytesMax + responseEnvelopeBytes;

/**
 * The payload of a function that threw, as Lambda's Node.js runtime writes it. Step Functions matches `errorType`
 * in its Retry and Catch, so the thrown error's `name` is part of a task's contract.
 */
export function thrownPayload(thrown: unknown): string {
  if (types.isNativeError(thrown) || isErrorLike(thrown)) {
    return JSON.stringify({
      errorType: thrown.name,
      errorMessage: thrown.message,
      trace: (thrown.stack ?? "").split("\n"),
    });
  }
  return JSON.stringify({ errorType: typeof thrown, errorMessage: String(thrown), trace: [] });
}

function isErrorLike(thrown: unknown): thrown is Error {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { name, message, stack } = thrown as Record<string, unknown>;
  return typeof name === "string" && typeof message === "string" && typeof stack === "string";
}

export function timedOutPayload(requestId: string, timeoutSeconds: number): string {
  return sandboxPayload(
    "Sandbox.Timedout",
    requestId,
    `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
  );
}

/** The thread ended in the middle of an invocation. `exitCode` is what the handler gave to `process.exit`. */
export function exitedPayload(requestId: string, exitCode: number): string {
  const reason =
    exitCode === 0
      ? "Runtime exited without providing a reason"
      : `Runtime exited with error: exit status ${exitCode}`;
  return sandboxPayload("Runtime.ExitError", requestId, reason);
}

export function outOfMemoryPayload(requestId: string): string {
  return sandboxPayload("Runtime.OutOfMemory", requestId, "Runtime exited with error: signal: killed");
}

export function responseTooLargePayload(): string {
  return JSON.stringify({
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: `Response payload size exceeded maximum allowed payload size (${responseBytesMax} bytes).`,
  });
}

function sandboxPayload(errorType: string, requestId: string, reason: string): string {
  return JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${reason}` });
}
