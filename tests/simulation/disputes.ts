import { parseNotification } from "#adapters/acquirers/notification.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { storedPayment } from "#adapters/dynamodb/stored.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { authorizationOf, type Payment } from "#core/payments/payment.ts";
import { hearDispute } from "#functions/api/hear-dispute.ts";
import type { SandboxAcquirer } from "#local/acquirers/acquirer.ts";
import { type Denial, type DisputeWord, disputeIn, drawDenial } from "./denials.ts";
import type { Write } from "./dynamodb/tables.ts";
import { persist } from "./errands.ts";
import { Random } from "./random.ts";
import { isWallets } from "./wallet.ts";
import type { World } from "./world.ts";

/** How an acquirer's dispute stands there, and what it told of it that was taken. */
export interface Denied {
  readonly acquirer: string;
  readonly reference: string;
  readonly payment: Payment;
  readonly denial: Denial;
  /** Notices that were acknowledged: from the first on it must be known here. */
  told: number;
  /** A person was given one that does not go with how it ended here. */
  isWithPerson: boolean;
}

const activeShare = 0.35;
const deniedShare = 0.7;
const secondShare = 0.25;
const deskMs = 20;

/**
 * Customers who deny what was captured, at their acquirers, which take the money back, tell of it, and decide in the end; and
 * merchants that say something, or nothing. Notices come twice, late, in any order, or never.
 */
export class Disputes {
  readonly #world: World;
  readonly #random: Random;
  readonly #isActive: boolean;
  readonly #areAllDenied: boolean;
  readonly #seen = new Set<string>();
  readonly #denied = new Map<string, Denied>();
  /** Notices that are on their way, or were never sent. */
  readonly #sent = new Set<string>();

  constructor(world: World, seed: number, areAllDenied: boolean) {
    this.#world = world;
    this.#random = new Random(seed, "disputes");
    this.#isActive = this.#random.chance(activeShare) || areAllDenied;
    this.#areAllDenied = areAllDenied;
  }

  /** All that were opened at an acquirer, by their ids here. */
  get all(): ReadonlyMap<string, Denied> {
    return this.#denied;
  }

  written(writes: readonly Write[]): void {
    if (!this.#isActive) return;
    for (const { table, before, after } of writes) {
      if (table !== "payments") continue;
      if (after["sk"]?.S === "payment") this.#deny(storedPayment(after));
      if (after["sk"]?.S === "dispute" && before === undefined) this.#answer(after["pk"]?.S ?? "");
    }
  }

  /** An acquirer may have decided what was to be decided by now: it tells, and is looked at again when the next is due. */
  decided(acquirer: SandboxAcquirer): void {
    for (const [id, { type, body }] of acquirer.notices()) {
      if (!type.startsWith("dispute.") || this.#sent.has(id)) continue;
      this.#sent.add(id);
      this.#tell(acquirer, id, JSON.stringify(body));
    }
    this.#watch(acquirer);
  }

  /** Once for each payment, when its money has been taken. */
  #deny(payment: Payment): void {
    const { observer, scheduler } = this.#world;
    const authorization = authorizationOf(payment);
    if (payment.state !== "captured" || authorization === undefined || this.#seen.has(payment.id)) return;
    if (payment.method.type !== "card" || isWallets(payment) || observer.isRestored(payment.id)) return;
    this.#seen.add(payment.id);
    if (!this.#random.chance(deniedShare) && !this.#areAllDenied) return;
    const count = this.#random.chance(secondShare) ? 2 : 1;
    for (let n = 0; n < count; n += 1) {
      const denial = drawDenial(this.#random, payment.captured);
      scheduler.schedule(denial.openedInMs, () =>
        this.#open(payment, authorization.acquirer, authorization.reference, denial),
      );
    }
  }

  #open(payment: Payment, name: string, of: string, denial: Denial): void {
    const { network, scheduler, trace } = this.#world;
    const acquirer = network.acquirer(name);
    const opened = acquirer.disputes.open(of, {
      amount: denial.amount,
      reason: "fraudulent",
      dueInMs: denial.dueInMs,
    });
    // All of it was given back meanwhile, or the acquirer knows of nothing that was taken.
    if (typeof opened === "string") {
      trace.note(payment.id, name, `opens no dispute: ${opened}`);
      return;
    }
    trace.note(payment.id, name, `opens a dispute of ${opened.dispute.amount}`);
    this.#denied.set(disputeIdOf(name, opened.id), {
      ...{ acquirer: name, reference: opened.id, payment, denial, told: 0, isWithPerson: false },
    });
    const { at, outcome } = denial.verdict;
    scheduler.schedule(at, () => {
      if (acquirer.disputes.close(opened.id, outcome) === "not_open") return;
      trace.note(payment.id, name, `decides that it is ${outcome}`);
      this.decided(acquirer);
    });
    this.decided(acquirer);
  }

  #watch(acquirer: SandboxAcquirer): void {
    const { scheduler } = this.#world;
    const { dueAt } = acquirer.disputes;
    if (!Number.isFinite(dueAt)) return;
    // By its own clock, which is not ours.
    scheduler.schedule(Math.max(0, dueAt - acquirer.now()) + deskMs, () => {
      if (acquirer.disputes.dueAt !== dueAt) return;
      acquirer.decideDue();
      this.decided(acquirer);
    });
  }

  #tell(acquirer: SandboxAcquirer, id: string, rawBody: string): void {
    const { dispute, type } = disputeIn(rawBody);
    const denied = this.#denied.get(disputeIdOf(acquirer.name, dispute.id));
    if (denied === undefined) return;
    const delays = type === "dispute.opened" ? denied.denial.openedToldInMs : denied.denial.closedToldInMs;
    for (const ms of delays)
      this.#world.scheduler.schedule(ms, () => this.#deliver(acquirer.name, denied, rawBody));
    acquirer.told(id);
  }

  /** As functions/api/acquirers.ts takes a notification whose signature is authentic, told again until it is acknowledged. */
  #deliver(acquirer: string, denied: Denied, rawBody: string): void {
    const world = this.#world;
    const { id: subject, book } = denied.payment;
    persist(world, { name: "notification", subject, book }, async () => {
      const { dynamoDb, epoch, sagas, observer } = world;
      const notification = parseNotification(rawBody);
      if (notification?.about !== "dispute") throw new Error(`${rawBody} is read as nothing`);
      const heard = await hearDispute(
        {
          payments: new PaymentStore(dynamoDb, { payments: "payments" }, epoch),
          disputes: new DisputeStore(dynamoDb, { payments: "payments" }, epoch),
          saga: sagas.dispute,
          now: Date.now,
        },
        acquirer,
        notification,
      );
      if (heard !== "unfit") denied.told += 1;
      else if (notification.dispute.state === "won") denied.isWithPerson = true;
      else if (!observer.isRestored(subject))
        observer.report("unforeseen", subject, `a notification is unfit: ${rawBody}`);
    });
  }

  /** Its merchant learns of it, and does what it does. */
  #answer(pk: string): void {
    const [, id = ""] = pk.split("#");
    const denied = this.#denied.get(id);
    if (denied === undefined) return;
    const { merchants, scheduler } = this.#world;
    denied.denial.words.forEach((word: DisputeWord, index) => {
      for (const ms of word.saidInMs)
        scheduler.schedule(ms, () =>
          merchants.respond(denied.payment, id, { ...word, key: `${id}-${word.what}-${index}` }),
        );
    });
  }
}
