import { entryRecord } from "../../ledger/journal.ts";
import { openDispute, type ToldDispute } from "../decide.ts";
import { disputeIdOf } from "../ids.ts";
import type { DisputePorts } from "../ports.ts";
import { chargebackEntry } from "../postings.ts";

/** What an acquirer told is no dispute that the books can take. A person has to see what it is. */
export class DisputeNotOpened extends Error {
  override readonly name = "DisputeNotOpened";
}

/**
 * Writes a dispute down together with its chargeback, unless it is there: what was told twice, or its end before its
 * beginning, opens it once.
 * @throws DisputeNotOpened for what cannot be posted.
 */
export async function open(
  { disputes, payments, now }: Pick<DisputePorts, "disputes" | "payments" | "now">,
  told: ToldDispute,
  { execution }: { readonly execution: string },
): Promise<void> {
  const id = disputeIdOf(told.acquirer, told.reference);
  if ((await disputes.get(told.book, id)) !== undefined) return;
  const payment = await payments.get(told.book, told.payment);
  if (payment === undefined) throw new DisputeNotOpened(`${id} is of ${told.payment}, which is not there`);
  const at = now();
  const opened = openDispute(payment, told, at);
  if (!opened.ok) throw new DisputeNotOpened(`${id} of ${payment.id}: ${opened.error}`);
  const entry = chargebackEntry(opened.value, { now: at, execution });
  if (!entry.ok) throw new DisputeNotOpened(`${id} of ${payment.id}: ${entry.error}`);
  const committed = await disputes.commitDispute({ after: opened.value, journal: entryRecord(entry.value) });
  if (committed.kind === "refused")
    throw new DisputeNotOpened(`${id} of ${payment.id}: ${committed.refusal}`);
}
