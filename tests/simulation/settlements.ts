import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { SettlementStore } from "#adapters/dynamodb/settlement-store.ts";
import { storedPayment } from "#adapters/dynamodb/stored.ts";
import type { Payment } from "#core/payments/payment.ts";
import { settlementOf } from "#core/payments/settlement.ts";
import type { Write } from "./dynamodb/tables.ts";
import { persist } from "./errands.ts";
import { Random } from "./random.ts";
import { isWallets } from "./wallet.ts";
import type { World } from "./world.ts";

const activeShare = 0.4;
/** A file comes with what was captured moments ago, or a day ago. */
const settledSpansMs = [1_000, 1_000, 20_000, 24 * 3_600_000] as const;
/** Rounds that find a payment: two may overlap, where a lease has run out. */
const roundsOf = [1, 1, 2, 3] as const;
const overlapMsMax = 3_000;

/** Acquirers' payments: as reconciler/settling.ts, without the books that tell it which payments were paid out. */
export class Settlements {
  readonly #world: World;
  readonly #random: Random;
  readonly #isActive: boolean;
  readonly #seen = new Set<string>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed, "settlements");
    this.#isActive = this.#random.chance(activeShare);
  }

  written(writes: readonly Write[]): void {
    if (!this.#isActive) return;
    for (const { table, after } of writes)
      if (table === "payments" && after["sk"]?.S === "payment") this.#payOut(storedPayment(after));
  }

  #payOut(payment: Payment): void {
    const isTheirs = payment.state === "captured" && payment.method.type === "card" && !isWallets(payment);
    if (!isTheirs || this.#seen.has(payment.id)) return;
    this.#seen.add(payment.id);
    const at = this.#random.between(0, this.#random.pick(settledSpansMs));
    for (let round = this.#random.pick(roundsOf); round > 0; round -= 1)
      this.#world.scheduler.schedule(at + this.#random.between(0, overlapMsMax), () => this.#settle(payment));
  }

  /** What goes on with the payment ends first: a later round would find it. */
  #settle({ id, book }: Payment): void {
    const world = this.#world;
    const tables = { payments: "payments", ledger: "ledger" };
    persist(world, { name: "reconciler", subject: id, book }, async () => {
      const { dynamoDb, epoch, observer } = world;
      const payment = await new PaymentStore(dynamoDb, tables, epoch).get(book, id);
      if (payment === undefined) return;
      const settlement = settlementOf(payment, { now: Date.now(), execution: "reconciler" });
      if (!settlement.ok) return;
      try {
        await new SettlementStore(dynamoDb, tables, epoch).settle([settlement.value]);
      } catch (error) {
        // The journal is ahead of what came back without its last write, and a person sees that.
        if (!observer.isRestored(id)) throw error;
      }
    });
  }
}
