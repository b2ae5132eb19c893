import { derivedId } from "#core/kernel/derived-id.ts";
import type { Books } from "./books.ts";
import { disputeNotice } from "./notices.ts";
import type { Dispute } from "./records.ts";
import { refundableOf } from "./rules.ts";
import type { Settlements } from "./settlements.ts";

const evidenceMax = 20;
/** How long it takes evidence, unless told otherwise. */
const evidenceMsDefault = 7 * 24 * 60 * 60 * 1_000;
/** Words in evidence that decide, and how; and what it takes to read them. */
const deciding: readonly (readonly [word: string, outcome: "won" | "lost"])[] = [
  ["winning_evidence", "won"],
  ["losing_evidence", "lost"],
];
const readingMs = 2_000;

export interface DisputeOptions {
  readonly acquirer: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly newReference: () => string;
}

/** Customers who deny what was captured. The money is taken back when a dispute opens, and returned when it is won. */
export class Disputes {
  readonly #books: Books;
  readonly #settlements: Settlements;
  readonly #options: DisputeOptions;
  /** No dispute is decided by itself before. Epoch milliseconds, or infinity. */
  #dueAt = 0;

  constructor(books: Books, settlements: Settlements, options: DisputeOptions) {
    this.#books = books;
    this.#settlements = settlements;
    this.#options = options;
  }

  get(id: string): Dispute | undefined {
    return this.#books.get("dispute", id);
  }

  /** No dispute is decided by itself before. Epoch milliseconds, or infinity. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Decides what was to be decided by now: what its evidence says, and what nobody said anything to in time. */
  decideDue(): void {
    const now = this.#options.clock();
    if (now < this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const [id, dispute] of [...this.#books.all("dispute")]) {
      const end = endOf(dispute);
      if (end === undefined) continue;
      if (now >= end.at) this.close(id, end.outcome);
      else this.#dueAt = Math.min(this.#dueAt, end.at);
    }
  }

  /**
   * `amount` in minor units; default: all that was captured and is neither refunded nor disputed. `dueInMs`: how long it takes
   * evidence.
   */
  open(
    reference: string,
    {
      amount,
      reason,
      dueInMs = evidenceMsDefault,
    }: {
      readonly amount: number | undefined;
      readonly reason: string;
      readonly dueInMs?: number | undefined;
    },
  ): { readonly id: string; readonly dispute: Dispute } | "unknown_reference" | "not_disputable" {
    const authorization = this.#books.get("authorization", reference);
    if (authorization === undefined) return "unknown_reference";
    const disputableMax = refundableOf(authorization);
    const disputed = amount ?? disputableMax;
    const { captureKey: key, merchant, currency } = authorization;
    if (key === undefined || disputed < 1 || disputed > disputableMax) return "not_disputable";
    const { acquirer, clock, newReference } = this.#options;
    const id = `dsp_${derivedId([acquirer, newReference()])}`;
    const dueAt = clock() + dueInMs;
    const dispute: Dispute = {
      ...{ key, reference, merchant, amount: disputed, currency, reason, dueAt },
      evidence: [],
    };
    this.#dueAt = Math.min(this.#dueAt, dueAt);
    this.#books.commit(
      ["dispute", id, dispute],
      ["authorization", reference, { ...authorization, disputed: authorization.disputed + disputed }],
      this.#moved("chargeback", id, dispute),
      disputeNotice(acquirer, "opened", id, dispute, clock()),
    );
    return { id, dispute };
  }

  close(id: string, outcome: "won" | "lost"): Dispute | "unknown_dispute" | "not_open" {
    const open = this.get(id);
    if (open === undefined) return "unknown_dispute";
    if (open.outcome !== undefined) return "not_open";
    const { acquirer, clock } = this.#options;
    const dispute: Dispute = { ...open, outcome };
    const { reference, amount } = dispute;
    const authorization = this.#books.get("authorization", reference);
    this.#books.commit(
      ["dispute", id, dispute],
      disputeNotice(acquirer, "closed", id, dispute, clock()),
      ...(outcome === "won" ? [this.#moved("chargeback_reversal", id, dispute)] : []),
      ...(outcome === "won" && authorization !== undefined
        ? [
            [
              "authorization",
              reference,
              { ...authorization, disputed: authorization.disputed - amount },
            ] as const,
          ]
        : []),
    );
    return dispute;
  }

  /** Accepted once for each key, in time. But for a few words, what it says decides nothing here. */
  addEvidence(id: string, key: string, text: string): Dispute | "unknown_dispute" | "not_open" {
    const dispute = this.get(id);
    if (dispute === undefined) return "unknown_dispute";
    const { evidence } = dispute;
    if (evidence.includes(key)) return dispute;
    const now = this.#options.clock();
    const isOpen = dispute.outcome === undefined && now < (dispute.dueAt ?? Number.POSITIVE_INFINITY);
    if (!isOpen || evidence.length >= evidenceMax) return "not_open";
    const outcome = deciding.find(([word]) => text.includes(word))?.[1];
    const verdict = outcome === undefined ? {} : { verdict: { outcome, at: now + readingMs } };
    const supported: Dispute = { ...dispute, evidence: [...evidence, key], ...verdict };
    this.#dueAt = Math.min(this.#dueAt, endOf(supported)?.at ?? Number.POSITIVE_INFINITY);
    this.#books.commit(["dispute", id, supported]);
    return supported;
  }

  #moved(kind: "chargeback" | "chargeback_reversal", id: string, dispute: Dispute) {
    const { key, reference, merchant, amount, currency } = dispute;
    const moved = { kind, key, reference, dispute: id, merchant, amount, currency };
    return this.#settlements.movement(`${id}:${kind}`, moved);
  }
}

/** How and when an open dispute ends by itself. */
function endOf({ outcome, verdict, evidence, dueAt }: Dispute): Dispute["verdict"] {
  if (outcome !== undefined) return undefined;
  if (verdict !== undefined) return verdict;
  return evidence.length === 0 && dueAt !== undefined ? { outcome: "lost", at: dueAt } : undefined;
}
