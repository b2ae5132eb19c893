/** What a function said about the items of its batch. */
export type BatchVerdict =
  | { readonly kind: "all_done" }
  /** Also when the answer cannot be understood: AWS takes it for a failure of the whole batch. */
  | { readonly kind: "all_failed" }
  /** Identifiers of the batch, each once. */
  | { readonly kind: "some_failed"; readonly identifiers: ReadonlySet<string> };

/**
 * Reads the answer of a function that reports the failures of items.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * `payload`: JSON text. `known`: identifiers of the batch.
 */
export function batchVerdictOf(payload: string, known: ReadonlySet<string>): BatchVerdict {
  const answer = parsed(payload);
  if (answer === null) return { kind: "all_done" };
  if (typeof answer !== "object") return { kind: "all_failed" };
  const { batchItemFailures: failures } = answer as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return { kind: "all_done" };
  if (!Array.isArray(failures)) return { kind: "all_failed" };
  if (failures.length === 0) return { kind: "all_done" };
  const identifiers = new Set<string>();
  for (const failure of failures) {
    const identifier = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof identifier !== "string" || !known.has(identifier)) return { kind: "all_failed" };
    identifiers.add(identifier);
  }
  return { kind: "some_failed", identifiers };
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
