import { pause } from "../event-sources/pause.ts";
import type { Clock } from "../stepfunctions/clock.ts";

/** Nobody who asks again gets another answer: the endpoint is not there, or never takes this message. */
export class Undeliverable extends Error {
  override readonly name = "Undeliverable";
}

/**
 * SNS's policy for queues and functions: 100,015 retries over 23 days, which no subscription can change.
 * Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
const immediateRetries = 3;
const preBackoffRetries = 2;
const preBackoffMs = 1_000;
const backoffRetries = 10;
const backoffMsMin = 1_000;
const backoffMsMax = 20_000;
const postBackoffRetries = 100_000;
const retriesMax = immediateRetries + preBackoffRetries + backoffRetries + postBackoffRetries;

/** The wait before a retry, in milliseconds; undefined when there is none any more. `retry`: 1, 2, … */
export function waitBefore(retry: number): number | undefined {
  if (retry > retriesMax) return undefined;
  if (retry <= immediateRetries) return 0;
  if (retry <= immediateRetries + preBackoffRetries) return preBackoffMs;
  const backoff = retry - immediateRetries - preBackoffRetries - 1;
  if (backoff >= backoffRetries) return backoffMsMax;
  return Math.round(backoffMsMin * (backoffMsMax / backoffMsMin) ** (backoff / (backoffRetries - 1)));
}

/** Tries again until it goes well. @returns the last failure when nobody is to try any more, or the signal aborted. */
export async function retried(
  attempt: () => Promise<void>,
  first: unknown,
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  let failure: unknown = first;
  for (let retry = 1; !(failure instanceof Undeliverable); retry += 1) {
    const waitMs = waitBefore(retry);
    if (waitMs === undefined) return failure;
    if (waitMs > 0) await pause(clock, waitMs, signal);
    if (signal.aborted) return failure;
    try {
      await attempt();
      return undefined;
    } catch (thrown) {
      failure = thrown;
    }
  }
  return failure;
}
