import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Api, type ApiReply, explain } from "../api.ts";
import type { Connection } from "../connection.ts";
import { NoAnswer, Refusal, Unreachable } from "../refusal.ts";
import type { AccountLine, PaymentLine, Step, TopUpLine } from "./day.ts";

const payment = z.object({
  id: z.string(),
  state: z.string(),
  amount: z.number(),
  amount_captured: z.number(),
  next_action: z.object({ redirect_url: z.url() }).nullish(),
});
export type PaymentView = z.output<typeof payment>;

/**
 * How long after a 409, a 429 or a 5xx (which says nothing of what was done) the same request is sent again, under the
 * same key: doubled each time. A request that a slow machine
 * did not answer is under way for as long as the API waits for it, so the patience is twice that.
 */
const retryMsMin = 400;
const retryMsMax = 3_200;
const patienceMsMax = 60_000;
/** How long a request waits for a system that is gone to be there again: a start takes some seconds. */
export const awayMsMax = 120_000;
export const awayPollMs = 500;
const busyStatusCodes = new Set([409, 429, 500, 502, 503, 504]);
/** A 409 that another try cannot change. */
const isFinal = (code: string): boolean =>
  code === "wrong_state" || code === "not_replayable" || code.startsWith("exists_with_different_");

/** What came of one request, and how long its caller waited. */
export interface Sent {
  readonly reply: ApiReply;
  readonly durationMs: number;
}

/** A merchant's server: tokenizes cards, pays, captures, refunds, and tries again as the API asks it to. */
export class Merchant {
  readonly #api: Api;
  readonly #onAway: (why: string) => void;
  /** One token per card: customers come back. */
  readonly #tokens = new Map<string, Promise<string>>();

  /** @param onAway is told when nothing answers any more, before the merchant waits for it. */
  constructor(connection: Connection, onAway: (why: string) => void = () => undefined) {
    this.#api = new Api(connection);
    this.#onAway = onAway;
  }

  /** Opens an account, or finds it as it is. */
  async openAccount({ account: id, merchant: _merchant, ...rest }: AccountLine): Promise<void> {
    await this.#succeed("POST", "/v1/ledger/accounts", { id, ...rest }, `open-${id}`);
  }

  async topUp({ top_up: account, from, amount, currency }: TopUpLine): Promise<void> {
    const legs = [
      { account: from, side: "debit", amount },
      { account, side: "credit", amount },
    ];
    const id = `top-up-${account}-${currency.toLowerCase()}`;
    await this.#succeed("POST", "/v1/ledger/entries", { id, state: "posted", legs }, id);
  }

  /** Tokenizes a card ahead of its first payment. */
  async know(card: string): Promise<void> {
    await this.#tokenFor(card);
  }

  async pay(line: PaymentLine): Promise<Sent> {
    const method =
      line.wallet === undefined
        ? { type: "card", token: await this.#tokenFor(line.card ?? "") }
        : { type: "account", account: line.wallet };
    const { amount, currency, key } = line;
    const body = { amount, currency, method, reference: key, ...(line.capture && { capture: line.capture }) };
    return this.#timed("/v1/payments", body, key);
  }

  /** Captures, cancels or refunds. `n` tells the steps of one payment apart. */
  step(paymentId: string, step: Step, key: string, n: number): Promise<Sent> {
    const path = { capture: "capture", cancel: "cancel", refund: "refunds" }[step.do];
    const body = "amount" in step && step.amount !== undefined ? { amount: step.amount } : {};
    return this.#timed(`/v1/payments/${paymentId}/${path}`, body, `${key}-${step.do}-${n}`);
  }

  async find(paymentId: string): Promise<PaymentView> {
    return payment.parse(await this.#succeed("GET", `/v1/payments/${paymentId}`));
  }

  #tokenFor(number: string): Promise<string> {
    const known = this.#tokens.get(number);
    if (known !== undefined) return known;
    const cvc = number.startsWith("3") ? "1234" : "123";
    const card = { number, exp_month: 12, exp_year: 2040, cvc };
    // The same day, sent again, has the same tokens: its payments are the same requests.
    const key = `card-${number.slice(0, 4)}-${number.slice(-4)}`;
    const made = this.#succeed("POST", "/v1/card-tokens", card, key).then(
      (body) => z.object({ id: z.string() }).parse(body).id,
    );
    this.#tokens.set(number, made);
    return made;
  }

  async #succeed(method: "GET" | "POST", path: string, body?: unknown, key?: string): Promise<unknown> {
    const reply = await this.#patiently(method, path, body, key);
    if (reply.statusCode < 300) return reply.body;
    throw new Refusal(`${method} ${path}: ${explain(reply)}`);
  }

  async #timed(path: string, body: unknown, key: string): Promise<Sent> {
    const startedMs = performance.now();
    const reply = await this.#patiently("POST", path, body, key);
    return { reply, durationMs: performance.now() - startedMs };
  }

  /** Sends it again, under the same key, while the API is gone or busy, or says nothing in time. */
  async #patiently(method: "GET" | "POST", path: string, body?: unknown, key?: string): Promise<ApiReply> {
    const startedMs = performance.now();
    const deadlineMs = startedMs + patienceMsMax;
    for (let waitMs = retryMsMin; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
      const isLast = performance.now() >= deadlineMs;
      const headers = key === undefined ? {} : { "idempotency-key": key };
      const reply = await this.#api.send(method, path, body, headers).catch((thrown: unknown) => {
        if (thrown instanceof NoAnswer && !isLast) return "no_answer" as const;
        if (thrown instanceof Unreachable && performance.now() < startedMs + awayMsMax) {
          this.#onAway(thrown.message);
          return "away" as const;
        }
        throw thrown;
      });
      if (reply === "away") await sleep(awayPollMs);
      if (typeof reply === "string") continue;
      const code = z.object({ code: z.string() }).safeParse(reply.body).data?.code ?? "";
      const isBusy = busyStatusCodes.has(reply.statusCode) && !isFinal(code);
      if (!isBusy || isLast) return reply;
      await sleep(waitMs);
    }
  }
}

/** The payment in an answer; undefined in a refusal. */
export const paymentIn = ({ body }: ApiReply): PaymentView | undefined => payment.safeParse(body).data;
