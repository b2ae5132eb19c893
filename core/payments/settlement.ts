import { err, ok, type Result } from "../kernel/result.ts";
import { entryRecord } from "../ledger/journal.ts";
import { refusedIn } from "./begin.ts";
import type { PaymentRefusal } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { authorizationOf, type Payment } from "./payment.ts";
import type { Change } from "./ports.ts";
import { pendingShareOf, type Recorder, settlementEntry } from "./postings.ts";

/**
 * Settles a payment that its acquirer has paid out, and makes what is left of it the merchant's own. What goes on with it
 * ends first: whether a refund takes back what is pending or what is available was decided when it began.
 */
export function settlementOf(payment: Payment, recorder: Recorder): Result<Change, PaymentRefusal> {
  const refusal = refusedIn(payment, ["captured"]);
  if (refusal !== undefined) return err(refusal);
  const authorization = authorizationOf(payment);
  // A wallet has paid at once, and no acquirer owes anything.
  if (authorization === undefined) return err({ code: "wrong_state", state: payment.state });
  const after = evolve(
    payment,
    { type: "settled", authorization, released: pendingShareOf(payment) },
    recorder.now,
  );
  const entry = settlementEntry(after, recorder);
  return ok({ before: payment, after, ...(entry !== undefined && { journal: entryRecord(entry) }) });
}
