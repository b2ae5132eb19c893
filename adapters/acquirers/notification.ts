import { z } from "zod";
import type { AcquirerDispute, AcquirerNotification } from "#core/acquiring/notification.ts";
import type { AcquirerOperation } from "#core/acquiring/outcome.ts";
import { parseJson, readResult } from "./answer.ts";

/** Where the signature stands; `checkSignature` reads it. HTTP APIs hand header names over in lower case. */
export const signatureHeaderName = "acquirer-signature";

const text = z.string().min(1).max(255);
const envelope = z.object({
  id: text,
  created_at: z.iso.datetime({ offset: true }),
  type: z.string(),
  merchant: text.optional(),
  key: text,
  reference: text,
});

const operations: ReadonlyMap<string, AcquirerOperation> = new Map([
  ["authorization", "authorize"],
  ["capture", "capture"],
  ["void", "void"],
  ["refund", "refund"],
  ["reversal", "reversal"],
]);

const dispute = z.object({
  id: text,
  amount: z.int().min(1).max(1_000_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/),
  reason: text,
  evidence_due_at: z.iso.datetime({ offset: true }).optional(),
  outcome: z.enum(["won", "lost"]).optional(),
});

/**
 * Reads the body of a notification whose signature was found authentic.
 * @returns undefined when it says nothing that is known here. No retry helps.
 */
export function parseNotification(rawBody: string): AcquirerNotification | undefined {
  const body = parseJson(rawBody);
  const { data } = envelope.safeParse(body);
  if (data === undefined) return undefined;
  const { id, key, reference, merchant } = data;
  const createdAt = Date.parse(data.created_at);
  const told = { id, createdAt, key, reference, ...(merchant === undefined ? {} : { merchant }) };
  const [subject = "", end, ...more] = data.type.split(".");
  if (end === undefined || more.length > 0) return undefined;
  if (subject === "dispute") {
    const opened = disputeOf(body, end);
    return opened && { ...told, about: "dispute", dispute: opened };
  }
  const operation = operations.get(subject);
  const outcome = operation && readResult(body, operation === "authorize")?.outcome;
  // Its name and what it says have to agree; and nobody is told that nothing is decided yet.
  if (operation === undefined || outcome?.kind !== end || outcome.kind === "pending") return undefined;
  return { ...told, about: "operation", operation, outcome };
}

function disputeOf(body: unknown, end: string): AcquirerDispute | undefined {
  const { data } = z.object({ dispute }).safeParse(body);
  if (data === undefined) return undefined;
  const { outcome, amount, evidence_due_at: due, ...rest } = data.dispute;
  const isWhole = end === "opened" ? outcome === undefined : end === "closed" && outcome !== undefined;
  if (!isWhole) return undefined;
  const evidenceDueAt = due === undefined ? {} : { evidenceDueAt: Date.parse(due) };
  return { ...rest, amount: BigInt(amount), state: outcome ?? "open", ...evidenceDueAt };
}
