import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import type { Acquirer } from "../../acquiring/port.ts";
import { absurd } from "../../kernel/invariant.ts";

/** The acquirer certainly did not execute the request, or could not be asked about it. The same step may run again. */
export class AcquirerUnavailable extends Error {
  override readonly name = "AcquirerUnavailable";
}

type Answer = Exclude<AcquirerOutcome, { kind: "not_attempted" }>;

/**
 * Asks an acquirer to execute what `key` names, at most once whatever happened before: what it may have been asked
 * already, by an earlier attempt, is found out about first. A request that was never answered is not answered when it is
 * repeated, either, at some acquirers; and "not found" proves nothing, but the same key may be sent again.
 * @throws AcquirerUnavailable
 */
export async function askOnce(
  acquirer: Acquirer,
  { attempt, ...asked }: Asked & { readonly attempt: number },
  ask: () => Promise<AcquirerOutcome>,
): Promise<Answer> {
  const earlier = attempt > 0 ? await findOut(acquirer, asked) : undefined;
  return earlier ?? attempted(await ask());
}

interface Asked {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

/**
 * What came of it, when the acquirer knows the key.
 * @throws AcquirerUnavailable when it does not say
 */
export async function findOut(acquirer: Acquirer, asked: Asked): Promise<Answer | undefined> {
  const inquiry = await acquirer.inquire(asked);
  switch (inquiry.kind) {
    case "found":
      return inquiry.outcome;
    case "unavailable":
      throw new AcquirerUnavailable(inquiry.reason);
    case "not_found":
      return undefined;
    default:
      return absurd(inquiry);
  }
}

/** @throws AcquirerUnavailable for what was certainly not executed */
export function attempted(outcome: AcquirerOutcome): Answer {
  if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
  return outcome;
}
