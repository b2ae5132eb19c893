import { z } from "zod";
import type { ToldDispute } from "#core/disputes/decide.ts";
import { parseDisputeId } from "#core/disputes/ids.ts";
import { attempt, execution, paymentNamed } from "#workflows/records.ts";

/**
 * What the `dispute` saga's states hand to its task and get back. `machine.asl.json` reads `outcome`, `wait`, `attempt`,
 * `looks`, `errand`, `book`, `dispute` and `reason`: renaming one here means renaming it there. What a merchant wrote is in
 * none of them: an execution's history keeps it for 90 days.
 */

const { book } = paymentNamed;
const epochMs = z.int().nonnegative();

/** A dispute as its acquirer tells it, by plain JSON. */
const told = z
  .strictObject({
    ...paymentNamed,
    acquirer: z.string(),
    reference: z.string(),
    amount: z.int().min(1).transform(BigInt),
    currency: z.string().length(3),
    reason: z.string(),
    evidence_due_at: epochMs.optional(),
    at: epochMs,
  })
  .transform(
    ({ evidence_due_at: due, ...rest }): ToldDispute => ({
      ...rest,
      ...(due === undefined ? {} : { evidenceDueAt: due }),
    }),
  );

/** `ToldDispute`, as it goes over the wire. */
export interface ToldRecord {
  readonly book: string;
  readonly payment: string;
  readonly acquirer: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
  readonly evidence_due_at?: number;
  readonly at: number;
}

export const toldRecord = (dispute: ToldDispute): ToldRecord => ({
  book: dispute.book,
  payment: dispute.payment,
  acquirer: dispute.acquirer,
  reference: dispute.reference,
  amount: Number(dispute.amount),
  currency: dispute.currency,
  reason: dispute.reason,
  ...(dispute.evidenceDueAt === undefined ? {} : { evidence_due_at: dispute.evidenceDueAt }),
  at: dispute.at,
});

const disputeId = z.string().transform((text, context) => {
  const id = parseDisputeId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not the id of a dispute" });
  return z.NEVER;
});

/** The input of its task. Looks are counted from 0; `told` comes with the first alone. */
export const disputeInput = z.strictObject({
  book,
  dispute: disputeId,
  told: told.nullable(),
  attempt,
  execution,
});

/** What the task answers with. */
export interface DisputeOutput {
  readonly outcome: "concluded" | "waiting" | "ask_again";
  readonly book: string;
  readonly dispute: string;
  /** How often nothing came of looking since something did. */
  readonly attempt: number;
  readonly reason: string;
  /** Seconds until the next look. */
  readonly wait: number;
}
