import { traceRootOf } from "../door/call-log.ts";
import type { Meter, ServiceMeter, Unit } from "../door/meter.ts";
import type { Sent } from "../sns/engine.ts";

const chunkBytes = 65_536;

/** SNS bills each 64 KB begun of what is published, attributes included. What it hands to queues and functions is free. */
export const snsMeter: ServiceMeter = {
  service: "sns",
  prepare: (call) => call,
  read({ action, body }, answer) {
    if (answer.statusCode !== 200) return { usage: [], answer };
    const parameters = new URLSearchParams(body.toString());
    const resource = parameters.get("TopicArn") ?? parameters.get("TargetArn") ?? "";
    const chunks = action.startsWith("Publish") ? Math.ceil(publishedBytes(parameters) / chunkBytes) : 1;
    const quantity = Math.max(1, chunks);
    return { usage: [{ service: "sns", unit: "requests", resource, quantity }], answer };
  },
};

/** `Message`, `Subject` and `MessageAttributes.entry.N.…`, of a batch's entries too. */
const isPublished = /(^|\.)(Message|Subject|MessageAttributes\.entry\.\d+\..+)$/;

const publishedBytes = (parameters: URLSearchParams): number =>
  [...parameters]
    .filter(([name]) => isPublished.test(name))
    .reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0);

const unitByProtocol: Readonly<Record<string, Unit>> = { email: "mails", sms: "sms" };

/** Adds mail and SMS to who published them: one publication is as many as it has readers. */
export function sendingMeter(meter: Meter): (sent: Sent) => void {
  return ({ topicArn, protocol, cause: { caller, action, headers } }) => {
    const unit = unitByProtocol[protocol];
    if (unit === undefined) return;
    meter.add(
      [{ service: "sns", resource: topicArn, unit, quantity: 1 }],
      { caller: caller.name, action },
      traceRootOf(headers["x-amzn-trace-id"]),
    );
  };
}
