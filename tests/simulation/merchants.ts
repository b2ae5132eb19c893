import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Merchant } from "#core/merchants/merchant.ts";
import { amountMax } from "#core/money/money.ts";
import { type PaymentId, paymentIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { createPayments } from "#functions/api/create-payment.ts";
import type { Answer } from "#functions/api/http/answer.ts";
import { Problem } from "#functions/api/http/problem.ts";
import type { ApiRequest } from "#functions/api/http/request.ts";
import { cancelPayments, capturePayments } from "#functions/api/operate-payment.ts";
import { refundPayments } from "#functions/api/refund-payment.ts";
import { acceptDisputes, giveEvidences } from "#functions/api/respond-dispute.ts";
import { apiRequest, merchantVerdict } from "#tests/support/requests.ts";
import type { DisputeWord } from "./denials.ts";
import type { FollowUp, Order } from "./orders.ts";
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

type What = "create" | FollowUp["what"] | DisputeWord["what"];
type Handle = (request: ApiRequest, remainingMs: () => number) => Promise<Answer>;

/** What a merchant is told that asks for what does not apply, or that asks twice. */
const expectedProblems = new Set<string>([
  "idempotency_in_flight",
  "idempotency_key_reused",
  "not_found",
  "wrong_state",
  "operation_in_progress",
  "authorization_expired",
  "invalid_request",
  "too_many_refunds",
  "dispute_wrong_state",
  "evidence_exists",
  "evidence_overdue",
]);

/** The clients of the API, and the API's own processes: each request runs in a fresh one. */
export class Merchants {
  readonly #world: World;
  #requests = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get #store(): PaymentStore {
    return new PaymentStore(this.#world.dynamoDb, { payments: "payments" }, this.#world.epoch);
  }

  /** Of a process that starts now. */
  get #handlers(): Readonly<Record<What, Handle>> {
    const world = this.#world;
    const { sagas, records: idempotency } = world;
    const payments = this.#store;
    const operating = { payments, saga: sagas.payment, idempotency, now: Date.now };
    const responding = {
      disputes: new DisputeStore(world.dynamoDb, { payments: "payments" }, world.epoch),
      saga: sagas.dispute,
      logger: { warn: () => undefined },
      ...{ idempotency, now: Date.now },
    };
    return {
      evidence: giveEvidences(responding),
      accept: acceptDisputes(responding),
      create: createPayments({
        ...operating,
        merchants: { merchant: async (book) => merchantOf(book) },
        cards: world.vault,
        random: (bytes) => new Uint8Array(bytes),
      }),
      capture: capturePayments(operating),
      cancel: cancelPayments(operating),
      refunds: refundPayments({
        ...operating,
        saga: sagas.refund,
        refunds: new RefundStore(world.dynamoDb, { payments: "payments" }, world.epoch),
      }),
    };
  }

  /** Sends the requests of an order, each at its time. */
  place(order: Order): void {
    const { scheduler, vault } = this.#world;
    const method =
      "card" in order.pays
        ? { type: "card", token: vault.keep(order.book, order.pays.card) }
        : { type: "account", account: order.pays.account };
    order.sentAt.forEach((at, index) => {
      const amount = index === order.reused ? anotherAmount : order.amount;
      scheduler.schedule(at, () => this.#send(order, method, amount));
    });
    for (const followUp of order.followUps)
      for (const at of followUp.sentAt) scheduler.schedule(at, () => this.#follow(order, followUp));
  }

  #send(order: Order, method: object, amount: number): void {
    const process = this.#process(order);
    const { currency, capture } = order;
    const by = "card" in order.pays ? `card ${order.pays.card.slice(-4)}` : order.pays.account;
    process.note(`asks for ${amount} ${currency}, ${capture}, ${by}`);
    const body = { amount, currency, method, capture };
    this.#ask(process, "create", requestOf(order, order.key, body), (answer) =>
      this.#answered(process, amount, answer),
    );
  }

  /** Asks for something to be done with the payment, whether or not it is there by now. */
  #follow(order: Order, { key, what, amount }: FollowUp): void {
    const process = this.#process(order);
    process.note(`asks for ${what} of ${amount ?? "all"}`);
    const body = amount === undefined ? {} : { amount };
    const request = requestOf(order, key, body, { id: process.errand.subject });
    this.#ask(process, what, request, (answer) => this.#followed(process, what, amount, answer));
  }

  /** Says something of a dispute of a payment. */
  respond(
    { id: payment, book }: Pick<Payment, "id" | "book">,
    id: string,
    { what, body, key }: DisputeWord & { readonly key: string },
  ): void {
    const process = this.#processFor({ subject: payment, book });
    process.note(`says ${what} of a dispute`);
    const request = requestOf({ book, respondAsync: false }, key, body, { id });
    this.#ask(process, what, request, (answer) => {
      const said = JSON.parse(answer.json) as { id: string; state: string; evidence_given_at: string | null };
      const isSo = what === "accept" ? said.state === "lost" : said.evidence_given_at !== null;
      if (said.id !== id || !isSo)
        this.#world.observer.report("told", payment, `said ${what}, and got ${answer.json}`);
    });
  }

  #ask(process: Process, what: What, request: ApiRequest, onAnswer: (answer: Answer) => void): void {
    const { scheduler, observer } = this.#world;
    const endsAt = scheduler.now() + apiTimeoutMs;
    process.run(() =>
      this.#handlers[what](request, () => endsAt - scheduler.now()).then(
        (answer) => {
          process.note(`is answered ${answer.statusCode}`);
          observer.shown(process.errand.subject, answer.json);
          onAnswer(answer);
        },
        (error: Error) => this.#refused(process, error),
      ),
    );
  }

  /** An operation, or a refund, is what was asked for. */
  #followed(process: Process, what: FollowUp["what"], amount: number | undefined, answer: Answer): void {
    const { observer } = this.#world;
    const { subject } = process.errand;
    const body = JSON.parse(answer.json) as { id: string; payment?: string; amount: number; state: string };
    if ((what === "refunds" ? body.payment : body.id) !== subject)
      observer.report("one_payment", subject, `asked for ${what}, and got ${answer.json}`);
    if (what === "refunds" && amount !== undefined && body.amount !== amount)
      observer.report("one_refund", subject, `asked for ${amount} back, and got ${body.amount}`);
  }

  /** Whatever is answered with success is one payment, as it was stored, and the one that was asked for. */
  #answered(process: Process, amount: number, answer: Answer): void {
    const { observer } = this.#world;
    const { subject } = process.errand;
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
    const process = this.#processFor(errand);
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

  #process({ book, key }: Pick<Order, "book" | "key">): Process {
    return this.#processFor({ subject: paymentIdOf({ book, route, idempotencyKey: key }), book });
  }

  #processFor(errand: Errand): Process {
    const { faults } = this.#world;
    this.#requests += 1;
    const skewMs = faults.strikes("clock_skew") ? faults.of("clock_skew").between(-skewMsMax, skewMsMax) : 0;
    return new Process(this.#world, `request#${this.#requests}`, skewMs, errand, () => undefined);
  }

  #refused(process: Process, error: Error): void {
    process.note(`is refused: ${error instanceof Problem ? error.code : error.name}`);
    if (error instanceof Problem) {
      // Whoever is always late is asked to come again.
      const isLate = error.code === "unavailable" && process.struck.length > 0;
      if (!expectedProblems.has(error.code) && !isLate)
        this.#world.observer.report("unforeseen", process.errand.subject, error.code);
      return;
    }
    // The vault's own failure is this simulation's; the store's keeps its name, and is answered 503.
    if (process.struck.includes("vault_down")) return;
    this.#world.observer.taskFailed(process, error);
  }
}

const route = "POST /v1/payments";

const requestOf = (
  { book, respondAsync }: Pick<Order, "book" | "respondAsync">,
  key: string,
  body: object,
  parameters: Readonly<Record<string, string>> = {},
): ApiRequest =>
  apiRequest({
    parameters,
    headers: {
      "content-type": "application/json",
      "idempotency-key": key,
      ...(respondAsync ? { prefer: "respond-async" } : {}),
    },
    body: JSON.stringify(body),
    verdict: { ...merchantVerdict, merchant: book },
  });
