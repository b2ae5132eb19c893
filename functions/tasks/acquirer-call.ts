import type { AcquirerOutcome } from "#core/acquiring/outcome.ts";

/** The acquirer certainly did not execute the request. The state machine may run the same step again. */
export class AcquirerUnavailable extends Error {
  override readonly name = "AcquirerUnavailable";
}

const callMsMax = 10_000;
/** Left for the writes that follow the acquirer's answer. */
const writeReserveMs = 2_000;

/** When to stop waiting for an acquirer, in epoch milliseconds: early enough to still record what is known. */
export const deadlineOf = (remainingMs: () => number, now = Date.now()): number =>
  now + Math.max(0, Math.min(callMsMax, remainingMs() - writeReserveMs));

/** What a review is told about an outcome that this step cannot go on from. */
export function reasonOf(outcome: Exclude<AcquirerOutcome, { kind: "approved" }>): string {
  if (outcome.kind === "declined") return outcome.code;
  return outcome.kind === "pending" ? "the acquirer decides later" : outcome.reason;
}
