import { objectOf, textIn } from "../door/call-input.ts";
import type { ServiceMeter } from "../door/meter.ts";

/** KMS bills each request by its key, which the answer names by its ARN. */
export const kmsMeter: ServiceMeter = {
  service: "kms",
  prepare: (call) => call,
  read(_call, answer) {
    if (answer.statusCode !== 200) return { usage: [], answer };
    const output = objectOf(answer.body) ?? {};
    const resource = textIn(output, "KeyId") ?? "";
    return { usage: [{ service: "kms", unit: "requests", resource, quantity: 1 }], answer };
  },
};
