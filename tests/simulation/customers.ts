import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Payment } from "#core/payments/payment.ts";
import { runErrand } from "./errands.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

const answers = ["approved", "approved", "approved", "declined", undefined] as const;
const answerMsMax = 120_000;
/** After the sandbox decides by itself, or the customer has acted. */
const notifyMsMax = 5_000;
const notices = [0, 1, 1, 1, 2] as const;
/** How often a customer opens the link by which it comes back: also before it has acted. */
const returns = [0, 0, 1, 2] as const;

/**
 * Customers that an issuer wants to see, who come back or do not, and the notifications of their acquirers: those may be
 * lost, or come twice.
 */
export class Customers {
  readonly #world: World;
  readonly #random: Random;
  readonly #returns: Random;
  readonly #asked = new Set<string>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed, "customers");
    this.#returns = new Random(seed, "returns");
  }

  /** Of whoever acts now: none of them acts for long. */
  get #store(): PaymentStore {
    return new PaymentStore(this.#world.dynamoDb, { payments: "payments" }, this.#world.epoch);
  }

  /** The customer acts some time later, or never does. */
  isAsked(payment: Extract<Payment, { state: "requires_action" }>): void {
    if (this.#asked.has(payment.id)) return;
    this.#asked.add(payment.id);
    const { scheduler, network, trace } = this.#world;
    const random = this.#random;
    const decision = random.pick(answers);
    const { acquirer, acquirerReference: reference } = payment;
    for (let left = this.#returns.pick(returns); left > 0; left -= 1)
      scheduler.schedule(this.#returns.between(0, answerMsMax), () => this.#goOn("return", payment));
    scheduler.schedule(random.between(0, answerMsMax), () => {
      if (decision === undefined) return;
      trace.note(payment.id, "customer", decision);
      network.complete(acquirer, reference, decision);
      for (let told = random.pick(notices); told > 0; told -= 1)
        scheduler.schedule(random.between(0, notifyMsMax), () => this.#goOn("notification", payment));
    });
  }

  /** As functions/api/acquirers.ts takes a notification, and functions/api/return-customer.ts a customer. */
  #goOn(
    name: "notification" | "return",
    { book, id, acquirer }: Extract<Payment, { state: "requires_action" }>,
  ): void {
    runErrand(this.#world, { name, subject: id, book }, async () => {
      const found = await this.#store.get(book, id);
      if (found?.state !== "requires_action" || found.acquirer !== acquirer) return;
      await this.#world.sagas.payment.start(found, { step: "resume" });
    });
  }
}
