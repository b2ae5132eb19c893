import { createHash, createHmac } from "node:crypto";
import { Books, type Memory, rememberedMax } from "./books.ts";
import { BoundedMap } from "./bounded-map.ts";
import { approves, behaviourOf } from "./cards.ts";
import { Disputes } from "./disputes.ts";
import { noticeEntry } from "./notices.ts";
import type { AuthorizationBody } from "./protocol.ts";
import type { Act, Authorization, Entry, Notice, Operation, Remembered } from "./records.ts";
import {
  type Decided,
  decideAuthorization,
  decideCapture,
  decidePending,
  decideRefund,
  decideReversal,
  decideVoid,
} from "./rules.ts";
import { Settlements } from "./settlements.ts";

export type { Operation } from "./records.ts";

export type OperationRequest =
  | { readonly operation: "authorize"; readonly key: string; readonly body: AuthorizationBody }
  | FollowUp<"capture">
  | FollowUp<"refund">
  | { readonly operation: "void"; readonly key: string; readonly reference: string }
  | { readonly operation: "reversal"; readonly key: string; readonly keyOfOperation: string };

interface FollowUp<Name> {
  readonly operation: Name;
  readonly key: string;
  readonly reference: string;
  readonly amount: number;
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
  /** Notices tell of every operation, not only of those whose answer said `pending`. */
  readonly tellsAll?: boolean;
  /** What it takes of each capture, in basis points. Default 0. */
  readonly costBp?: number;
}

/** One sandbox acquirer: synchronous, and in memory but for what its `memory` keeps. */
export class SandboxAcquirer {
  readonly name: string;
  readonly settlements: Settlements;
  readonly disputes: Disputes;
  readonly #options: AcquirerOptions;
  readonly #books: Books;
  /** Keyed digests of cards, by operation key. Never written down: after a restart they are not compared. */
  readonly #cards: BoundedMap<string>;
  /** References of authorizations that wait for a decision. */
  readonly #pending = new Set<string>();
  /** No pending authorization is due before. Epoch milliseconds. */
  #dueAt = 0;

