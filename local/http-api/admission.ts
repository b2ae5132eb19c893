import { messageOf } from "../iam/denial.ts";
import type { Guard } from "../iam/guard.ts";
import type { Invoke, InvokeFor } from "./invocation.ts";

/** Invokes a function for a route or an authorizer that the function's policy lets in; throws for any other. */
export const ifAdmitted =
  (guard: Guard, invoke: Invoke): InvokeFor =>
  async (functionArn, payload, options, sourceArn) => {
    const sender = { service: "apigateway.amazonaws.com", sourceArn };
    const denial = guard.refuseDelivery(sender, "lambda:InvokeFunction", functionArn);
    if (denial !== undefined) throw new Error(messageOf(denial));
    return invoke(functionArn, payload, options);
  };
