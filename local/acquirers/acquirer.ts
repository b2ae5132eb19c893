import { createHash, createHmac } from "node:crypto";
import type { DeclineCode } from "#core/acquiring/declines.ts";
import { type Act, behaviourOf } from "./cards.ts";
import type { AuthorizationBody } from "./protocol.ts";

/** Operations, and authorizations, that an acquirer remembers. Beyond that the oldest is forgotten: about 60 MB. */
export const rememberedMax = 100_000;
/** How long an authorization can be captured. */
const authorizationMsMax = 7 * 24 * 60 * 60 * 1_000;

export type OperationRequest =
  | { readonly operation: "authorize"; readonly key: string; readonly body: AuthorizationBody }
  | {
      readonly operation: "capture";
      readonly key: string;
      readonly reference: string;
      readonly amount: number;
    }
  | { readonly operation: "void"; readonly key: string; readonly reference: string };

/** What happened under one key. It holds no card data. */
export interface Operation {
  readonly key: string;
  readonly operation: OperationRequest["operation"];
  /** The authorization that it made or acted on. */
  readonly reference: string;
  readonly result: "approved" | "declined";
  readonly declineCode?: DeclineCode;
  /** Epoch milliseconds; approved authorizations only. */
  readonly expiresAt?: number;
}

/** What the server does next. Only `answer` says what happened. */
export type Reply =
  | { readonly kind: "answer"; readonly operation: Operation; readonly replayed: boolean }
  | { readonly kind: "silence" }
  | { readonly kind: "server_error" }
  | { readonly kind: "not_accepted" }
  | { readonly kind: "key_reused" };

export interface AcquirerOptions {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** A new reference on each call, unique across restarts. */
  readonly newReference: () => string;
  /** Keys the digests that cards are compared by: no card number can be guessed from this process's memory. */
  readonly digestKey: Uint8Array;
  readonly rememberedMax?: number;
  /** What outlives the process. Without one, all is forgotten with it. */
  readonly memory?: Memory;
}

/** Where an acquirer writes down what it did. */
export interface Memory {
  /** Everything that was kept, oldest first. */
  recall(): readonly Memorandum[];
  /** Returns once the entry survives the end of this process. */
  keep(entry: Memorandum): void;
}

/** One operation as it is written down, with what became of its authorization. It says nothing about the card's number. */
export interface Memorandum {
  readonly operation: Operation;
  /** Of the request, without the card. */
  readonly digest: string;
  readonly answer: Act["answer"];
  readonly authorization?: Authorization;
}

export interface Authorization {
  readonly state: "open" | "captured" | "voided";
  readonly amount: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** What a capture of this card does. */
  readonly capture: Act;
}

interface Remembered extends Omit<Memorandum, "authorization"> {
  /** Keyed digest of the card. Never written down, so undefined when the process was another one. */
  readonly card: string | undefined;
}

type Verdict = Pick<Operation, "result" | "declineCode" | "expiresAt">;

const refused: Verdict = { result: "declined", declineCode: "operation_refused" };

/** The books of one sandbox acquirer: synchronous, and in memory but for what its `memory` keeps. */
export class SandboxAcquirer {
  readonly name: string;
  readonly #options: AcquirerOptions;
  readonly #operations: BoundedMap<Remembered>;
  readonly #authorizations: BoundedMap<Authorization>;

  constructor(options: AcquirerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#operations = new BoundedMap(options.rememberedMax ?? rememberedMax);
    this.#authorizations = new BoundedMap(options.rememberedMax ?? rememberedMax);
    for (const { authorization, ...rest } of options.memory?.recall() ?? []) {
      this.#operations.set(rest.operation.key, { ...rest, card: undefined });
      if (authorization !== undefined) this.#authorizations.set(rest.operation.reference, authorization);
    }
  }

  /** Milliseconds between the arrival of this request and the moment to `execute` it. */
  thinksMs(request: OperationRequest): number {
    return this.#actOf(request).thinksMs;
  }

