import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Merchant } from "#core/merchants/merchant.ts";
import { amountMax } from "#core/money/money.ts";
import { type PaymentId, paymentIdOf } from "#core/payments/ids.ts";
import { createPayments } from "#functions/api/create-payment.ts";
import type { Answer } from "#functions/api/http/answer.ts";
import { Problem } from "#functions/api/http/problem.ts";
import { apiRequest, merchantVerdict } from "#tests/support/requests.ts";
import type { Order } from "./orders.ts";
import { type Errand, Process } from "./process.ts";
import type { World } from "./world.ts";

/** As stacks/functions.ts sets it. */
const apiTimeoutMs = 29_000;
const skewMsMax = 5 * 60_000;
const lookMsMax = 60_000;
/** An amount that no order has. */
const anotherAmount = 77;

const fees = { basisPoints: 290, fixed: 30n };
const terms = { fees, paymentMax: amountMax };
const merchantOf = (id: Book): Merchant => ({ id, name: id, terms: { USD: terms, JPY: terms, KWD: terms } });

type CreatePayment = ReturnType<typeof createPayments>;

/** The clients of the API, and the API's own processes: each request runs in a fresh one. */
export class Merchants {
  readonly #world: World;
  readonly #store: PaymentStore;
  readonly #create: CreatePayment;
  #requests = 0;

  constructor(world: World) {
    this.#world = world;
    this.#store = new PaymentStore(world.dynamoDb, { payments: "payments" });
    this.#create = createPayments({
      payments: this.#store,
      merchants: { merchant: async (book) => merchantOf(book) },
      cards: world.vault,
      saga: world.sagas,
      idempotency: world.records,
      now: Date.now,
    });
  }

  /** Sends the requests of an order, each at its time. */
  place(order: Order): void {
    const token = this.#world.vault.keep(order.book, order.card);
    order.sentAt.forEach((at, index) => {
      const amount = index === order.reused ? anotherAmount : order.amount;
      this.#world.scheduler.schedule(at, () => this.#send(order, token, amount));
    });
  }

  #send(order: Order, token: string, amount: number): void {
    const { scheduler } = this.#world;
    const route = "POST /v1/payments";
    const subject = paymentIdOf({ book: order.book, route, idempotencyKey: order.key });
    const process = this.#process({ subject, book: order.book });
    const endsAt = scheduler.now() + apiTimeoutMs;
    process.note(`asks for ${amount} ${order.currency}, ${order.capture}, card ${order.card.slice(-4)}`);
    const request = apiRequest({
      headers: {
        "content-type": "application/json",
        "idempotency-key": order.key,
        ...(order.respondAsync ? { prefer: "respond-async" } : {}),
      },
      body: JSON.stringify({
        amount,
        currency: order.currency,
        method: { type: "card", token },
        capture: order.capture,
      }),
      verdict: { ...merchantVerdict, merchant: order.book },
    });
    process.run(() =>
      this.#create(request, () => endsAt - scheduler.now()).then(
        (answer) => this.#answered(process, amount, answer),
        (error: Error) => this.#refused(process, error),
      ),
    );
  }

  /** Whatever is answered with success is one payment, as it was stored, and the one that was asked for. */
  #answered(process: Process, amount: number, answer: Answer): void {
    const { observer } = this.#world;
    const { subject } = process.errand;
    process.note(`is answered ${answer.statusCode}`);
    observer.shown(subject, answer.json);
    const body = JSON.parse(answer.json) as { id: string; amount: number; state: string; version: number };
    if (body.id !== subject || body.amount !== amount)
      observer.report("one_payment", subject, `asked for ${amount}, and got ${body.amount} as ${body.id}`);
    const expected = body.state === "processing" ? 202 : 201;
    if (answer.statusCode !== expected)
      observer.report("told", subject, `is ${body.state}, and the answer is ${answer.statusCode}`);
    if (body.state !== "processing") return;
    const { scheduler, delays } = this.#world;
    scheduler.schedule(delays.between(0, lookMsMax), () => this.#look(process.errand, body.id as PaymentId));
  }

  /** Who was told 202 looks again: the payment is there, and is what was stored. */
  #look(errand: Errand, id: PaymentId): void {
    const { observer } = this.#world;
    const process = this.#process(errand);
    process
      .run(() => this.#store.get(errand.book as Book, id))
      .then(
        (payment) => {
          process.note(`reads ${payment?.state ?? "nothing"}`);
          if (payment === undefined) observer.report("told", id, "was answered, and is not there");
          else observer.told(payment);
        },
        (error: Error) => observer.taskFailed(process, error),
      );
  }

  #process(errand: Errand): Process {
    const { faults } = this.#world;
    this.#requests += 1;
    const skewMs = faults.strikes("clock_skew") ? faults.of("clock_skew").between(-skewMsMax, skewMsMax) : 0;
    return new Process(this.#world, `request#${this.#requests}`, skewMs, errand, () => undefined);
  }

  #refused(process: Process, error: Error): void {
    process.note(`is refused: ${error instanceof Problem ? error.code : error.name}`);
    if (error instanceof Problem) {
      const isExpected = error.code === "idempotency_in_flight" || error.code === "idempotency_key_reused";
      if (!isExpected) this.#world.observer.report("unforeseen", process.errand.subject, error.code);
      return;
    }
    // The vault's own failure is this simulation's; the store's keeps its name, and is answered 503.
    if (process.struck.includes("vault_down")) return;
    this.#world.observer.taskFailed(process, error);
  }
}
