import { z } from "zod";
import type { Dispute } from "../disputes/dispute.ts";
import { disputeView } from "../disputes/view.ts";
import { absurd, InvariantViolation, invariant } from "../kernel/invariant.ts";
import { eventId, fixedEventId } from "./event-id.ts";

/** What a change of a dispute is called. One change, one version, one event. */
export const disputeEventTypes = [
  "dispute.opened",
  "dispute.evidence_given",
  "dispute.evidence_submitted",
  "dispute.won",
  "dispute.lost",
  "dispute.redacted",
] as const;
export type DisputeEventType = (typeof disputeEventTypes)[number];

export const isDisputeEventType = (type: unknown): type is DisputeEventType =>
  disputeEventTypes.some((known) => known === type);

/** Raised when a member changes its meaning or goes; members may be added under the same number. */
const schemaVersion = 1;

const amount = z.int().nonnegative();

const disputeData = z
  .object({
    id: z.string().startsWith("dsp_"),
    object: z.literal("dispute"),
    payment: z.string().startsWith("pay_"),
    amount,
    currency: z.string().length(3),
    fee: amount,
    state: z.string(),
    reason: z.string(),
    acquirer: z.string(),
    version: z.int().positive(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .loose();

/** An event of a dispute. `data` is the dispute as it then was, without what the merchant wrote: that is nowhere told. */
export const disputeEvent = z.object({
  schema: z.literal(schemaVersion),
  id: eventId,
  type: z.enum(disputeEventTypes),
  /** The dispute's version: 1, 2, 3 … without a gap. */
  sequence: z.int().positive(),
  created_at: z.iso.datetime(),
  book: z.string().startsWith("mer_"),
  data: disputeData,
});
export type DisputeEvent = z.output<typeof disputeEvent>;

/** The event of one committed change: the dispute before it, undefined for a new one, and after. */
export function disputeEventOf(before: Dispute | undefined, after: Dispute): DisputeEvent {
  invariant(after.version === (before?.version ?? 0) + 1, `${after.id} changes version by version`);
  return {
    schema: schemaVersion,
    id: fixedEventId(after.id, after.version, after.updatedAt),
    type: typeOf(before, after),
    sequence: after.version,
    created_at: new Date(after.updatedAt).toISOString(),
    book: after.book,
    data: { ...disputeView(after), object: "dispute" },
  };
}

function typeOf(before: Dispute | undefined, after: Dispute): DisputeEventType {
  if (before === undefined) return "dispute.opened";
  if (before.state === after.state)
    return before.evidence === undefined ? "dispute.evidence_given" : "dispute.redacted";
  switch (after.state) {
    case "under_review":
      return "dispute.evidence_submitted";
    case "won":
    case "lost":
      return `dispute.${after.state}`;
    case "needs_response":
      throw new InvariantViolation(`${after.id} went back to its beginning`);
    default:
      return absurd(after);
  }
}