  constructor(options: AcquirerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#books = new Books(options.memory, options.rememberedMax);
    this.#cards = new BoundedMap(options.rememberedMax ?? rememberedMax);
    const { name: acquirer, clock, newReference, costBp = 0 } = options;
    this.settlements = new Settlements(this.#books, { acquirer, clock, costBp });
    this.disputes = new Disputes(this.#books, this.settlements, { acquirer, clock, newReference });
    for (const [reference, { state }] of this.#books.all("authorization"))
      if (state === "pending") this.#pending.add(reference);
  }

  /** Milliseconds between the arrival of this request and the moment to `execute` it. */
  thinksMs(request: OperationRequest): number {
    return this.#actOf(request).thinksMs;
  }

  /** Executes the request, or replays what its key already did. */
  execute(request: OperationRequest): Reply {
    this.decideDue();
    const { digest, card } = this.#digestsOf(request);
    const known = this.#books.get("operation", request.key);
    if (known !== undefined) {
      const knownCard = this.#cards.get(request.key) ?? card;
      return known.digest === digest && knownCard === card ? replyOf(known, true) : { kind: "key_reused" };
    }
    const isClosed = this.#books.get("closure", request.key) !== undefined;
    const act = isClosed ? approves : this.#actOf(request);
    if (!isClosed && request.operation === "authorize") {
      const { notAcceptedBy } = behaviourOf(request.body.card.number);
      if (notAcceptedBy === this.name) return { kind: "not_accepted" };
    }
    if (act.decides === "nothing") return { kind: "silence" };
    const decided = isClosed ? closed : this.#decide(request, act);
    if (card !== undefined) this.#cards.set(request.key, card);
    return replyOf(this.#conclude(request, decided, { digest, answer: act.answer }), false);
  }

  /** @returns undefined when nothing is known under the key: which proves nothing, the request may still arrive. */
  inquire(key: string): Operation | undefined {
    this.decideDue();
    return this.#books.get("operation", key)?.operation;
  }

  /** Nothing is to be decided before, unless a request comes. Epoch milliseconds, or infinity. */
  get dueAt(): number {
    return Math.min(this.#dueAt, this.disputes.dueAt);
  }

  /** Epoch milliseconds, by its own clock. */
  now(): number {
    return this.#options.clock();
  }

  /** Decides whatever was to be decided by now. Any request does so first; call it when it is due, so that it is told. */
  decideDue(): void {
    this.disputes.decideDue();
    const now = this.#options.clock();
    if (now < this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const reference of this.#pending) {
      const authorization = this.#books.get("authorization", reference);
      if (authorization?.state !== "pending") this.#pending.delete(reference);
      else if (now >= authorization.expiresAt)
        this.#decidePending(reference, authorization, authorization.otherwise ?? "declined", now);
      else this.#dueAt = Math.min(this.#dueAt, authorization.expiresAt);
    }
  }

  /** What a customer who has to act sees of an authorization. */
  authorizationOf(reference: string): Authorization | undefined {
    this.decideDue();
    return this.#authorization(reference);
  }

  /** The customer approves or refuses what waits for nobody else. */
  complete(
    reference: string,
    decision: "approved" | "declined",
  ): "completed" | "not_pending" | "unknown_reference" {
    const authorization = this.authorizationOf(reference);
    if (authorization === undefined) return "unknown_reference";
    if (authorization.state !== "pending" || authorization.otherwise !== "declined") return "not_pending";
    this.#decidePending(reference, authorization, decision, this.#options.clock());
    return "completed";
  }

  /** What the client is to be told, oldest first. */
  notices(): IterableIterator<[id: string, Notice]> {
    return this.#books.all("notice");
  }

  /** The client has heard it, or will not hear it any more. */
  told(id: string): void {
    this.#books.commit(["notice", id, null]);
  }

  counts(): { readonly operations: number; readonly authorizations: number } {
    return { operations: this.#books.count("operation"), authorizations: this.#books.count("authorization") };
  }

  #decide(request: OperationRequest, act: Act): Decided {
    const now = this.#options.clock();
    switch (request.operation) {
      case "authorize":
        return decideAuthorization(request.key, request.body, act, now);
      case "capture":
        return decideCapture(this.#authorization(request.reference), request, now);
      case "void":
        return decideVoid(this.#authorization(request.reference), now);
      case "refund":
        return decideRefund(this.#authorization(request.reference), request.amount);
      case "reversal": {
        const target = this.#books.get("operation", request.keyOfOperation)?.operation;
        return decideReversal(target, target && this.#authorization(target.reference));
      }
    }
  }

  /** Writes down what was decided, with all that follows from it. */
  #conclude(
    request: OperationRequest,
    { verdict, authorization }: Decided,
    { digest, answer }: Pick<Remembered, "digest" | "answer">,
  ): Remembered {
    const { key, operation: name } = request;
    const target =
      request.operation === "reversal" ? this.#books.get("operation", request.keyOfOperation) : undefined;
    const reference =
      "reference" in request
        ? request.reference
        : (target?.operation.reference ?? this.#options.newReference());
    const operation: Operation = { key, operation: name, reference, ...verdict };
    // A refusal by rule, not by the card, is answered whatever the card withholds.
    const remembered: Remembered = {
      operation,
      digest,
      answer: verdict.result === "approved" ? answer : "sent",
    };
    const line: Entry[] = [["operation", key, remembered]];
    if (authorization !== undefined) line.push(["authorization", reference, authorization]);
    if ((request.operation === "capture" || request.operation === "refund") && authorization !== undefined)
      line.push(this.#moved(request, authorization));
    if (request.operation === "reversal" && verdict.result === "approved")
      line.push(this.#undone(request.keyOfOperation, key, target));
    if (this.#options.tellsAll === true && verdict.result !== "pending")
      line.push(this.#notice(operation, authorization));
    this.#books.commit(...line);
    if (authorization?.state === "pending") this.#await(reference, authorization);
    return remembered;
  }

  #moved(
    { operation: kind, key, reference, amount }: FollowUp<"capture" | "refund">,
    { merchant, currency }: Authorization,
  ): Entry {
    return this.settlements.movement(key, { kind, key, reference, merchant, amount, currency });
  }

  /** Whoever asks for the key from now on, or sends its request late, hears that nothing is held under it. */
  #undone(key: string, reversal: string, target: Remembered | undefined): Entry {
    if (target === undefined) return ["closure", key, { reversal }];
    const { reference, operation, declineCode = "operation_refused" } = target.operation;
    const undone = { key, operation, reference, result: "declined", declineCode } as const;
    return ["operation", key, { ...target, operation: undone, answer: "sent" }];
  }

  #decidePending(
    reference: string,
    pending: Authorization,
    decision: "approved" | "declined",
    now: number,
  ): void {
    const { verdict, authorization = pending } = decidePending(pending, decision, now);
    const { key } = pending;
    const remembered = this.#books.get("operation", key);
    const operation: Operation = { key, operation: "authorize", reference, ...verdict };
    this.#pending.delete(reference);
    this.#books.commit(
      ["authorization", reference, authorization],
      this.#notice(operation, authorization),
      ...(remembered === undefined ? [] : [["operation", key, { ...remembered, operation }] as const]),
    );
  }

  #await(reference: string, { expiresAt }: Authorization): void {
    this.#pending.add(reference);
    this.#dueAt = Math.min(this.#dueAt, expiresAt);
  }

  #notice(operation: Operation, authorization = this.#authorization(operation.reference)): Entry {
    const now = this.#options.clock();
    return noticeEntry(this.name, { operation, merchant: authorization?.merchant }, now);
  }

  #authorization(reference: string): Authorization | undefined {
    return this.#books.get("authorization", reference);
  }

  #actOf(request: OperationRequest): Act {
    switch (request.operation) {
      case "authorize":
        return behaviourOf(request.body.card.number).authorize;
      case "capture":
      case "refund":
        return this.#authorization(request.reference)?.[request.operation] ?? approves;
      case "void":
      case "reversal":
        return approves;
    }
  }

  #digestsOf(request: OperationRequest): { readonly digest: string; readonly card: string | undefined } {
    const { key: _, ...rest } = request;
    const digestOf = (value: unknown): string =>
      createHash("sha256").update(JSON.stringify(value)).digest("base64");
    if (rest.operation !== "authorize") return { digest: digestOf(rest), card: undefined };
    const { card, ...body } = rest.body;
    const keyed = createHmac("sha256", this.#options.digestKey).update(JSON.stringify(card));
    return { digest: digestOf({ ...rest, body }), card: keyed.digest("base64") };
  }
}

/** What a request is told that comes after its reversal. */
const closed: Decided = { verdict: { result: "declined", declineCode: "operation_refused" } };

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
