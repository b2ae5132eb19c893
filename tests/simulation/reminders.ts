import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { storedPayment } from "#adapters/dynamodb/stored.ts";
import type { Book } from "#core/ledger/account.ts";
import { type Check, checkAfterSeconds, checkOf, whatToDo } from "#core/payments/check.ts";
import { dueAt } from "#core/payments/due.ts";
import type { Payment } from "#core/payments/payment.ts";
import { expire } from "#core/payments/steps/expire.ts";
import type { Write } from "./dynamodb/tables.ts";
import { persist } from "./errands.ts";
import { isWallets } from "./wallet.ts";
import type { World } from "./world.ts";

/** A sweep finds what is due a little after it is. */
const sweepMsMax = 60_000;

/**
 * Whoever looks at a payment again: the check that the relay orders for each version that may get stuck, and the sweep
 * that ends what time ends. Both read the payment and decide by what they read.
 */
export class Reminders {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Of whoever acts now: none of them acts for long. */
  get #store(): PaymentStore {
    return new PaymentStore(
      this.#world.dynamoDb,
      { payments: "payments", ledger: "ledger" },
      this.#world.epoch,
    );
  }

  written(writes: readonly Write[]): void {
    for (const { table, after } of writes)
      if (table === "payments" && after["sk"]?.S === "payment") this.#remember(storedPayment(after));
  }

  #remember(payment: Payment): void {
    const { observer, scheduler, customers, delays } = this.#world;
    if (observer.isRestored(payment.id) || isWallets(payment)) return;
    if (payment.state === "requires_action") customers.isAsked(payment);
    const seconds = checkAfterSeconds(payment);
    if (seconds !== undefined) this.look(checkOf(payment), seconds);
    const due = dueAt(payment);
    if (due === undefined) return;
    const inMs = Math.max(0, due - scheduler.now()) + delays.between(0, sweepMsMax);
    scheduler.schedule(inMs, () => this.#sweep(payment, inMs));
  }

  /** In so many seconds, as functions/consumers/check.ts does. */
  look(check: Check & { readonly strays?: boolean }, seconds: number): void {
    const errand = { name: `check of v${check.version}`, subject: check.payment, book: check.book };
    this.#world.scheduler.schedule(seconds * 1_000, () =>
      persist(this.#world, errand, async () => {
        const payment = await this.#read(check.book, check.payment);
        if (payment === undefined) return;
        if (check.strays === true) return this.#world.sagas.recovery.start(payment, { strays: true });
        const todo = whatToDo(payment, check, Date.now());
        if (todo.kind === "recover") await this.#world.sagas.recovery.start(payment);
        if (todo.kind === "later") this.look(check, todo.seconds);
      }),
    );
  }

  #sweep({ book, id }: Payment, waitedMs: number): void {
    const { sagas, scheduler } = this.#world;
    persist(this.#world, { name: "sweep", subject: id, book }, async () => {
      const payment = await this.#read(book, id);
      if (payment === undefined) return;
      const due = dueAt(payment);
      // By a clock that is behind, it is not due yet: the next sweep finds it.
      if (due !== undefined && due > Date.now() && waitedMs > 0)
        scheduler.schedule(due - Date.now() + sweepMsMax, () => this.#sweep(payment, 0));
      const isWaiting = await expire({ payments: this.#store, now: Date.now }, payment, {
        execution: "sweep",
      });
      if (isWaiting) await sagas.payment.start(payment, { step: "resume" });
    });
  }

  #read(book: string, id: string): Promise<Payment | undefined> {
    return this.#store.get(book as Book, id as Payment["id"]);
  }
}
