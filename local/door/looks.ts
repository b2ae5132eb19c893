import type { Admission } from "./admission.ts";
import type { Outcome } from "./dispatcher.ts";

/** What pollers ask, and how an answer looks that tells them nothing. */
const looks: Readonly<Record<string, RegExp>> = {
  GetRecords: /"Records"\s*:\s*\[\s*\]/,
  ReceiveMessage: /^(?!.*"MessageId")/s,
  // Where to read: whatever the answer is, nothing came of it yet.
  DescribeStream: /^/,
  DescribeStreamSummary: /^/,
  ListShards: /^/,
};

/** Whether this was a poller's look at a queue or a stream that was answered well and brought nothing. */
export function broughtNothing(admission: Admission, { answer, fault }: Outcome): boolean {
  if (admission.caller?.isPoller !== true || answer?.statusCode !== 200 || fault !== undefined) return false;
  return looks[admission.action]?.test(answer.body.toString()) === true;
}
