import type { RefuseSender } from "../delivery/courier.ts";
import type { Invoke, InvokeFor } from "./invocation.ts";

/** Invokes a function for a route or an authorizer that the function's policy lets in; throws for any other. */
export const ifInvokable =
  (refuse: RefuseSender, invoke: Invoke): InvokeFor =>
  async (functionArn, payload, options, sourceArn) => {
    const sender = { service: "apigateway.amazonaws.com", sourceArn };
    const refusal = refuse(sender, "lambda:InvokeFunction", functionArn);
    if (refusal !== undefined) throw new Error(refusal);
    return invoke(functionArn, payload, options);
  };
