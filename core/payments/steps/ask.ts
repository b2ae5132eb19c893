import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import type { Acquirer } from "../../acquiring/port.ts";
import { absurd } from "../../kernel/invariant.ts";

/** The acquirer certainly did not execute the request, or could not be asked about it. The same step may run again. */
export class AcquirerUnavailable extends Error {
  override readonly name = "AcquirerUnavailable";
}

type Answer = Exclude<AcquirerOutcome, { kind: "not_attempted" }>;

interface Asking {
  /** Our key at the acquirer. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  /** How often it may have been asked for before. */
  readonly attempt: number;
  /** What an operator says that it came to. It may have been asked for then, whatever `attempt` says. */
  readonly word?: Answer | undefined;
  /** Where the word denies that it was done: closes the key, so that what is still on its way is never executed. */
  readonly close?: (() => Promise<AcquirerOutcome>) | undefined;
}

/**
 * Asks an acquirer to execute what `key` names, at most once whatever happened before: what it may have been asked
 * already, by an earlier attempt, is found out about first. A request that was never answered is not answered when it is
 * repeated, either, at some acquirers; and "not found" proves nothing, but the same key may be sent again. Where an
 * operator has said what it came to, it is not: the acquirer's own answer counts, or else the operator's word.
 * @throws AcquirerUnavailable
 */
export async function askOnce(
  acquirer: Acquirer,
  { attempt, ...asked }: Asking,
  ask: () => Promise<AcquirerOutcome>,
): Promise<Answer> {
  const mayBeKnown = attempt > 0 || asked.word !== undefined;
  const earlier = mayBeKnown ? await findOut(acquirer, asked) : undefined;
  return earlier ?? attempted(await ask());
}

/**
 * What came of it, when the acquirer knows the key; or else what an operator says came of it.
 * @throws AcquirerUnavailable when nobody says
 */
export async function findOut(
  acquirer: Acquirer,
  { word, close, ...asked }: Omit<Asking, "attempt">,
): Promise<Answer | undefined> {
  const inquiry = await acquirer.inquire(asked);
  if (inquiry.kind === "found" && inquiry.outcome.kind !== "pending") return inquiry.outcome;
  if (word !== undefined) return believed(word, close);
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

/**
 * The word, once nothing can come after it that it denies; as far as the acquirer acknowledges that.
 * @throws AcquirerUnavailable when it was executed after all: the next inquiry finds it
 */
async function believed(word: Answer, close: Asking["close"]): Promise<Answer> {
  const closed = await close?.();
  if (closed?.kind === "declined") throw new AcquirerUnavailable("it was executed after all");
  return word;
}

/** @throws AcquirerUnavailable for what was certainly not executed */
export function attempted(outcome: AcquirerOutcome): Answer {
  if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
  return outcome;
}
