import type { LambdaService } from "../lambda/service.ts";
import { LambdaServiceError } from "../lambda/service-error.ts";

/** What became of one batch. */
export type BatchOutcome =
  /** JSON text. */
  | { readonly kind: "answered"; readonly payload: string; readonly requestId: string }
  /** The function ran and failed. */
  | { readonly kind: "failed"; readonly payload: string; readonly requestId: string }
  /** The function did not run: throttled, or the service had an error. */
  | { readonly kind: "refused"; readonly reason: string };

/** Runs a function on a batch. `payload` is JSON text. Never rejects. */
export type BatchInvoker = (functionArn: string, payload: string) => Promise<BatchOutcome>;

export function lambdaInvoker(lambda: Pick<LambdaService, "invoke">, newId: () => string): BatchInvoker {
  return async (functionArn, payload) => {
    const requestId = newId();
    try {
      const { functionError, payload: answer } = await lambda.invoke(functionArn, payload, { requestId });
      const kind = functionError === undefined ? "answered" : "failed";
      return { kind, payload: answer, requestId };
    } catch (thrown) {
      if (!(thrown instanceof LambdaServiceError)) throw thrown;
      return { kind: "refused", reason: `${thrown.name}: ${thrown.message}` };
    }
  };
}
