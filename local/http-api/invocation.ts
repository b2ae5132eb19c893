import type { InvokeOptions, InvokeResult } from "../lambda/service.ts";

/** `LambdaService.invoke`: a function that fails is a result, and one that did not run is a throw. */
export type Invoke = (functionArn: string, payload: string, options: InvokeOptions) => Promise<InvokeResult>;

/** As `Invoke`, for a route or an authorizer by its ARN. It throws when the function's policy does not let it in. */
export type InvokeFor = (...invocation: [...Parameters<Invoke>, sourceArn: string]) => Promise<InvokeResult>;

type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "late" }
  | { readonly kind: "failed"; readonly thrown: unknown };

/** What a promise comes to within `ms`. It goes on when it is late; nobody hears of it then. */
export function within<T>(promise: Promise<T>, ms: number): Promise<Outcome<T>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: "late" }), ms);
    const settle = (outcome: Outcome<T>) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    promise.then(
      (value) => settle({ kind: "answered", value }),
      (thrown: unknown) => settle({ kind: "failed", thrown }),
    );
  });
}
