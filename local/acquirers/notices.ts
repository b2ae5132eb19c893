import type { AcquirerOperation } from "#core/acquiring/outcome.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import type { Dispute, Entry, Operation } from "./records.ts";
import { disputeOf, wireOf } from "./wire.ts";

const subjects: Readonly<Record<AcquirerOperation, string>> = {
  authorize: "authorization",
  capture: "capture",
  void: "void",
  refund: "refund",
  reversal: "reversal",
};

/** What the client is to be told of an operation that was decided at `now`, and for which of its merchants. */
export function noticeEntry(
  acquirer: string,
  { operation, merchant }: { readonly operation: Operation; readonly merchant: string | undefined },
  now: number,
): Entry {
  const said = { ...(merchant !== undefined && { merchant }), ...wireOf(operation) };
  return entryOf(acquirer, `${subjects[operation.operation]}.${operation.result}`, said, now);
}

export const disputeNotice = (
  acquirer: string,
  end: "opened" | "closed",
  id: string,
  dispute: Dispute,
  now: number,
): Entry => {
  const { merchant, key, reference } = dispute;
  return entryOf(
    acquirer,
    `dispute.${end}`,
    { merchant, key, reference, dispute: disputeOf(id, dispute) },
    now,
    id,
  );
};

/** The same news has the same id, however often it is told. */
function entryOf(
  acquirer: string,
  type: string,
  said: Readonly<Record<string, unknown>>,
  now: number,
  subject = String(said["key"]),
): Entry {
  const id = `ntf_${derivedId([acquirer, type, subject])}`;
  const body = { id, created_at: new Date(now).toISOString(), type, ...said };
  return ["notice", id, { type, body }];
}