  /** Executes the request, or replays what its key already did. */
  execute(request: OperationRequest): Reply {
    const { digest, card } = this.#digestsOf(request);
    const known = this.#operations.get(request.key);
    if (known !== undefined) {
      const same = known.digest === digest && (known.card === undefined || known.card === card);
      return same ? replyOf(known, true) : { kind: "key_reused" };
    }
    if (request.operation === "authorize") {
      const { notAcceptedBy } = behaviourOf(request.body.card.number);
      if (notAcceptedBy === this.name) return { kind: "not_accepted" };
    }
    const act = this.#actOf(request);
    if (act.decides === "nothing") return { kind: "silence" };
    const operation = this.#perform(request, act);
    // A refusal by rule, not by the card, is answered whatever the card withholds.
    const answer = operation.result === "approved" ? act.answer : "sent";
    const authorization = this.#authorizations.get(operation.reference);
    // Before it is answered: an acquirer that forgets what it said would do it again.
    this.#options.memory?.keep({ operation, digest, answer, ...(authorization && { authorization }) });
    const remembered: Remembered = { operation, digest, answer, card };
    this.#operations.set(request.key, remembered);
    return replyOf(remembered, false);
  }

  /** @returns undefined when nothing is known under the key: which proves nothing, the request may still arrive. */
  inquire(key: string): Operation | undefined {
    return this.#operations.get(key)?.operation;
  }

  counts(): { readonly operations: number; readonly authorizations: number } {
    return { operations: this.#operations.size, authorizations: this.#authorizations.size };
  }

  #perform(request: OperationRequest, act: Act): Operation {
    const { key, operation } = request;
    if (request.operation === "authorize") {
      const reference = this.#options.newReference();
      return { key, operation, reference, ...this.#authorize(request.body, reference, act) };
    }
    const { reference } = request;
    return { key, operation, reference, ...this.#followUp(request, act) };
  }

  #authorize(body: AuthorizationBody, reference: string, act: Act): Verdict {
    const now = this.#options.clock();
    // A card is good through the last day of its month.
    if (now >= Date.UTC(body.card.exp_year, body.card.exp_month)) {
      return { result: "declined", declineCode: "expired_card" };
    }
    const verdict = verdictOf(act);
    if (verdict.result === "declined") return verdict;
    const expiresAt = now + authorizationMsMax;
    const { capture } = behaviourOf(body.card.number);
    this.#authorizations.set(reference, { state: "open", amount: body.amount, expiresAt, capture });
    return { ...verdict, expiresAt };
  }

  #followUp(request: Exclude<OperationRequest, { operation: "authorize" }>, act: Act): Verdict {
    const authorization = this.#authorizations.get(request.reference);
    if (authorization?.state !== "open" || this.#options.clock() >= authorization.expiresAt) return refused;
    if (request.operation === "capture" && request.amount > authorization.amount) return refused;
    const verdict = verdictOf(act);
    if (verdict.result === "approved") {
      const state = request.operation === "capture" ? "captured" : "voided";
      this.#authorizations.set(request.reference, { ...authorization, state });
    }
    return verdict;
  }

  #actOf(request: OperationRequest): Act {
    switch (request.operation) {
      case "authorize":
        return behaviourOf(request.body.card.number).authorize;
      case "capture":
        return this.#authorizations.get(request.reference)?.capture ?? plain;
      case "void":
        return plain;
    }
  }

  #digestsOf(request: OperationRequest): Pick<Remembered, "digest" | "card"> {
    const { key: _, ...rest } = request;
    const digestOf = (value: unknown): string =>
      createHash("sha256").update(JSON.stringify(value)).digest("base64");
    if (rest.operation !== "authorize") return { digest: digestOf(rest), card: undefined };
    const { card, ...body } = rest.body;
    const keyed = createHmac("sha256", this.#options.digestKey).update(JSON.stringify(card));
    return { digest: digestOf({ ...rest, body }), card: keyed.digest("base64") };
  }
}

const plain: Act = { decides: "approved", answer: "sent", thinksMs: 0 };

const verdictOf = (act: Act): Verdict =>
  typeof act.decides === "object"
    ? { result: "declined", declineCode: act.decides.declined }
    : { result: "approved" };

function replyOf(remembered: Remembered, replayed: boolean): Reply {
  switch (remembered.answer) {
    case "sent":
      return { kind: "answer", operation: remembered.operation, replayed };
    // A replay meets the same fate: only an inquiry tells.
    case "withheld":
      return { kind: "silence" };
    case "server_error":
      return { kind: "server_error" };
  }
}

/** Forgets the entry that was added first when it is full. */
class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#sizeMax) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
