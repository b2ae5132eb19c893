import { derivedId } from "#core/kernel/derived-id.ts";
import type { Books } from "./books.ts";
import { disputeNotice } from "./notices.ts";
import type { Dispute } from "./records.ts";
import { refundableOf } from "./rules.ts";
import type { Settlements } from "./settlements.ts";

const evidenceMax = 20;

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

  constructor(books: Books, settlements: Settlements, options: DisputeOptions) {
    this.#books = books;
    this.#settlements = settlements;
    this.#options = options;
  }

  get(id: string): Dispute | undefined {
    return this.#books.get("dispute", id);
  }

  /** `amount` in minor units; default: all that was captured and is neither refunded nor disputed. */
  open(
    reference: string,
    { amount, reason }: { readonly amount: number | undefined; readonly reason: string },
  ): { readonly id: string; readonly dispute: Dispute } | "unknown_reference" | "not_disputable" {
    const authorization = this.#books.get("authorization", reference);
    if (authorization === undefined) return "unknown_reference";
    const disputableMax = refundableOf(authorization);
    const disputed = amount ?? disputableMax;
    const { captureKey: key, merchant, currency } = authorization;
    if (key === undefined || disputed < 1 || disputed > disputableMax) return "not_disputable";
    const { acquirer, clock, newReference } = this.#options;
    const id = `dsp_${derivedId([acquirer, newReference()])}`;
    const dispute: Dispute = { key, reference, merchant, amount: disputed, currency, reason, evidence: [] };
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

  /** Accepted once for each key. What it says decides nothing here. */
  addEvidence(id: string, key: string): Dispute | "unknown_dispute" | "not_open" {
    const dispute = this.get(id);
    if (dispute === undefined) return "unknown_dispute";
    const { evidence } = dispute;
    if (evidence.includes(key)) return dispute;
    if (dispute.outcome !== undefined || evidence.length >= evidenceMax) return "not_open";
    const supported: Dispute = { ...dispute, evidence: [...evidence, key] };
    this.#books.commit(["dispute", id, supported]);
    return supported;
  }

  #moved(kind: "chargeback" | "chargeback_reversal", id: string, dispute: Dispute) {
    const { key, reference, merchant, amount, currency } = dispute;
    const moved = { kind, key, reference, dispute: id, merchant, amount, currency };
    return this.#settlements.movement(`${id}:${kind}`, moved);
  }
}
