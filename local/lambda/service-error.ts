/** Lambda refused an invocation: the function did not run, or its answer is not known. `name` is AWS's exception. */
export class LambdaServiceError extends Error {
  override readonly name: string;
  /** HTTP status that Lambda answers with. */
  readonly statusCode: number;
  /** Why a `TooManyRequestsException` was raised, in AWS's words. */
  readonly reason: string | undefined;

  constructor(name: string, statusCode: number, message: string, reason?: string) {
    super(message);
    this.name = name;
    this.statusCode = statusCode;
    this.reason = reason;
  }
}

export function functionNotFound(arn: string): LambdaServiceError {
  return new LambdaServiceError("ResourceNotFoundException", 404, `Function not found: ${arn}`);
}

export function throttled(
  reason: "ReservedFunctionConcurrentInvocationLimitExceeded" | "ConcurrentInvocationLimitExceeded",
): LambdaServiceError {
  return new LambdaServiceError("TooManyRequestsException", 429, "Rate Exceeded.", reason);
}

export function payloadTooLarge(
  bytes: number,
  bytesMax: number,
  invocationType: "RequestResponse" | "Event",
): LambdaServiceError {
  return new LambdaServiceError(
    "RequestEntityTooLargeException",
    413,
    `${bytes} byte payload is too large for the ${invocationType} invocation type (limit ${bytesMax} bytes)`,
  );
}

export function serviceStopping(): LambdaServiceError {
  return new LambdaServiceError("ServiceException", 500, "The local cloud is stopping.");
}
