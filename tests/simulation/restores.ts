import { storedPayment } from "#tests/support/stored.ts";
import type { Write } from "./dynamodb/tables.ts";
import type { World } from "./world.ts";

const restoreMsMax = 1_500;

/**
 * The payments table comes back without the last write of one payment, as from a backup or a replica that lags: the
 * journal is then ahead of the payment. What must still hold is that nothing in the journal is written twice.
 */
export function restoreLater(world: World, writes: readonly Write[]): void {
  const { faults, scheduler, observer, tables, trace } = world;
  const write = writes.find(({ table, after }) => table === "payments" && after["sk"]?.S === "payment");
  if (writes.length < 2 || write?.before === undefined || !faults.strikes("store_restored")) return;
  const { before } = write;
  const payment = storedPayment(before);
  observer.restored(payment.id);
  scheduler.schedule(faults.of("store_restored").between(0, restoreMsMax), () => {
    tables.place("payments", before);
    trace.note(payment.id, "payments", `restored to ${payment.state} v${payment.version}`);
  });
}
