import { createHmac } from "node:crypto";
import type { DeclineCode } from "#core/acquiring/declines.ts";
import { type Act, behaviourOf, type CardBehaviour } from "./cards.ts";
import type { AuthorizationBody } from "./protocol.ts";

/** Operations, and authorizations, that an acquirer remembers. Beyond that the oldest is forgotten: about 60 MB. */
const rememberedMax = 100_000;
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
  /** Keys the digests that requests are compared by: no card number can be guessed from this process's memory. */
  readonly digestKey: Uint8Array;
  readonly rememberedMax?: number;
}

interface Authorization {
  readonly state: "open" | "captured" | "voided";
  readonly amount: number;
  readonly expiresAt: number;
  readonly card: CardBehaviour;
}

interface Remembered {
  readonly operation: Operation;
  readonly digest: string;
  readonly answer: Act["answer"];
}

type Verdict = Pick<Operation, "result" | "declineCode" | "expiresAt">;

const refused: Verdict = { result: "declined", declineCode: "operation_refused" };

/** The books of one sandbox acquirer: synchronous, in memory, gone when its process ends. */
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
  }

  /** Milliseconds between the arrival of this request and the moment to `execute` it. */
  thinksMs(request: OperationRequest): number {
    return this.#actOf(request).thinksMs;
  }

  /** Executes the request, or replays what its key already did. */
  execute(request: OperationRequest): Reply {
    const digest = this.#digestOf(request);
    const known = this.#operations.get(request.key);
    if (known !== undefined) {
      return known.digest === digest ? replyOf(known, true) : { kind: "key_reused" };
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
    const remembered: Remembered = { operation, digest, answer };
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
    const card = behaviourOf(body.card.number);
    this.#authorizations.set(reference, { state: "open", amount: body.amount, expiresAt, card });
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
        return this.#authorizations.get(request.reference)?.card.capture ?? plain;
      case "void":
        return plain;
    }
  }

  #digestOf(request: OperationRequest): string {
    const { key: _, ...rest } = request;
    return createHmac("sha256", this.#options.digestKey).update(JSON.stringify(rest)).digest("base64");
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
