import type { RefuseSender } from "../delivery/courier.ts";
import type { Deliver } from "./deliveries.ts";
import { Undeliverable } from "./retries.ts";

/** Delivers where the endpoint's policy lets the topic in. SNS asks nobody again who does not. */
export const ifAdmitted =
  (refuse: RefuseSender, action: string, deliver: Deliver): Deliver =>
  (delivery) => {
    const { topic: sourceArn, endpoint } = delivery.subscription;
    const refusal = refuse({ service: "sns.amazonaws.com", sourceArn }, action, endpoint);
    if (refusal !== undefined) throw new Undeliverable(refusal);
    return deliver(delivery);
  };
