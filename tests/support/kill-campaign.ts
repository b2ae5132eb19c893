import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoints } from "#local/endpoints.ts";
import { type ApiAnswer, ApiClient, type Card } from "./api-client.ts";
import { orphansOf, SystemProcess } from "./system-process.ts";

/** Each has five environments of functions to itself, which start with its first payment. */
const concurrency = 4;
/** One kill in so many hits the start, before the system is ready. */
const killsPerStartKill = 5;
/** A kill comes after so many answers and then so many milliseconds, or so many milliseconds after a start. */
const answersMax = 24;
const afterAnswerMsMax = 30;
const startMsMax = 2_500;
/** For so many answers on a busy machine, from the first of them on. */
const loadMsMax = 5_000;
/** An environment that died in a kill holds its key for its function's timeout, 29 s: until then it is a 409. */
const lockMsMax = 40_000;
const retryMs = 100;

/** Of ten payments: seven approved, one each declined, refused at capture, and unknown at the acquirer. */
const cards: readonly Card[] = [
  ...Array.from({ length: 7 }, () => ({ number: "4242424242424242" })),
  { number: "4000000000000002" },
  { number: "4000000000005068" },
  { number: "4000000000005027" },
];

/** One payment request as its client sees it, from the first try to the last. */
export interface Request {
  readonly key: string;
  readonly amount: number;
  readonly card: Card;
  /** Every answer that arrived, in order. */
  readonly answers: ApiAnswer[];
}

/** Its client is done with it: anything else is sent again, under the same key. */
const isAnswered = ({ answers }: Request): boolean => [201, 202].includes(answers.at(-1)?.statusCode ?? 0);

/** A client that pays at concurrency four, and a system that is killed under it at moments that a seed decides. */
export class KillCampaign {
  readonly #state: string;
  readonly #random: () => number;
  readonly #seed: number;
  readonly requests: Request[] = [];
  #running: SystemProcess | undefined;
  #tokens: ReadonlyMap<Card, string> | undefined;

  constructor(state: string, seed: number) {
    this.#state = state;
    this.#seed = seed;
    this.#random = randomFrom(seed);
  }

  /** @returns what outlived each kill. */
  async kill(times: number): Promise<readonly string[]> {
    const orphans: string[] = [];
    for (let kill = 1; kill <= times; kill += 1) {
      this.#running = new SystemProcess(this.#state);
      if (kill % killsPerStartKill === 0) await sleep(this.#random() * startMsMax);
      else await this.#payUntilKilled(this.#running, await this.#running.ready());
      await this.#running.kill();
      // The last kill is told apart from the start that follows, which may not wait for it.
      if (kill === times) orphans.push(...(await orphansOf(this.#state)));
    }
    return orphans;
  }

  /** Starts once more, and sends again what has no answer, until everything has one. */
  async finish(): Promise<Endpoints> {
    this.#running = new SystemProcess(this.#state);
    const endpoints = await this.#running.ready();
    const deadline = performance.now() + lockMsMax;
    const client = await ApiClient.signIn(endpoints, endpoints.merchants.demo);
    while (this.#open().length > 0 && performance.now() < deadline) {
      await Promise.all(this.#open().map((request) => this.#send(client, request)));
      if (this.#open().length > 0) await sleep(retryMs);
    }
    return endpoints;
  }

  /** Ends whatever runs. */
  async end(): Promise<void> {
    await this.#running?.stop();
  }

  #open(): readonly Request[] {
    return this.requests.filter((request) => !isAnswered(request));
  }

  async #payUntilKilled(system: SystemProcess, endpoints: Endpoints): Promise<void> {
    const client = await ApiClient.signIn(endpoints, endpoints.merchants.demo);
    // Tokens are as good after a kill as before.
    this.#tokens ??= await tokensOf(client);
    const abandoned = this.#open().values();
    let left = Math.ceil(this.#random() * answersMax);
    let alive = true;
    const [first, enough] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const worker = async (): Promise<void> => {
      while (alive) {
        const retried = abandoned.next();
        await this.#send(client, retried.done ? this.#newRequest() : retried.value);
        left -= 1;
        first.resolve();
        if (left === 0) enough.resolve();
      }
    };
    const workers = Array.from({ length: concurrency }, worker);
    await first.promise;
    await Promise.race([enough.promise, sleep(loadMsMax, undefined, { ref: false })]);
    await sleep(this.#random() * afterAnswerMsMax);
    alive = false;
    await system.kill();
    await Promise.all(workers);
  }

  #newRequest(): Request {
    const n = this.requests.length;
    const card = cards[Math.floor(this.#random() * cards.length)] ?? { number: "" };
    const request = { key: `kill-${this.#seed}-${n}`, amount: 1_00 + n, card, answers: [] };
    this.requests.push(request);
    return request;
  }

  async #send(client: ApiClient, { key, amount, card, answers }: Request): Promise<void> {
    const method = { type: "card", token: this.#tokens?.get(card) };
    try {
      answers.push(await client.pay({ amount, method }, { "idempotency-key": key }));
    } catch {
      // The connection broke: the client knows nothing, and will ask again.
    }
  }
}

async function tokensOf(client: ApiClient): Promise<ReadonlyMap<Card, string>> {
  const tokens = new Map<Card, string>();
  const byNumber = new Map<string, string>();
  for (const card of cards) {
    const token = byNumber.get(card.number) ?? (await client.tokenize(card)).body.id;
    byNumber.set(card.number, token);
    tokens.set(card, token);
  }
  return tokens;
}

/** Mulberry32: the same numbers in [0, 1) for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
