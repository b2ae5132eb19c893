import { decode, storedPayment } from "#adapters/dynamodb/stored.ts";
import type { Write } from "./dynamodb/tables.ts";
import type { World } from "./world.ts";

const restoreMsMax = 1_500;

/**
 * The payments table comes back without the last write of one payment, or of one dispute, as from a backup or a replica that
 * lags: the journal is then ahead of it. What must still hold is that nothing in the journal is written twice.
 */
export function restoreLater(world: World, writes: readonly Write[]): void {
  const { faults, scheduler, observer, tables, trace } = world;
  const write = writes.find(({ table, after }) => table === "payments" && isRestorable(after["sk"]?.S));
  if (write === undefined || writes.length < 2 || !isStep(write) || !faults.strikes("store_restored")) return;
  const { before, after } = write;
  const { payment, stood } = stoodAs(write);
  observer.restored(payment);
  scheduler.schedule(faults.of("store_restored").between(0, restoreMsMax), () => {
    if (before === undefined) tables.remove("payments", after);
    else tables.place("payments", before);
    trace.note(payment, "payments", `restored to ${stood}`);
  });
}

const isRestorable = (sk: string | undefined): boolean => sk === "payment" || sk === "dispute";

/** A payment begins without the journal; a dispute with it. */
const isStep = ({ before, after }: Write): boolean => before !== undefined || after["sk"]?.S === "dispute";

/** Whose payment it is, and how the item stood before the write. */
function stoodAs({ before, after }: Write): { readonly payment: string; readonly stood: string } {
  const written = decode(after);
  const was = before === undefined ? undefined : decode(before);
  if (written.kind === "dispute") {
    const { id, payment } = written.dispute;
    const to = was?.kind === "dispute" ? `${was.dispute.state} v${was.dispute.version}` : "nothing";
    return { payment, stood: `${id} of ${to}` };
  }
  const { id, state, version } = storedPayment(before ?? after);
  return { payment: id, stood: `${state} v${version}` };
}
